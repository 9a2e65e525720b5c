"""The interface of a file store, and its errors."""

import errno
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple, Protocol

NAME: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Unavailable(OSError):
    """The service of the files does not answer, or refuses; the text says which, and holds no address and no key."""

    def __init__(self, sentence: str) -> None:
        super().__init__(errno.EIO, sentence)


class StoredFile(NamedTuple):
    """A file's name and its size in bytes, as stored."""

    name: str
    size: int


class FileStore(Protocol):
    """Stores bytes under UUIDs. A file is complete or absent, and durable once `write` has returned.

    Every method may block. Raises ValueError for another name, FileNotFoundError for a missing file, else OSError: a
    full disk, or a service that is away (Unavailable)."""

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, data: bytes, *, new: bool = False) -> None:
        """Store a file in place of the one of this name; with `new` there is none. A failure leaves no part of it."""

    def size(self, name: str) -> int: ...

    def has(self, name: str) -> bool: ...

    def delete(self, name: str) -> None:
        """Delete the file and what an interrupted write left of it. Idempotent."""

    def files(self) -> Iterator[StoredFile]:
        """Every whole file, by name. One that is deleted meanwhile may be left out."""

    def claim(self, mark: bytes) -> bool:
        """Whether the files are those of the installation with this mark; the first to ask becomes their owner."""

    def names_before(self, before: datetime) -> set[str]:
        """Names of files last written before this moment, partial ones included."""


def place(name: str) -> str:
    """Where the file lies: `0f/0f…`. Raises ValueError for what is no name of a file."""
    if not NAME.fullmatch(name):
        raise ValueError("not a vault file name")
    return f"{name[:2]}/{name}"
