"""The restore drill: half a story, a backup, everything lost; on an empty machine the story goes on."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, select

from bot.app import App, Engines, build_app
from bot.dev.demo import Cast, add_cast, demo_settings, move_in, running, sample
from bot.dev.sandbox import Sandbox, SandboxClient
from bot.settings import Settings
from models.crypto.keys import WrappedKey
from models.tables.accounts import Account
from models.vocabulary import Role
from tests.support.databases import run_on_server
from tests.support.operator import run_command
from tests.support.people import Clinic, eventually
from workflow.privacy import erasure

PASSPHRASE = "a passphrase of the drill"


@pytest.mark.slow
async def test_after_the_loss_of_everything_the_story_goes_on_where_the_backup_was_made(
    engines: Engines, database: str, tmp_path: Path
) -> None:
    """The doctor has signed before the backup; a patient is erased after it. Both databases, three programs' runs."""
    more = {} if database.startswith("sqlite") else {"database": SecretStr(database)}
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram:
        settings = demo_settings(sandbox, tmp_path / "old", backups=tmp_path / "backups", read_ahead=False, **more)
        async with build_app(settings, engines) as app:
            await move_in(app, sandbox)
            await add_cast(app.services.sessions, sandbox, [Cast("Bala", Role.PATIENT, "bala@example.org")])
            async with running(app):
                clinic = await _clinic(sandbox, app, telegram)
                await clinic.uploads()
                await clinic.verifies()
                await clinic.meena.sees("Read by the doctor")
                made = await _run(settings, "backup", "--json")
                assert (made["files"], made["missing"]) == (3, [])
                await _is_erased(app, "Bala")
        await _loses_everything(settings, database)
        settings = settings.model_copy(update={"data": tmp_path / "new"})
        restored = await _run(settings, "restore", "--json")
        assert (restored["files"], restored["erased_again"]) == (3, 1)
        assert not (settings.data / "restoring").exists()
        async with build_app(settings, engines) as app, running(app):
            clinic = await _clinic(sandbox, app, telegram)
            await clinic.dispenses()
            await clinic.releases()
            await clinic.amina.receives_document()
            await _stays_forgotten(app)
        verified = await _run(settings, "audit", "verify", "--json")
        assert verified["ok"]
        assert verified["rows"] > restored["rows"]


async def _clinic(sandbox: Sandbox, app: App, telegram: SandboxClient) -> Clinic:
    people = [await telegram.person(name) for name in ("Amina Yusuf", "Dr Rao", "Meena Pillai", "Joseph Mathew")]
    return Clinic(sandbox, app, telegram, *people, picture=sample().data)


async def _run(settings: Settings, *command: str) -> dict[str, Any]:
    """A command of the operator; its JSON."""
    ended = await run_command(settings, *command, CSSS_BACKUPS=str(settings.backups), CSSS_BACKUP_PASSPHRASE=PASSPHRASE)
    assert ended.code == 0, ended.stderr[-2000:]
    facts: dict[str, Any] = json.loads(ended.stdout)
    return facts


async def _is_erased(app: App, name: str) -> None:
    """As the hourly round does it when a request's time has come; the job lists the destroyed key."""
    async with app.services.sessions.begin() as session:
        account = next(one for one in await session.scalars(select(Account)) if one.name == name)
        account.erasure_asked_at = datetime.now(UTC)
        await erasure.continue_erasure(session, account, app.services.retention, datetime.now(UTC))
    listed = app.settings.backups / "destroyed-keys.txt"  # type: ignore[operator] # it is set

    async def is_listed(_: object) -> bool:
        return listed.exists() and account.key_id in listed.read_text()

    await eventually(app.services.sessions, is_listed)


async def _loses_everything(settings: Settings, database: str) -> None:
    shutil.rmtree(settings.data)
    if settings.database:
        name = make_url(database).database
        await run_on_server(f"DROP DATABASE {name} WITH (FORCE)")
        await run_on_server(f"CREATE DATABASE {name}")


async def _stays_forgotten(app: App) -> None:
    async with app.services.sessions() as session:
        erased = (await session.scalars(select(Account).where(Account.erased_at.is_not(None)))).all()
        assert [one.name for one in erased] == [""]
        assert await session.get(WrappedKey, erased[0].key_id) is None
