"""Backups: encrypted, incremental, whole or not there; nothing of an erased person stays in the copies."""

import asyncio
import io
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from typer.testing import CliRunner

from bot.__main__ import app
from bot.backup import database
from bot.backup.create import State, create
from bot.backup.errors import BackupError, Damaged
from bot.backup.repository import backups_in, locked, note_destroyed, open_repository
from bot.backup.restore import open_backup, restore
from bot.backup.sealed import CHUNK, digest_of, plain_size, unseal, write_sealed
from bot.settings import Settings
from models.base import open_engine
from models.crypto.keys import DataKey
from models.crypto.vault import Content, Vault
from models.files.folder import FolderStore
from models.schema import upgrade
from tests.support.disk import mounted_disk
from tests.support.source import ROOT
from tests.support.template import migrate

PASSPHRASE = "a passphrase of the tests"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
KEY = bytes(range(32))


@pytest.fixture
async def clinic_data(tmp_path: Path) -> Settings:
    """A data folder with database, keys and two vault files of two people."""
    settings = Settings(
        _env_file=None, bot_token=SecretStr("42:SANDBOX-x"), data=tmp_path / "data", backups=tmp_path / "backups"
    )
    settings.data.mkdir(mode=0o700)
    engine = open_engine(settings.database_url)
    await migrate(engine)
    async with engine.connect():  # the dialect, which tests share, learns SQLite's version
        pass
    await engine.dispose()
    for name in ("secret.key", "master.key"):
        (settings.data / name).write_text(os.urandom(32).hex())
    return settings


def person() -> DataKey:
    return DataKey(str(uuid4()), os.urandom(32))


def put(settings: Settings, whose: DataKey, size: int = 1000) -> str:
    return Vault(FolderStore(settings.data / "vault")).put(os.urandom(size), whose, Content.PICTURE)


def back_up(settings: Settings, now: datetime = NOW, *destroyed: str) -> object:
    assert settings.backups
    return create(settings, settings.backups, PASSPHRASE, State("0045", destroyed), now)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_stream_reads_as_it_was_written_whatever_its_size(size: int, tmp_path: Path) -> None:
    data, path = os.urandom(size), tmp_path / "x"
    digest = write_sealed(path, io.BytesIO(data), KEY, "a/x")
    assert b"".join(unseal(path, KEY, "a/x")) == data
    assert digest_of(path, KEY, "a/x") == digest
    assert plain_size(path) == size


def test_a_stream_that_was_touched_is_refused(tmp_path: Path) -> None:
    """Another key, name or order of chunks; a changed, cut, lengthened or missing file."""
    path, head, step = tmp_path / "x", 30, CHUNK + 16
    write_sealed(path, io.BytesIO(os.urandom(3 * CHUNK)), KEY, "a/x")
    whole = path.read_bytes()
    swapped = whole[:head] + whole[head + step : head + 2 * step] + whole[head : head + step] + whole[head + 2 * step :]
    changed = whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]
    for touched in (swapped, changed, whole[: head + 2 * step], whole[:-1], whole + b"x", whole[:head], b""):
        path.write_bytes(touched)
        with pytest.raises(Damaged, match="a/x"):
            digest_of(path, KEY, "a/x")
    path.write_bytes(whole)
    for key, name in ((bytes(32), "a/x"), (KEY, "b/x")):
        with pytest.raises(Damaged):
            digest_of(path, key, name)
    path.unlink()
    with pytest.raises(Damaged):
        digest_of(path, KEY, "a/x")


@pytest.mark.slow
async def test_a_backup_holds_nothing_readable_and_the_keys_lie_apart(clinic_data: Settings, tmp_path: Path) -> None:
    put(clinic_data, person())
    apart = clinic_data.model_copy(update={"backup_keys": tmp_path / "safe"})
    back_up(apart)
    assert clinic_data.backups
    files = [path for path in clinic_data.backups.rglob("*") if path.is_file()]
    assert [path.name for path in files if "keys" in path.name] == []
    [keys] = (tmp_path / "safe").iterdir()
    secrets = [path.read_bytes() for path in clinic_data.data.glob("*.key")]
    for path in (*files, keys):
        assert path.stat().st_mode & 0o077 == 0
        assert not any(secret in path.read_bytes() for secret in (*secrets, b"SQLite format", PASSPHRASE.encode()))


@pytest.mark.slow
async def test_the_second_backup_copies_only_what_is_new_and_old_ones_go(clinic_data: Settings) -> None:
    """The newest one stays however old it is; a copy goes with the last backup that names it."""
    vault, whose = Vault(FolderStore(clinic_data.data / "vault")), person()
    first, kept = put(clinic_data, whose), put(clinic_data, whose)
    back_up(clinic_data, NOW)
    vault.delete(first)
    put(clinic_data, whose)
    second = back_up(clinic_data, NOW + timedelta(days=20))
    assert (second.files, second.new_files, second.removed) == (2, 1, [])  # type: ignore[attr-defined]
    assert clinic_data.backups
    repository = open_repository(clinic_data.backups, PASSPHRASE)
    assert repository.copy_of(first).exists()
    third = back_up(clinic_data, NOW + timedelta(days=31))
    assert third.removed == ["20261129T120000Z"]  # type: ignore[attr-defined]
    assert not repository.copy_of(first).exists()
    assert repository.copy_of(kept).exists()
    back_up(clinic_data, NOW + timedelta(days=400))
    assert len(backups_in(clinic_data.backups)) == 1


@pytest.mark.slow
async def test_copies_of_an_erased_persons_files_go_with_the_next_backup(clinic_data: Settings) -> None:
    """Older backups name them still, and are restored without them."""
    amina, bala = person(), person()
    hers, his = put(clinic_data, amina), put(clinic_data, bala)
    back_up(clinic_data, NOW)
    Vault(FolderStore(clinic_data.data / "vault")).delete(hers)
    back_up(clinic_data, NOW + timedelta(days=1), amina.id)
    assert clinic_data.backups
    repository, backup, manifest = open_backup(clinic_data.backups, PASSPHRASE, "20261129T120000Z")
    assert not repository.copy_of(hers).exists()
    shutil.rmtree(clinic_data.data)
    assert restore(clinic_data, repository, backup, manifest).destroyed == {amina.id}
    assert Vault(FolderStore(clinic_data.data / "vault")).has(his)
    assert not Vault(FolderStore(clinic_data.data / "vault")).has(hers)


@pytest.mark.slow
async def test_each_trouble_of_a_backup_has_its_sentence(clinic_data: Settings, tmp_path: Path) -> None:
    name = put(clinic_data, person())
    with pytest.raises(BackupError, match="outside CSSS_DATA"):
        back_up(clinic_data.model_copy(update={"backups": clinic_data.data / "backups"}))
    back_up(clinic_data)
    assert clinic_data.backups
    with pytest.raises(BackupError, match="passphrase does not open"):
        open_repository(clinic_data.backups, "another passphrase, as long")
    with pytest.raises(BackupError, match="holds no backups"):
        open_repository(tmp_path / "nowhere", PASSPHRASE)
    with pytest.raises(BackupError, match=r"no such backup in .*: 20261129T120000Z"):
        open_backup(clinic_data.backups, PASSPHRASE, "20250101T000000Z")
    with locked(clinic_data.backups), pytest.raises(BackupError, match="another backup runs"):
        back_up(clinic_data, NOW + timedelta(hours=1))
    (clinic_data.data / "clinic.db").write_bytes(b"no database" * 1000)
    with pytest.raises(BackupError, match="csss doctor"):
        back_up(clinic_data, NOW + timedelta(hours=2))
    repository, backup, manifest = open_backup(clinic_data.backups, PASSPHRASE, None)
    repository.copy_of(name).write_bytes(b"x")
    with pytest.raises(Damaged, match=f"vault/{name}"):
        restore(clinic_data.model_copy(update={"data": tmp_path / "new"}), repository, backup, manifest)
    postgres = clinic_data.model_copy(update={"database": SecretStr("postgresql+psycopg://localhost/x")})
    with pytest.raises(BackupError, match="is of sqlite"):
        restore(postgres, repository, backup, manifest)


@pytest.mark.slow
async def test_a_key_that_is_a_setting_is_named_and_asked_for_at_the_restore(
    clinic_data: Settings, tmp_path: Path
) -> None:
    given = clinic_data.model_copy(update={"master_key": SecretStr("m" * 32)})
    assert back_up(given).missing == ["master.key"]  # type: ignore[attr-defined]
    assert clinic_data.backups
    repository, backup, manifest = open_backup(clinic_data.backups, PASSPHRASE, None)
    with pytest.raises(BackupError, match="set CSSS_MASTER_KEY"):
        restore(clinic_data.model_copy(update={"data": tmp_path / "new"}), repository, backup, manifest)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    with mounted_disk() as disk:
        yield disk


@pytest.mark.slow
async def test_a_full_disk_leaves_the_backups_of_before_and_one_sentence(
    clinic_data: Settings, small_disk: Path
) -> None:
    settings = clinic_data.model_copy(update={"backups": small_disk / "backups"})
    whose = person()
    put(settings, whose)
    back_up(settings)
    put(settings, whose, 8_000_000)
    with pytest.raises(BackupError, match=r"the disk of .* is full: make room"):
        back_up(settings, NOW + timedelta(days=1))
    assert settings.backups
    assert backups_in(settings.backups) == ["20261129T120000Z"]
    assert not [*settings.backups.glob("*.partial")]
    repository, backup, manifest = open_backup(settings.backups, PASSPHRASE, None)
    shutil.rmtree(settings.data)
    assert restore(settings, repository, backup, manifest).files == 1


@pytest.mark.slow
def test_a_backup_that_is_killed_does_not_look_whole_and_the_next_one_is(clinic_data: Settings) -> None:
    """kill -9 as soon as the copying has begun."""
    whose = person()
    for _ in range(300):
        put(clinic_data, whose)
    assert clinic_data.backups
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CSSS_")},
        "CSSS_BOT_TOKEN": "42:SANDBOX-x",
        "CSSS_DATA": str(clinic_data.data),
        "CSSS_BACKUPS": str(clinic_data.backups),
        "CSSS_BACKUP_PASSPHRASE": PASSPHRASE,
    }
    command = [sys.executable, "-m", "bot", "backup"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        while not [*clinic_data.backups.glob("*.partial/database.sealed")] and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert backups_in(clinic_data.backups) == []
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "is whole: 300 files" in done.stdout
    assert len(backups_in(clinic_data.backups)) == 1
    assert not [*clinic_data.backups.rglob("*.partial")]


def test_a_restore_over_a_database_is_refused_and_an_unfinished_one_keeps_the_bot_from_starting(
    clinic_data: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"CSSS_BOT_TOKEN": "42:SANDBOX-x", "CSSS_DATA": str(clinic_data.data), "CSSS_BACKUPS": "b"}
    run = CliRunner().invoke
    refused = run(app, ["restore", "--passphrase-stdin"], env=given, input=f"{PASSPHRASE}\n")
    assert (refused.exit_code, "there is a database already" in refused.output) == (1, True)
    short = run(app, ["backup", "--passphrase-stdin"], env=given, input="short\n")
    assert (short.exit_code, "16 characters or more" in short.output) == (1, True)
    (clinic_data.data / "restoring").write_text("20261129T120000Z")
    stopped = run(app, ["run", "--allow-root"], env=given)
    assert (stopped.exit_code, "run `csss restore` again" in stopped.output) == (1, True)


def test_the_list_of_destroyed_keys_grows_and_repeats_nothing(tmp_path: Path) -> None:
    note_destroyed(tmp_path, ["b", "a"])
    note_destroyed(tmp_path, ["a", "c"])
    assert (tmp_path / "destroyed-keys.txt").read_text().split() == ["a", "b", "c"]


def test_the_programs_of_postgresql_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(BackupError, match="apt-get install postgresql-client"),
        database.dumped("postgresql+psycopg://localhost/x", tmp_path),
    ):
        pass


async def _revision(settings: Settings, to: str | None = None) -> None:
    engine = open_engine(settings.database_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": to})
    await engine.dispose()


@pytest.mark.slow
def test_an_upgrade_says_what_it_does_and_keeps_the_database_from_before(tmp_path: Path) -> None:
    """An empty database gets no copy; one that is behind does; a newer one is left alone with a sentence."""
    given = {"CSSS_BOT_TOKEN": "42:SANDBOX-x", "CSSS_DATA": str(tmp_path / "data"), "CSSS_BACKUPS": str(tmp_path / "b")}
    settings = Settings(_env_file=None, bot_token=SecretStr("42:SANDBOX-x"), data=tmp_path / "data")
    settings.data.mkdir()
    asyncio.run(_upgrade_to(settings, "0040"))
    done = CliRunner().invoke(app, ["db", "upgrade"], env=given)
    assert done.exit_code == 0, done.output
    first, *steps = done.output.splitlines()
    assert first.endswith("migrations will run:")
    assert steps[0].startswith("0041: ")
    assert f"kept in {settings.data / 'before-upgrade.db'}" in done.output
    with closing(sqlite3.connect(settings.data / "before-upgrade.db")) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0040",)
    again = CliRunner().invoke(app, ["db", "upgrade"], env=given)
    assert again.output == "The database is up to date.\n"
    asyncio.run(_revision(settings, "9999"))
    refused = CliRunner().invoke(app, ["db", "upgrade"], env=given)
    assert refused.exit_code == 1
    assert "belongs to a newer version of the program" in refused.output


async def _upgrade_to(settings: Settings, revision: str) -> None:
    engine = open_engine(settings.database_url)
    await upgrade(engine, revision=revision)
    await engine.dispose()
