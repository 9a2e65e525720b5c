"""Make a backup while the bot runs: database, keys, anchors, and the vault files that are new."""

import base64
import errno
import io
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from bot.backup import database
from bot.backup.errors import BackupError
from bot.backup.repository import (
    FILES,
    MANIFEST,
    STAMP,
    UNENCRYPTED,
    Entry,
    Repository,
    backups_in,
    entries,
    locked,
    note_destroyed,
    open_repository,
    remove_old,
    remove_unfinished,
)
from bot.backup.sealed import plain_size, require_digest, write_sealed
from bot.files.places import file_store
from bot.secrets import KEY_FILE, MASTER_FILE
from bot.settings import Settings
from models.crypto.keys import is_encrypted, key_id_of
from models.files.store import FileStore, Unavailable

ANCHORS: Final = "audit-anchors.txt"
NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
KEYS: Final = "keys"


class State(NamedTuple):
    """Facts of the database: its schema's revision and the keys of erased people."""

    revision: str
    destroyed: Sequence[str]


class Summary(NamedTuple):
    """`missing`: keys that are settings and therefore in no backup."""

    name: str
    files: int
    new_files: int
    removed: Sequence[str]
    missing: Sequence[str]


def create(settings: Settings, folder: Path, passphrase: str, state: State, now: datetime) -> Summary:
    """Make a backup, read it back, give it its name, and remove old ones. Raises BackupError.

    A killed or failed run leaves a folder `*.partial`, which is no backup and is removed by the next run."""
    if folder.absolute().is_relative_to(settings.data.absolute()):
        raise BackupError("CSSS_BACKUPS must lie outside CSSS_DATA, best on another disk")
    os.umask(0o077)
    try:
        repository = open_repository(folder, passphrase, create=True)
        with locked(folder):
            remove_unfinished(folder)
            note_destroyed(folder, state.destroyed)
            return _create(settings, repository, state, now)
    except Unavailable as error:
        _remove_partial(folder)
        raise BackupError(f"{error.strerror}: look at CSSS_FILES_BUCKET with `csss doctor`") from None
    except OSError as error:
        _remove_partial(folder)
        if error.errno in NO_ROOM:
            raise BackupError(f"the disk of {folder} is full: make room, or lower CSSS_BACKUP_DAYS") from None
        raise BackupError(f"{folder} cannot be used ({error.strerror}): look at the disk and its permissions") from None


def _remove_partial(folder: Path) -> None:
    for path in folder.glob("*.partial"):
        shutil.rmtree(path, ignore_errors=True)


def _create(settings: Settings, repository: Repository, state: State, now: datetime) -> Summary:
    name = f"{now:{STAMP}}"
    partial = repository.folder / f"{name}.partial"
    partial.mkdir(mode=0o700)
    writer = Writer(repository, name, partial)
    with database.dumped(settings.database_url, partial) as stream:
        writer.write("database", stream)
    keys = _keys(settings)
    writer.write(KEYS, io.BytesIO(json.dumps(keys).encode()), settings.backup_keys)
    anchors = settings.data / ANCHORS
    writer.write("anchors", io.BytesIO(anchors.read_bytes() if anchors.exists() else b""))
    copied = [*_copy_vault(repository, file_store(settings))]
    writer.write(FILES, io.BytesIO("\n".join(" ".join(entry) for entry, _ in copied).encode()))
    missing = [name for name in (KEY_FILE, MASTER_FILE) if name not in keys]
    writer.finish({"revision": state.revision, "database": _kind(settings), "missing_keys": missing})
    partial.rename(repository.folder / name)
    _sync(repository.folder)
    removed = remove_old(repository, now, timedelta(days=settings.backup_days))
    return Summary(name, len(copied), sum(is_new for _, is_new in copied), removed, missing)


class Writer:
    """Writes the parts of one backup and reads each back."""

    def __init__(self, repository: Repository, name: str, folder: Path) -> None:
        self._repository, self._name, self._folder = repository, name, folder
        self._parts: dict[str, str] = {}

    def write(self, part: str, stream: IO[bytes], folder: Path | None = None) -> None:
        """Encrypt a part and read it back; in another folder it gets the backup's name. Raises BackupError."""
        path = self._folder / f"{part}.sealed"
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / f"{self._name}.{part}.sealed"
        name = f"{self._name}/{part}"
        self._parts[part] = write_sealed(path, stream, self._repository.key, name)
        require_digest(path, self._repository.key, name, self._parts[part])

    def finish(self, facts: dict[str, Any]) -> None:
        """Write the manifest, after which the backup is whole."""
        manifest = {"format": 1, **facts, "sha256": dict(self._parts)}
        self.write(MANIFEST, io.BytesIO(json.dumps(manifest).encode()))
        _sync(self._folder)


def _keys(settings: Settings) -> dict[str, str]:
    """Secret key, master key and signing keys, as far as they are files."""
    given = {KEY_FILE: settings.secret_key, MASTER_FILE: settings.master_key}
    paths = [settings.data / name for name, value in given.items() if value is None]
    paths += sorted((settings.data / "signing").glob("*"))
    contents = ((path.relative_to(settings.data), path) for path in paths if path.is_file())
    return {str(name): base64.b64encode(path.read_bytes()).decode() for name, path in contents}


def _copy_vault(repository: Repository, store: FileStore) -> Iterator[tuple[Entry, bool]]:
    """Every file of the vault, and whether its copy is new. A file that is deleted meanwhile is left out."""
    known = {}
    if earlier := backups_in(repository.folder):
        known = {entry.name: entry for entry in entries(repository, earlier[-1])}
    for name, size in store.files():
        try:
            entry, copy = known.get(name), repository.copy_of(name)
            if entry is None or not copy.exists() or plain_size(copy) != size:
                yield _copy(repository, name, store.read(name)), True
            else:
                yield entry, False
        except FileNotFoundError:
            continue


def _copy(repository: Repository, name: str, data: bytes) -> Entry:
    target = repository.copy_of(name)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_name(f"{name}.partial")
    digest = write_sealed(partial, io.BytesIO(data), repository.key, f"vault/{name}")
    require_digest(partial, repository.key, f"vault/{name}", digest)
    partial.replace(target)
    return Entry(name, digest, key_id_of(data) if is_encrypted(data) else UNENCRYPTED)


def _kind(settings: Settings) -> str:
    return "sqlite" if database.is_sqlite(settings.database_url) else "postgresql"


def _sync(folder: Path) -> None:
    """Make names in this folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
