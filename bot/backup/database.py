"""Copies of the database while the bot runs: SQLite's online backup, or pg_dump and pg_restore."""

import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final

from sqlalchemy import URL, make_url

from bot.backup.errors import BackupError

LIBPQ: Final = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}
INSTALL: Final = "apt-get install postgresql-client, of the server's version or newer"
BEFORE_UPGRADE: Final = "before-upgrade.db"  # in the data folder: the last upgrade's copy
PAGES: Final = 2000  # of 4 kB, copied without a pause


def is_sqlite(address: str) -> bool:
    return make_url(address).get_backend_name() == "sqlite"


def sqlite_file(address: str) -> Path:
    return Path(make_url(address).database or "")


def copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy of a database in use. Raises BackupError for a damaged one, OSError for a full disk."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as one,
            closing(sqlite3.connect(target)) as other,
        ):
            one.backup(other, pages=PAGES, sleep=0.01)
            if other.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise BackupError(f"{source} is damaged: restore the newest backup with `csss restore`")
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, "No space left on device", str(target)) from None
        raise BackupError(f"{source} cannot be read as a database: run `csss doctor`") from None


@contextmanager
def dumped(address: str, scratch: Path) -> Iterator[IO[bytes]]:
    """The database as a stream: an SQLite file copied into `scratch`, or the output of pg_dump. Raises BackupError."""
    if is_sqlite(address):
        copy = scratch / "database.copy"
        try:
            copy_sqlite(sqlite_file(address), copy)
            with copy.open("rb") as file:
                yield file
        finally:
            copy.unlink(missing_ok=True)
        return
    command = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(address)) as dump:  # noqa: S603 - a fixed program
        assert dump.stdout is not None
        yield dump.stdout
        _, complaint = dump.communicate()
    if dump.returncode:
        last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        raise BackupError(f"pg_dump failed ({last}): look at CSSS_DATABASE, and {INSTALL}")


@contextmanager
def restoring(address: str) -> Iterator[IO[bytes]]:
    """A stream into pg_restore, which keeps all or nothing. Raises BackupError; its own output may quote rows."""
    name = make_url(address).database or ""
    command = [_program("pg_restore"), "--single-transaction", "--no-owner", "--no-privileges", f"--dbname={name}"]
    with subprocess.Popen(  # noqa: S603 - a fixed program
        command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=_environment(address)
    ) as load:
        assert load.stdin is not None
        try:
            yield load.stdin
            load.stdin.close()
        except BrokenPipeError:
            pass
        except BaseException:
            load.kill()
            raise
    if load.returncode:
        raise BackupError(f"pg_restore failed, and the database is as before: {INSTALL}, and give it an empty database")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupError(f"{name} is not installed: {INSTALL}")
    return found


def _environment(address: str) -> dict[str, str]:
    """The server, user and password for libpq's programs: not on the command line, which others see."""
    url: URL = make_url(address)
    given = {
        "PGHOST": url.host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        **{LIBPQ[name]: str(value) for name, value in url.query.items() if name in LIBPQ},
    }
    return {**os.environ, **{name: value for name, value in given.items() if value}}
