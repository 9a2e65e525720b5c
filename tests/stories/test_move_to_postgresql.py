"""A clinic outgrows SQLite: half a story, `csss db copy`, and the story goes on on PostgreSQL."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, func, select

from bot.app import App, Engines, build_app
from bot.backup import transfer
from bot.data_folder import only_bot
from bot.dev.demo import demo_settings, move_in, running, sample
from bot.dev.postgres import scratch_database
from bot.dev.sandbox import Sandbox, SandboxClient
from models.base import open_engine
from models.tables.audit import AuditRow
from models.tables.jobs import Job
from models.tables.scans import Scan
from tests.support.databases import POSTGRES
from tests.support.operator import kill_command, run_command
from tests.support.people import Clinic


@pytest.mark.slow
async def test_the_story_goes_on_after_the_copy_which_may_be_interrupted(
    engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        Sandbox() as sandbox,
        SandboxClient(sandbox.base) as telegram,
        scratch_database(POSTGRES, "csss_move") as address,
    ):
        settings = demo_settings(sandbox, tmp_path / "data", read_ahead=False)
        async with build_app(settings, engines) as app:
            await move_in(app, sandbox)
            async with running(app):
                clinic = await _clinic(sandbox, app, telegram)
                await clinic.uploads()
                await clinic.verifies()
                await clinic.meena.sees("Read by the doctor")
        with only_bot(settings.data):  # as `csss run` holds it
            refused = await run_command(settings, "db", "copy", "--to", address)
        assert (refused.code, "stop it first" in refused.stderr) == (1, True), refused.stderr
        await _is_interrupted(settings.database_url, address, monkeypatch)
        for table in ("accounts:", "audit:"):  # and by kill -9, between its tables or within the next one
            await kill_command(settings, table, "db", "copy", "--to", address)
        copied = await run_command(settings, "db", "copy", "--to", address)
        assert copied.code == 0, copied.stderr
        assert "scans: 1 rows" in copied.stdout
        moved = settings.model_copy(update={"database": SecretStr(address)})
        async with build_app(moved, engines) as app, running(app):
            clinic = await _clinic(sandbox, app, telegram)
            await clinic.dispenses()
            await clinic.releases()
            await clinic.amina.receives_document()
            await clinic.amina.sends_photo(clinic.picture)
            await clinic.rao.sees("Scan #2")
            async with app.services.sessions() as session:
                assert (await session.scalars(select(Scan.id).order_by(Scan.id))).all() == [1, 2]
                assert (await session.scalar(select(func.count()).select_from(AuditRow)) or 0) > 20
        whole = await run_command(moved, "audit", "verify")
        assert (whole.code, "The audit chain is whole" in whole.stdout) == (0, True)
        again = await run_command(settings, "db", "copy", "--to", address)
        assert (again.code, "give it an empty database" in again.stderr) == (1, True)


async def _is_interrupted(source: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some lots of some tables have arrived."""
    monkeypatch.setattr(transfer, "LOT", 2)
    one, other = open_engine(source), open_engine(address)
    await transfer.prepare(one, other)
    for name in ("accounts", "jobs"):
        assert await transfer.copy_table(one, other, name) > 2
    async with other.begin() as connection:
        await connection.execute(delete(Job).where(Job.id > 3))
    await one.dispose()
    await other.dispose()


async def _clinic(sandbox: Sandbox, app: App, telegram: SandboxClient) -> Clinic:
    people = [await telegram.person(name) for name in ("Amina Yusuf", "Dr Rao", "Meena Pillai", "Joseph Mathew")]
    return Clinic(sandbox, app, telegram, *people, picture=sample().data)
