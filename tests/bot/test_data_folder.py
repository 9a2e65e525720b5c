"""The data folder is closed to others, and one bot uses it at a time."""

import errno
import os
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot.cli.run import _sentence
from bot.data_folder import InUse, only_bot, open_data_folder
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
