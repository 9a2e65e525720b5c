"""Files of the clinic on disk, each under a random name that says nothing, sealed with its patient's key."""

import os
import re
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from models.crypto.keys import Secret, is_sealed

NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Content(StrEnum):
    """What a file is; sealed into it, so that none can stand in for another."""

    ORIGINAL = "original"
    PICTURE = "picture"
    HEAT_MAP = "heat map"
    REPORT = "report"
    COPY = "copy"  # of the report, for the mail


class Vault:
    """Keeps bytes under a UUID. What `put` returned survives a power cut; half a file never has a name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, secret: Secret, content: Content) -> str:
        """Seal, store and return the new file's id. `OSError` (a full disk) leaves nothing behind."""
        name = str(uuid4())
        self._write(name, secret.seal(data, _place(name, content)))
        return name

    def get(self, name: str, secret: Secret, content: Content) -> bytes:
        """Raises InvalidTag for a file that was changed, or that is another's."""
        return secret.open(self._path(name).read_bytes(), _place(name, content))

    def seal(self, name: str, secret: Secret, content: Content) -> None:
        """Seal a file that lies open, from before there were keys; safe to repeat."""
        data = self._path(name).read_bytes()
        if not is_sealed(data):
            self._write(name, secret.seal(data, _place(name, content)))

    def _write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        try:
            with os.fdopen(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise

    def has(self, name: str) -> bool:
        return self._path(name).exists()

    def size(self, name: str) -> int:
        """In bytes, sealed."""
        return self._path(name).stat().st_size

    def drop(self, name: str) -> None:
        path = self._path(name)
        path.unlink(missing_ok=True)
        path.with_suffix(".partial").unlink(missing_ok=True)

    def names(self, before: datetime) -> set[str]:
        """Files written before this moment, half-written ones too."""
        old = (path for path in self.root.glob("??/*") if path.stat().st_mtime < before.timestamp())
        return {path.stem for path in old if NAME.fullmatch(path.stem)}

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError("not a name of this vault")
        return self.root / name[:2] / name


def _place(name: str, content: Content) -> str:
    return f"vault|{name}|{content}"
