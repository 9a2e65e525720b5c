"""Restore a backup into an empty installation."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from bot.backup import database
from bot.backup.create import ANCHORS, KEYS, NO_ROOM
from bot.backup.errors import BackupError, Damaged
from bot.backup.repository import UNENCRYPTED, Repository, backups_in, destroyed_keys, entries, locked, open_repository
from bot.backup.sealed import unseal
from bot.data_folder import RESTORING, open_data_folder
from bot.files.places import file_store
from bot.secrets import KEY_FILE, MASTER_FILE
from bot.settings import Settings
from models.crypto.atomic import write_atomic
from models.files.store import FileStore, Unavailable

PARTIAL: Final = "clinic.restoring"


class Restored(NamedTuple):
    """`destroyed`: data keys of people who were erased since; the caller erases them again."""

    backup: str
    files: int
    destroyed: set[str]


def open_backup(folder: Path, passphrase: str, backup: str | None) -> tuple[Repository, str, dict[str, Any]]:
    """The repository, the name of the backup (default: the newest one) and its manifest. Raises BackupError."""
    repository = open_repository(folder, passphrase)
    known = backups_in(folder)
    name = backup or (known[-1] if known else "")
    if name not in known:
        raise BackupError(f"there is no such backup in {folder}: {', '.join(known) or 'it holds none'}")
    return repository, name, repository.manifest(name)


def restore(settings: Settings, repository: Repository, backup: str, manifest: dict[str, Any]) -> Restored:
    """Bring back keys, vault files, anchors and, last, the database. Interrupted, it may be repeated.

    The caller has made sure that the database is empty, and deletes RESTORING when it has erased again who was
    erased since. Raises BackupError."""
    _require_fitting(settings, manifest)
    open_data_folder(settings.data)
    try:
        with locked(repository.folder):
            _require_fitting_bucket(settings, repository, backup)
            _restore_keys(settings, repository, backup)
            destroyed = destroyed_keys(repository.folder)
            files = sum(_restore_vault(file_store(settings), repository, backup, destroyed))
            anchors = b"".join(_part(repository, backup, "anchors"))
            if anchors:
                write_atomic(settings.data / ANCHORS, anchors)
            write_atomic(settings.data / RESTORING, backup.encode())  # until the caller has erased again
            _restore_database(settings, repository, backup)
    except Unavailable as error:
        raise BackupError(f"{error.strerror}: look at CSSS_FILES_BUCKET with `csss doctor`") from None
    except OSError as error:
        if error.errno in NO_ROOM:
            raise BackupError(f"the disk of {settings.data} is full: make room and restore again") from None
        raise BackupError(f"{error.filename or settings.data}: {error.strerror}") from None
    return Restored(backup, files, destroyed)


def _require_fitting(settings: Settings, manifest: dict[str, Any]) -> None:
    wanted = "sqlite" if database.is_sqlite(settings.database_url) else "postgresql"
    if manifest["database"] != wanted:
        raise BackupError(f"the backup is of {manifest['database']}, CSSS_DATABASE names {wanted}: set it as it was")
    given = {KEY_FILE: settings.secret_key, MASTER_FILE: settings.master_key}
    for name in manifest["missing_keys"]:
        if given[name] is None and not (settings.data / name).exists():
            raise BackupError(
                f"the backup holds no {name}, which was a setting: set CSSS_{name.upper().replace('.', '_')}"
            )


def _require_fitting_bucket(settings: Settings, repository: Repository, backup: str) -> None:
    """A bucket gets no file from before they were encrypted, and a bot removes from it what no row of its database
    names. Raises BackupError."""
    if not settings.files_bucket:
        return
    kept = {entry.name: entry.key_id for entry in entries(repository, backup)}
    if UNENCRYPTED in kept.values():
        raise BackupError(
            "the backup has files from before they were encrypted: restore it without CSSS_FILES_BUCKET, run "
            "`csss db upgrade`, then `csss files copy`"
        )
    if newer := sum(file.name not in kept for file in file_store(settings).files()):
        raise BackupError(
            f"{settings.files_bucket} holds {newer} files that the backup does not have, and the restored bot "
            "would remove them: name another prefix in CSSS_FILES_BUCKET, which the restore fills"
        )


def _part(repository: Repository, backup: str, part: str, folder: Path | None = None) -> Iterator[bytes]:
    path = folder / f"{backup}.{part}.sealed" if folder else repository.folder / backup / f"{part}.sealed"
    return unseal(path, repository.key, f"{backup}/{part}")


def _restore_keys(settings: Settings, repository: Repository, backup: str) -> None:
    """Key files that are missing; those at hand, for example from the hospital's safe, stay."""
    try:
        stored = json.loads(b"".join(_part(repository, backup, KEYS, settings.backup_keys)))
    except Damaged:
        if settings.backup_keys is None or not (settings.data / MASTER_FILE).exists():
            raise
        return
    for name, content in stored.items():
        path = settings.data / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_atomic(path, base64.b64decode(content), overwrite=False)


def _restore_vault(store: FileStore, repository: Repository, backup: str, destroyed: set[str]) -> Iterator[int]:
    for entry in entries(repository, backup):
        if entry.key_id in destroyed:
            continue
        data = b"".join(unseal(repository.copy_of(entry.name), repository.key, f"vault/{entry.name}"))
        store.write(entry.name, data)
        yield 1


def _restore_database(settings: Settings, repository: Repository, backup: str) -> None:
    chunks = _part(repository, backup, "database")
    if not database.is_sqlite(settings.database_url):
        with database.restoring(settings.database_url) as stream:
            for chunk in chunks:
                stream.write(chunk)
        return
    target = database.sqlite_file(settings.database_url)
    for rest in ("-wal", "-shm"):
        target.with_name(target.name + rest).unlink(missing_ok=True)
    partial = target.with_name(PARTIAL)
    with partial.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
