"""The data folder: closed to other users of the machine, and used by one bot at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

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
def only_bot(path: Path, *, restores: bool = False, shared: bool = False) -> Iterator[None]:
    """Hold the folder for one bot, or one restore, until the block ends; a killed process releases it. Raises InUse.

    `shared`: bots and workers on one PostgreSQL database use the folder together, but never beside a restore."""
    open_data_folder(path)
    with (path / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another `csss run` uses {path}: stop it first, or choose another CSSS_DATA") from None
        if (path / RESTORING).exists() and not restores:
            raise InUse(f"the restore into {path} did not end: run `csss restore` again")
        yield
