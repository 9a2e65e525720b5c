"""The last verification of the record: its outcome is stored outside the database, keyed, and shown on the page."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.engines import Engines
from bot.jobs.cleanup import anchor_head, verify_daily
from bot.observability.audit_anchor import record_anchor
from bot.observability.audit_verification import (
    VERIFIED_FILE,
    Result,
    Verification,
    Way,
    is_due,
    last_verification,
    store,
    verify_chain,
)
from bot.self_check.checks import run_checks
from bot.self_check.outcome import Level
from bot.web.app import build_operator_app
from models.base import Sessions
from tests.support.api import programming
from tests.support.browser import ORIGIN, browsing
from tests.support.people import Clinic, open_clinic
from tests.support.rows import KEY
from workflow.actors import SYSTEM
from workflow.audit.chain import AuditEvent, record

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
UNLOCK = {
    "sqlite": ("DROP TRIGGER audit_unchanged", "DROP TRIGGER audit_kept", "DROP TRIGGER audit_in_order"),
    "postgresql": ("ALTER TABLE audit DISABLE TRIGGER ALL",),
}


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def ten_rows_anchored(sessions: Sessions, file: Path) -> None:
    async with sessions.begin() as session:
        for number in range(10):
            await record(session, SYSTEM, AuditEvent("look:card", "scan", number), NOW)
    await record_anchor(sessions, file, KEY, NOW)


@pytest.mark.parametrize(
    ("tampering", "rows", "result", "number"),
    [
        ("SELECT 1", 10, Result.WHOLE, 0),
        ("UPDATE audit SET role = 'patient' WHERE seq = 4", 10, Result.BROKEN, 4),
        ("DELETE FROM audit WHERE seq = 7", 10, Result.BROKEN, 7),
        ("DELETE FROM audit WHERE seq > 8", 8, Result.CUT, 9),
    ],
)
async def test_each_outcome_is_stored_beside_the_anchors(
    engine: AsyncEngine, sessions: Sessions, tmp_path: Path, tampering: str, rows: int, result: Result, number: int
) -> None:
    file = tmp_path / "audit-anchors.txt"
    await ten_rows_anchored(sessions, file)
    async with engine.begin() as connection:
        for statement in (*UNLOCK[engine.dialect.name], tampering):
            await connection.execute(text(statement))
    found = await verify_chain(sessions, file, KEY, Way.BOT, NOW, page_rows=3)
    assert found == Verification(NOW, Way.BOT, rows, result, number, vouched=10)
    assert last_verification(tmp_path / VERIFIED_FILE, KEY) == found


async def test_a_changed_anchor_is_an_outcome_of_its_own(sessions: Sessions, tmp_path: Path) -> None:
    file = tmp_path / "audit-anchors.txt"
    await ten_rows_anchored(sessions, file)
    file.write_text(file.read_text().replace(" 10 ", " 9 "))
    found = await verify_chain(sessions, file, KEY, Way.BOT, NOW)
    assert (found.result, found.number, found.vouched) == (Result.ANCHORS, 1, 0)


async def test_nobody_without_the_key_writes_that_the_record_is_whole(sessions: Sessions, tmp_path: Path) -> None:
    file, stored = tmp_path / "audit-anchors.txt", tmp_path / VERIFIED_FILE
    await ten_rows_anchored(sessions, file)
    await verify_chain(sessions, file, KEY, Way.COMMAND, NOW)
    line = stored.read_text()
    for forged in ("", "whole", line.replace(" 10 ", " 11 ", 1), line.replace("30T", "29T"), line[:-5], "é", "\0"):
        stored.write_text(forged)
        assert last_verification(stored, KEY) is None, forged
    stored.write_text(line)
    assert last_verification(stored, KEY) is not None
    assert last_verification(stored, b"another key") is None


def test_a_result_of_a_newer_release_is_none_that_this_one_knows(tmp_path: Path) -> None:
    found = Verification(NOW, Way.BOT, 10, Result.WHOLE, 0, 10)
    store(tmp_path / VERIFIED_FILE, KEY, found._replace(result="mended"))  # type: ignore[arg-type]
    assert last_verification(tmp_path / VERIFIED_FILE, KEY) is None


@pytest.mark.parametrize(
    ("age", "due"), [(None, True), (timedelta(hours=23), False), (timedelta(days=1), True), (timedelta(hours=-1), True)]
)
def test_the_bot_verifies_once_a_day_and_again_when_the_clock_was_ahead(age: timedelta | None, due: bool) -> None:
    last = None if age is None else Verification(NOW - age, Way.COMMAND, 10, Result.WHOLE, 0, 10)
    assert is_due(last, NOW) is due


async def _metrics(clinic: Clinic) -> bytes:
    async with TestClient(TestServer(build_operator_app(clinic.app.services, clinic.app.metrics))) as web:
        return await (await web.get("/metrics")).read()


@pytest.mark.slow
async def test_the_record_page_says_when_it_was_verified_and_with_what_result(
    public: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    services = public.app.services
    stored = services.anchors.file.with_name(VERIFIED_FILE)
    await anchor_head(services)
    async with browsing(public) as joseph, programming(public) as program:
        await joseph.signs_in(public, "joseph@example.org")
        await program.signs_in(public, "joseph@example.org")
        stored.unlink(missing_ok=True)
        assert "Not verified yet." in (await joseph.get("/desk/record")).text
        assert (await program.get("/record")).body["verified"] is None
        await verify_daily(services)
        page, verified = (await joseph.get("/desk/record")).text, (await program.get("/record")).body["verified"]
        assert "✅ The record is whole" in page
        assert f"by the bot, once a day: {verified['rows']} rows." in page
        assert (verified["way"], verified["result"], verified["number"]) == ("bot", "whole", None)
        assert f"reach to row {verified['vouched']}." in page
        assert b"csss_audit_broken 0.0" in await _metrics(public)
        before = stored.read_text()
        await verify_daily(services)
        assert stored.read_text() == before, "not twice a day"
        stored.unlink()
        async with services.sessions.begin() as session:
            for statement in (*UNLOCK["sqlite"], "UPDATE audit SET act = 'look:card' WHERE seq = 2"):
                await session.execute(text(statement))
        await verify_daily(services)
        assert "⛔ The record is broken at row 2." in (await joseph.get("/desk/record")).text
        assert (await program.get("/record")).body["verified"]["number"] == 2
        assert b"csss_audit_broken 1.0" in await _metrics(public)
        audit = (await run_checks(public.app.settings))["anchors"]
        assert (audit.level, "not whole when it was verified" in audit.state) == (Level.RED, True)
    assert "the audit record is not whole" in caplog.text
