"""Encrypted file store: each file has a random name and is encrypted with its patient's data key."""

from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from models.crypto.keys import DataKey, is_encrypted
from models.files.store import FileStore


class Content(StrEnum):
    """The kind of a file. Part of its associated data, so that one kind cannot replace another."""

    ORIGINAL = "original"
    PICTURE = "picture"
    HEAT_MAP = "heat map"
    REPORT = "report"
    COPY = "copy"  # of the report, for the mail
    VOICE = "voice"  # a patient's voice note


class Vault:
    """Stores bytes under a UUID. A file whose name was returned is durable; partial files never get a name.

    Files are encrypted before the store gets them. Every method may block, and raises OSError where the store fails."""

    def __init__(self, store: FileStore) -> None:
        self.store = store

    def put(self, data: bytes, data_key: DataKey, content: Content) -> str:
        """Encrypt and store `data`; returns the new file's name. Raises OSError (disk full), leaving no file."""
        name = str(uuid4())
        self.store.write(name, data_key.encrypt(data, _aad(name, content)), new=True)
        return name

    def put_picture(self, original: bytes, display: bytes, data_key: DataKey) -> tuple[str, str]:
        """Store a picture as sent and as shown, both or neither. Raises like `put`."""
        stored = self.put(original, data_key, Content.ORIGINAL)
        try:
            return stored, self.put(display, data_key, Content.PICTURE)
        except OSError:
            self.delete(stored)
            raise

    def get(self, name: str, data_key: DataKey, content: Content) -> bytes:
        """The decrypted content. Raises InvalidTag for a modified file or another name, kind or key."""
        return data_key.decrypt(self.store.read(name), _aad(name, content))

    def encrypt_in_place(self, name: str, data_key: DataKey, content: Content) -> None:
        """Encrypt a plaintext file of an earlier version. Idempotent."""
        data = self.store.read(name)
        if not is_encrypted(data):
            self.store.write(name, data_key.encrypt(data, _aad(name, content)))

    def has(self, name: str) -> bool:
        """Whether the file exists."""
        return self.store.has(name)

    def size(self, name: str) -> int:
        """Size as stored in bytes (ciphertext)."""
        return self.store.size(name)

    def delete(self, name: str) -> None:
        """Delete the file and what an interrupted write left of it. Idempotent."""
        self.store.delete(name)

    def names_before(self, before: datetime) -> set[str]:
        """Names of files last written before this moment, partial ones included."""
        return self.store.names_before(before)


def _aad(name: str, content: Content) -> str:
    return f"vault|{name}|{content}"
