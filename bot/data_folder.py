"""The data folder: closed to other users of the machine, and used by one bot at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from bot.backup.database import is_sqlite, sqlite_file

LOCK_FILE: Final = "run.lock"
RESTORING: Final = "restoring"  # names the backup while its restore has not ended
OTHERS: Final = 0o077  # permissions of group and others


class InUse(Exception):
    """Another bot runs on this data folder, or a restore did not end."""


def open_data_folder(path: Path) -> None:
    """Create the folder if it is missing; close it, and every file made from now on, to other users."""
    os.umask(OTHERS)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = path.stat().st_mode
    if mode & OTHERS:
        path.chmod(mode & ~OTHERS & 0o7777)


@contextmanager
def only_bot(path: Path, database: str = "", *, restores: bool = False, shared: bool = False) -> Iterator[None]:
    """Hold the folder and the database for one bot, or one restore, until the block ends; a killed process releases
    them. Raises InUse.

    The folder is held beside its lock file, which somebody may remove; an SQLite file, wherever it lies. `database`:
    the address. `shared`: bots and workers on one PostgreSQL database use the folder together, never with a restore."""
    open_data_folder(path)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with ExitStack() as held:
        _hold(held, path / LOCK_FILE, kind, path, "CSSS_DATA")
        with suppress(OSError):  # file systems of a network lock files alone
            _hold(held, path, kind, path, "CSSS_DATA")
        if database and is_sqlite(database):
            file = sqlite_file(database).resolve()
            if file.parent.is_dir():
                _hold(held, file.with_name(f"{file.name}.lock"), kind, file, "CSSS_DATABASE")
        if (path / RESTORING).exists() and not restores:
            raise InUse(f"the restore into {path} did not end: run `csss restore` again")
        yield


def _hold(held: ExitStack, place: Path, kind: int, used: Path, setting: str) -> None:
    """Lock a file, which is made where it is missing, or a folder. `setting`: names what is used."""
    opened = os.open(place, os.O_RDONLY if place.is_dir() else os.O_RDWR | os.O_CREAT, 0o600)
    held.callback(os.close, opened)
    try:
        fcntl.flock(opened, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse(f"another `csss run` uses {used}: stop it first, or choose another {setting}") from None
