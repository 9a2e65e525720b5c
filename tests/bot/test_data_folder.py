"""The data folder is closed to others, and one bot uses it at a time."""

import errno
import os
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot.cli.run import _sentence
from bot.data_folder import LOCK_FILE, InUse, only_bot, open_data_folder
from bot.settings import Settings

SETTINGS = Settings(_env_file=None, bot_token="42:SANDBOX-test")


def test_a_folder_that_others_may_read_is_closed_and_so_is_what_is_made_in_it(tmp_path: Path) -> None:
    folder, before = tmp_path / "data", os.umask(0o022)
    try:
        folder.mkdir()
        folder.chmod(0o755)
        open_data_folder(folder)
        (folder / "file").write_text("x")
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o077 for path in (folder, folder / "file")] == [0, 0]


def test_a_second_bot_on_the_same_folder_says_so(tmp_path: Path) -> None:
    with only_bot(tmp_path), pytest.raises(InUse, match="another `csss run`"), only_bot(tmp_path):
        pass
    with only_bot(tmp_path):
        pass


def test_a_second_bot_is_refused_by_whatever_way_it_comes_to_the_same_data(tmp_path: Path) -> None:
    """By a link, after the lock file was removed, or with another folder and the same database or a link to it."""
    data, other, link = tmp_path / "data", tmp_path / "other", tmp_path / "link"
    file, alias = tmp_path / "clinic.db", tmp_path / "alias.db"
    link.symlink_to(data)
    alias.symlink_to(file)
    address = f"sqlite+aiosqlite:///{file}"
    with only_bot(data, address):
        (data / LOCK_FILE).unlink()
        for folder, database in (
            (data, address),
            (link, address),
            (data, f"sqlite+aiosqlite:///{tmp_path / 'another.db'}"),
            (other, address),
            (other, f"sqlite+aiosqlite:///{alias}"),
            (data, "postgresql+psycopg://clinic@db/clinic"),
        ):
            with pytest.raises(InUse, match="another `csss run`"), only_bot(folder, database):
                pass
        with only_bot(other, f"sqlite+aiosqlite:///{tmp_path / 'another.db'}"):
            pass
    with only_bot(link, address):
        pass


def test_bots_and_workers_on_postgresql_share_a_folder_but_not_with_a_restore(tmp_path: Path) -> None:
    address = "postgresql+psycopg://clinic@db/clinic"
    both = (only_bot(tmp_path, address, shared=True) for _ in range(2))
    with next(both), next(both), pytest.raises(InUse), only_bot(tmp_path, address, restores=True):
        pass


def test_what_the_operator_can_mend_is_named_in_one_sentence() -> None:
    full = OperationalError("INSERT", {}, Exception("database or disk is full"))
    causes = {
        "port 8080": OSError(errno.EADDRINUSE, "x"),
        "is full": OSError(errno.ENOSPC, "x"),
        "disk of": full,
    }
    for words, error in causes.items():
        sentence = _sentence(error, SETTINGS) or ""
        assert words in sentence
        assert "\n" not in sentence
    assert _sentence(OSError(errno.EPERM, "x"), SETTINGS) is None
