"""Copies every file from one store to another, as ciphertext."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Final

from models.crypto.keys import is_encrypted
from models.files.store import FileStore, StoredFile

PARALLEL: Final = 8  # files at once, of 20 MB at most
LOT: Final = 500  # files handed to the threads at a time


class NotEncrypted(Exception):
    """A file of a version before files were encrypted."""


class NotCopied(Exception):
    """The target gave back other bytes than it was given."""


def copy_files(source: FileStore, target: FileStore) -> Iterator[bool]:
    """Copy what the target lacks, or holds with other content, and read each file back. Yields whether each was new.

    May be interrupted and repeated; nothing is removed. Raises OSError, NotEncrypted, NotCopied."""
    files = source.files()
    with ThreadPoolExecutor(PARALLEL) as pool:
        while lot := [*islice(files, LOT)]:
            yield from pool.map(partial(_copy, source, target), lot)


def _copy(source: FileStore, target: FileStore, file: StoredFile) -> bool:
    try:
        data = source.read(file.name)
    except FileNotFoundError:  # deleted meanwhile
        return False
    if not is_encrypted(data):
        raise NotEncrypted
    if _holds(target, file.name, data):
        return False
    target.write(file.name, data)
    if not _holds(target, file.name, data):
        raise NotCopied
    return True


def _holds(store: FileStore, name: str, data: bytes) -> bool:
    try:
        return store.size(name) == len(data) and store.read(name) == data
    except FileNotFoundError:
        return False
