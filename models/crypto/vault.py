"""Encrypted file store: each file has a random name and is encrypted with its patient's data key."""

import re
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from models.crypto.atomic import write_atomic
from models.crypto.keys import DataKey, is_encrypted

NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Content(StrEnum):
    """The kind of a file. Part of its associated data, so that one kind cannot replace another."""

    ORIGINAL = "original"
    PICTURE = "picture"
    HEAT_MAP = "heat map"
    REPORT = "report"
    COPY = "copy"  # of the report, for the mail
    VOICE = "voice"  # a patient's voice note


class Vault:
    """Stores bytes under a UUID. A file whose name was returned is durable; partial files never get a name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, data_key: DataKey, content: Content) -> str:
        """Encrypt and store `data`; returns the new file's name. Raises OSError (disk full), leaving no file."""
        name = str(uuid4())
        self._write(name, data_key.encrypt(data, _aad(name, content)))
        return name

    def get(self, name: str, data_key: DataKey, content: Content) -> bytes:
        """The decrypted content. Raises InvalidTag for a modified file or another name, kind or key."""
        return data_key.decrypt(self._path(name).read_bytes(), _aad(name, content))

    def encrypt_in_place(self, name: str, data_key: DataKey, content: Content) -> None:
        """Encrypt a plaintext file of an earlier version. Idempotent."""
        data = self._path(name).read_bytes()
        if not is_encrypted(data):
            self._write(name, data_key.encrypt(data, _aad(name, content)))

    def _write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, data)

    def has(self, name: str) -> bool:
        """Whether the file exists."""
        return self._path(name).exists()

    def size(self, name: str) -> int:
        """Size on disk in bytes (ciphertext)."""
        return self._path(name).stat().st_size

    def delete(self, name: str) -> None:
        """Delete the file and what an interrupted write left of it. Idempotent."""
        path = self._path(name)
        for file in (path, *path.parent.glob(f"{name}.*partial")):
            file.unlink(missing_ok=True)

    def names_before(self, before: datetime) -> set[str]:
        """Names of files last written before this moment, partial ones included."""
        old = (path for path in self.root.glob("??/*") if path.stat().st_mtime < before.timestamp())
        return {name for path in old if NAME.fullmatch(name := path.name.partition(".")[0])}

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError("not a vault file name")
        return self.root / name[:2] / name


def _aad(name: str, content: Content) -> str:
    return f"vault|{name}|{content}"
