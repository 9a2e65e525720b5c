"""Threat: somebody with the database changes, removes, reorders or cuts the record of what was seen and done."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.anchors import anchor, read_anchors
from models.audit import AuditRow
from models.base import Sessions
from models.people import Role
from tests.people import House, eventually
from workflow.actors import Actor
from workflow.audit import TRAIL, Anchor, Entry, Fault, note, search, verify

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RAO = Actor(2, Role.DOCTOR, "Dr Rao")
UNLOCK = {
    "sqlite": ("DROP TRIGGER audit_unchanged", "DROP TRIGGER audit_kept", "DROP TRIGGER audit_in_order"),
    "postgresql": ("ALTER TABLE audit DISABLE TRIGGER ALL",),
}


@pytest.fixture
async def chain(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Ten committed rows."""
    async with sessions.begin() as session:
        for number in range(10):
            await note(session, RAO, Entry("look:card", "scan", number, patient_id=7, version=1), NOW)
    async with sessions() as session:
        yield session


async def _check(session: AsyncSession, anchors: tuple[Anchor, ...] = ()) -> Fault | None:
    return await verify(session, session.info[TRAIL].key, anchors)


async def test_an_untouched_chain_is_whole(chain: AsyncSession) -> None:
    assert await _check(chain) is None


COLUMNS = ", ".join(column.name for column in AuditRow.__table__.columns if column.name != "seq")


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit SET role = 'patient' WHERE seq = 4",
        "DELETE FROM audit WHERE seq = 4",
        "DELETE FROM audit",
        f"INSERT INTO audit (seq, {COLUMNS}) SELECT 99, {COLUMNS} FROM audit WHERE seq = 4",
        "INSERT INTO audit SELECT * FROM audit WHERE seq = 4",
    ],
)
async def test_the_database_itself_refuses(chain: AsyncSession, attack: str) -> None:
    """Change, removal, a gap and a second row of the same number, on both databases."""
    with pytest.raises(DBAPIError):
        await chain.execute(text(attack))


async def test_replacing_and_truncating_are_refused_too(chain: AsyncSession, engine: AsyncEngine) -> None:
    """The ways around a row trigger that each database has."""
    way = {"sqlite": "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 4", "postgresql": "TRUNCATE audit"}
    with pytest.raises(DBAPIError):
        await chain.execute(text(way[engine.dialect.name]))


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("UPDATE audit SET role = 'patient' WHERE seq = 4", Fault(4)),
        ("UPDATE audit SET reason = '' WHERE seq = 1", Fault(1)),
        ("UPDATE audit SET patient = NULL WHERE seq = 10", Fault(10)),
        ("DELETE FROM audit WHERE seq = 4", Fault(4)),
        ("DELETE FROM audit WHERE seq = 1", Fault(1)),
        ("UPDATE audit SET seq = 20 WHERE seq = 10", Fault(10)),
        ("UPDATE audit SET hash = previous WHERE seq = 6", Fault(6)),
    ],
)
async def test_who_gets_past_the_triggers_is_found(
    chain: AsyncSession, engine: AsyncEngine, tampering: str, broken: Fault
) -> None:
    for statement in (*UNLOCK[engine.dialect.name], tampering):
        await chain.execute(text(statement))
    assert await _check(chain) == broken


async def test_a_cut_tail_is_seen_through_the_anchor(
    chain: AsyncSession, engine: AsyncEngine, sessions: Sessions, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From inside a shorter chain looks whole; the line written yesterday knows better."""
    path = tmp_path_factory.mktemp("anchors") / "audit-anchors.txt"
    await anchor(sessions, path, NOW)
    await anchor(sessions, path, NOW)
    anchors = tuple(read_anchors(path))
    assert [known.seq for known in anchors] == [10]
    for statement in (*UNLOCK[engine.dialect.name], "DELETE FROM audit WHERE seq > 8"):
        await chain.execute(text(statement))
    assert await _check(chain) is None
    assert await _check(chain, anchors) == Fault(9, cut=True)


async def test_a_chain_rewritten_with_another_key_is_broken_at_its_first_row(chain: AsyncSession) -> None:
    assert await verify(chain, b"another key") == Fault(1)


async def test_an_act_that_is_rolled_back_leaves_no_row(sessions: Sessions) -> None:
    async with sessions() as session:
        await note(session, RAO, Entry("look:card", "scan", 1), NOW)
        await session.rollback()
        assert await search(session) == []


async def _rows_with_the_mail(session: AsyncSession) -> list[AuditRow]:
    rows = list(reversed(await search(session, 200)))
    return rows if "deliver:mail" in {row.act for row in rows} else []


async def test_the_main_job_is_recorded_from_upload_to_delivery(house: House) -> None:
    """Every act, look, refusal and delivery has its row; no row holds a name, an email or a word that was typed."""
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    await house.clinic.mail_to("amina@example.org", "attached", timeout=30)
    await house.rao.presses("Read all")
    await house.rao.sees("replaces none")
    await house.meena.forges("c:approve:1")
    await house.joseph.sends("/audit refused")
    await house.joseph.sees("not_allowed")
    await house.amina.sends("/audit")
    await house.amina.sees("Somebody else does this")

    rows = await eventually(house.app.clinic.sessions, _rows_with_the_mail)
    async with house.app.clinic.sessions() as session:
        assert await _check(session) is None
    acts = [row.act for row in rows]
    wanted = ["upload", "ask_analysis", "record_analysis", "write_findings", "verify", "prescribe", "complete"]
    wanted += ["ask_code", "release", "record_report"]
    assert [act for act in acts if act in wanted] == wanted
    assert {"look:card", "look:story", "look:audit", "deliver:chat", "deliver:mail", "sign_in", "trespass"} <= set(acts)
    written = " ".join(str(getattr(row, column.name)) for row in rows for column in AuditRow.__table__.columns)
    for secret in ("Amina", "Yusuf", "example.org", "opacities", "Paracetamol"):
        assert secret not in written
