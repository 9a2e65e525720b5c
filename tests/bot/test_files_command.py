"""`csss files copy`, backups and the doctor of an installation whose files lie in a bucket."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from bot.__main__ import app
from bot.backup.create import State, create
from bot.backup.errors import BackupError
from bot.backup.restore import open_backup, restore
from bot.data_folder import only_bot
from bot.files.copying import copy_files
from bot.self_check.files import files as check_files
from bot.self_check.outcome import Context, Level
from bot.settings import Settings
from models.base import open_engine
from models.crypto.keys import DataKey
from models.crypto.vault import Content, Vault
from models.files.folder import FolderStore
from tests.support.s3 import FileService
from tests.support.template import migrate

pytestmark = pytest.mark.slow  # a service in a process of its own
TOKEN = "42:SANDBOX-x"
KEY = DataKey(str(uuid4()), bytes(32))
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PASSPHRASE = "a passphrase of the tests"
COUNT = 30


class Installation:
    """A data folder with a migrated database and keys, and a place in a bucket."""

    def __init__(self, data: Path, files: FileService) -> None:
        self.data, self.files = data, files
        self.folder = FolderStore(data / "vault")

    def settings(self, **changed: Any) -> Settings:
        values = {"bot_token": SecretStr(TOKEN), "data": self.data, "backups": self.data.with_name("backups")}
        return Settings(_env_file=None, **{**values, **self.files.settings(), **changed})

    def copy(self, *options: str, **variables: str) -> Result:
        given = {"CSSS_BOT_TOKEN": TOKEN, "CSSS_DATA": str(self.data), **self.files.variables(), **variables}
        return CliRunner().invoke(app, ["files", "copy", *options], env=given)

    def backs_up(self, days: int = 0, **changed: Any) -> Any:
        settings = self.settings(**changed)
        assert settings.backups
        return create(settings, settings.backups, PASSPHRASE, State("0045", ()), NOW + timedelta(days))

    def restores(self, data: Path, backup: str, files: FileService) -> "Installation":
        new = Installation(data, files)
        repository, name, manifest = open_backup(self.data.with_name("backups"), PASSPHRASE, backup)
        restore(new.settings(), repository, name, manifest)
        return new

    def content(self) -> dict[str, bytes]:
        store = self.files.store()
        return {file.name: store.read(file.name) for file in store.files()}


@pytest.fixture
async def installed(tmp_path: Path, files: FileService) -> "Installation":
    """With thirty files in the folder and none in the bucket."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    for name in ("secret.key", "master.key"):
        (data / name).write_text(os.urandom(32).hex())
    made = Installation(data, files)
    engine = open_engine(made.settings().database_url)
    await migrate(engine)
    await engine.dispose()
    for size in range(COUNT):
        Vault(made.folder).put(bytes(size), KEY, Content.PICTURE)
    return made


@pytest.fixture
def originals(installed: Installation) -> dict[str, bytes]:
    return {file.name: installed.folder.read(file.name) for file in installed.folder.files()}


def test_a_copy_that_was_interrupted_goes_on_and_ends_with_every_byte_there_and_back(
    installed: Installation, originals: dict[str, bytes]
) -> None:
    begun: Iterator[bool] = copy_files(installed.folder, installed.files.store())
    assert next(begun)
    begun.close()  # type: ignore[attr-defined] - of a generator
    left = COUNT - len(installed.content())
    changed = min(installed.content())
    installed.files.store().write(changed, bytes(len(originals[changed])))

    away = installed.copy(CSSS_FILES_ENDPOINT="http://127.0.0.1:9")
    assert (away.exit_code, away.stderr.count("\n")) == (1, 1)
    assert "does not answer: look at CSSS_FILES_BUCKET" in away.stderr

    done = installed.copy()
    assert done.exit_code == 0, done.output
    assert f"{COUNT} files, {left + 1} of them new" in done.output
    assert f"Set CSSS_FILES_BUCKET=s3://films/{installed.files.folder} " in done.output
    assert installed.content() == originals
    assert [*installed.folder.files()], "the originals stay"
    assert f"{COUNT} files, 0 of them new" in installed.copy().output

    for name in originals:
        installed.folder.delete(name)
    back = installed.copy("--to-folder")
    assert f"{COUNT} files, {COUNT} of them new" in back.output
    assert "Take CSSS_FILES_BUCKET out of the settings" in back.output
    assert {file.name: installed.folder.read(file.name) for file in installed.folder.files()} == originals
    for output in (away.output, done.output, back.output):
        assert installed.files.secret not in output
        assert installed.files.key_id not in output


def test_what_must_not_be_copied_is_refused_with_the_next_step(installed: Installation, tmp_path: Path) -> None:
    """Without a bucket; beside a bot that works; into another installation's bucket; a file that is not encrypted."""
    unset = CliRunner().invoke(app, ["files", "copy"], env={"CSSS_BOT_TOKEN": TOKEN, "CSSS_DATA": str(tmp_path / "x")})
    assert (unset.exit_code, "CSSS_FILES_BUCKET is not set" in unset.stderr) == (2, True)
    with only_bot(installed.data):
        assert "stop every `csss run` and `csss worker`" in installed.copy().output
    other = Installation(tmp_path / "other", installed.files).copy()
    assert (other.exit_code, "is another installation's" in other.stderr) == (1, True)
    name = str(uuid4())
    installed.folder.write(name, b"a film of the first version")
    plain = installed.copy()
    assert (plain.exit_code, "run `csss db upgrade` without CSSS_FILES_BUCKET" in plain.stderr) == (1, True)
    assert name not in installed.content()


def test_a_backup_copies_what_is_new_in_the_bucket_and_a_restore_fills_one(
    installed: Installation, originals: dict[str, bytes], tmp_path: Path
) -> None:
    installed.copy()
    first = installed.backs_up()
    assert (first.files, first.new_files) == (COUNT, COUNT)
    assert installed.backs_up(1).new_files == 0
    [*_, newest] = [Vault(installed.files.store()).put(b"newer", KEY, Content.PICTURE) for _ in range(2)]
    last = installed.backs_up(2)
    assert (last.files, last.new_files) == (COUNT + 2, 2)
    with pytest.raises(BackupError, match="holds 2 files that the backup does not have"):
        installed.restores(tmp_path / "wrong", first.name, installed.files)
    assert not (tmp_path / "wrong" / "vault").exists()
    restored = installed.restores(tmp_path / "new", last.name, installed.files.elsewhere())
    assert restored.content() == installed.content()
    assert Vault(restored.files.store()).get(newest, KEY, Content.PICTURE) == b"newer"
    assert not (tmp_path / "new" / "vault").exists()
    again = installed.restores(tmp_path / "again", last.name, installed.files)
    assert again.content().keys() == originals.keys() | restored.content().keys()
    with pytest.raises(BackupError, match="the file service does not answer: look at CSSS_FILES_BUCKET"):
        installed.backs_up(3, files_endpoint="http://127.0.0.1:9")
    assert not [*installed.data.with_name("backups").glob("*.partial")]


async def test_the_doctor_tries_the_bucket_and_names_the_next_step(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found(**changed: Any) -> tuple[Level, str]:
        async with ClientSession() as http:
            outcome = await check_files(Context(installed.settings(**changed), None, http, NOW))
        shown = f"{outcome.state} → {outcome.action}"
        assert installed.files.secret not in shown
        return outcome.level, shown

    elsewhere, most = installed.files.elsewhere(), [file.name for file in installed.folder.files()][:-1]
    assert await found(files_bucket=None) == (Level.GREEN, "in the data folder → ")
    for name in most:  # a copy that was interrupted
        installed.files.store().write(name, installed.folder.read(name))
    level, shown = await found()
    assert (level, "csss files copy" in shown) == (Level.YELLOW, True)
    installed.copy()
    assert (await found())[0] is Level.GREEN
    assert installed.files.names() == {file.name for file in installed.folder.files()}, "the doctor leaves nothing"
    for changed, words in (
        ({"files_secret": SecretStr("of another key")}, "refuses the key"),
        ({"files_key_id": SecretStr("AKIASOMEBODYELSE")}, "refuses the key"),
        ({"files_endpoint": "http://127.0.0.1:9"}, "does not answer"),
        ({"files_bucket": "s3://no-such-bucket"}, "no such bucket"),
        ({"secret_key": SecretStr("of another installation " * 2)}, "another installation's"),
    ):
        level, shown = await found(**changed)
        assert (level, words in shown) == (Level.RED, True), shown
    assert elsewhere.names() == set()
