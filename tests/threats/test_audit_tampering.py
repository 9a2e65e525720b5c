"""Threat: an attacker with the database changes, removes, reorders or truncates the audit record."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.app import Engines
from bot.jobs.cleanup import anchor_head
from bot.observability.audit_anchor import OUTER, find_anchors, read_anchors, record_anchor
from models.base import Sessions
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.tables.deliveries import Delivery, DeliveryState
from models.vocabulary import Role
from tests.support.people import Clinic, eventually
from tests.support.rows import KEY, a_person
from tests.support.web import running
from workflow.actors import Actor
from workflow.audit.chain import AUDIT_CONTEXT, GENESIS, Anchor, AuditEvent, ChainBreak, Outcome, record, verify
from workflow.audit.search import UNFILTERED, AuditFilter, search
from workflow.request_id import REQUEST_ID

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
            await record(session, RAO, AuditEvent("look:card", "scan", number, patient_id=7, version=1), NOW)
    async with sessions() as session:
        yield session


async def _check(session: AsyncSession, anchors: tuple[Anchor, ...] = ()) -> ChainBreak | None:
    return await verify(session, session.info[AUDIT_CONTEXT].key, anchors)


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
        ("UPDATE audit SET role = 'patient' WHERE seq = 4", ChainBreak(4)),
        ("UPDATE audit SET reason = '' WHERE seq = 1", ChainBreak(1)),
        ("UPDATE audit SET patient = NULL WHERE seq = 10", ChainBreak(10)),
        ("DELETE FROM audit WHERE seq = 4", ChainBreak(4)),
        ("DELETE FROM audit WHERE seq = 1", ChainBreak(1)),
        ("UPDATE audit SET seq = 20 WHERE seq = 10", ChainBreak(10)),
        ("UPDATE audit SET hash = previous WHERE seq = 6", ChainBreak(6)),
    ],
)
async def test_who_gets_past_the_triggers_is_found(
    chain: AsyncSession, engine: AsyncEngine, tampering: str, broken: ChainBreak
) -> None:
    for statement in (*UNLOCK[engine.dialect.name], tampering):
        await chain.execute(text(statement))
    assert await _check(chain) == broken


async def test_a_cut_tail_is_seen_through_the_anchor(
    chain: AsyncSession, engine: AsyncEngine, sessions: Sessions, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A truncated chain is consistent in itself; the anchor written yesterday shows the loss."""
    path = tmp_path_factory.mktemp("anchors") / "audit-anchors.txt"
    await record_anchor(sessions, path, KEY, NOW)
    await record_anchor(sessions, path, KEY, NOW)
    anchors = tuple(read_anchors(path, KEY).known)
    assert [anchor.seq for anchor in anchors] == [10]
    for statement in (*UNLOCK[engine.dialect.name], "DELETE FROM audit WHERE seq > 8"):
        await chain.execute(text(statement))
    assert await _check(chain) is None
    assert await _check(chain, anchors) == ChainBreak(9, truncated=True)


async def _anchored(session: AsyncSession, sessions: Sessions, path: Path) -> list[str]:
    """Three hours with an act each, after two lines of the version before."""
    first = (await session.execute(text("SELECT hash FROM audit WHERE seq = 5"))).scalar_one()
    await session.rollback()
    _write(path, [f"2026-11-20 0 {GENESIS}\n", f"2026-11-21 5 {first}\n"])
    for hour in range(3):
        async with sessions.begin() as other:
            await record(other, RAO, AuditEvent("look:card", "scan", hour), NOW)
        for _ in range(2):
            await record_anchor(sessions, path, KEY, NOW + timedelta(hours=hour))
    return _read(path)


def _read(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("".join(lines))


async def test_no_line_of_the_anchors_is_cut_out_edited_added_or_moved_without_the_key(
    chain: AsyncSession, sessions: Sessions, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("anchors") / "audit-anchors.txt"
    lines = await _anchored(chain, sessions, path)
    whole = read_anchors(path, KEY)
    assert ([anchor.seq for anchor in whole.known], whole.broken_line) == ([5, 11, 12, 13], 0)
    assert await _check(chain, tuple(whole.known)) is None
    tampered = {
        "cut out": (lines[:2] + lines[3:], 3),
        "an old line edited": ([lines[0], lines[1].replace(" 5 ", " 4 "), *lines[2:]], 3),
        "edited": ([*lines[:3], lines[3].replace(" 12 ", " 11 "), lines[4]], 4),
        "moved": ([*lines[:2], lines[3], lines[2], lines[4]], 3),
        "added": ([*lines, f"2026-11-30T01:00Z 14 {'0' * 64} 6 {'0' * 64}\n"], 6),
        "an old line added": ([*lines, f"2026-11-30 14 {'0' * 64}\n"], 6),
        "garbage": ([*lines, "\x00\xff garbage\n"], 6),
        "an empty line": ([lines[0], "\n", *lines[1:]], 2),
        "a number that is none": ([lines[0], lines[1].replace(" 5 ", " x "), *lines[2:]], 2),
    }
    for how, (changed, broken_line) in tampered.items():
        _write(path, changed)
        assert read_anchors(path, KEY).broken_line == broken_line, how
    _write(path, lines)
    assert read_anchors(path, b"another key").broken_line == 3


async def test_a_time_that_cannot_be_read_names_its_row(chain: AsyncSession, engine: AsyncEngine) -> None:
    if engine.dialect.name != "sqlite":  # PostgreSQL stores nothing but times there
        return
    for statement in (*UNLOCK["sqlite"], "UPDATE audit SET at = 'garbage' WHERE seq = 7"):
        await chain.execute(text(statement))
    assert await _check(chain) == ChainBreak(7)


async def test_a_chain_rewritten_with_another_key_is_broken_at_its_first_row(chain: AsyncSession) -> None:
    assert await verify(chain, b"another key") == ChainBreak(1)


async def test_an_act_that_is_rolled_back_leaves_no_row(sessions: Sessions) -> None:
    async with sessions() as session:
        await record(session, RAO, AuditEvent("look:card", "scan", 1), NOW)
        await session.rollback()
        assert await search(session) == []


async def _rows_with_the_mail(session: AsyncSession) -> list[AuditRow]:
    rows = list(reversed(await search(session, 200)))
    return rows if "deliver:email" in {row.act for row in rows} else []


@pytest.mark.slow
async def test_the_main_job_is_recorded_from_upload_to_delivery(clinic: Clinic) -> None:
    """Every act, access, refusal and delivery has its row; no row holds a name, an email or typed text."""
    await clinic.plays("released")
    await clinic.amina.receives_document(timeout=30)
    await clinic.telegram.mail_to("amina@example.org", "attached", timeout=30)
    await clinic.rao.presses("Read all")
    await clinic.rao.sees("replaces none")
    await clinic.meena.forges("c:approve:1")
    await clinic.joseph.sends("/audit refused")
    await clinic.joseph.sees("not_allowed")
    await clinic.joseph.sends("/audit release joseph@example.org #1")
    release = (await clinic.joseph.sees("Words can be combined")).text
    assert "release" in release
    assert "upload" not in release
    await clinic.joseph.sends("/audit P999999 2026-11-25")
    await clinic.joseph.sees("Nothing of that kind")
    await clinic.amina.sends("/audit")
    await clinic.amina.sees("Somebody else does this")

    rows = await eventually(clinic.app.services.sessions, _rows_with_the_mail)
    async with clinic.app.services.sessions() as session:
        assert await _check(session) is None
    acts = [row.act for row in rows]
    wanted = ["upload", "ask_analysis", "record_analysis", "write_findings", "verify", "prescribe", "complete"]
    wanted += ["ask_code", "release", "record_report"]
    assert [act for act in acts if act in wanted] == wanted
    besides = {"look:card", "look:story", "look:audit", "deliver:chat", "deliver:email", "trespass"}
    assert besides <= set(acts)
    written = " ".join(str(getattr(row, column.name)) for row in rows for column in AuditRow.__table__.columns)
    for secret in ("Amina", "Yusuf", "example.org", "opacities", "Paracetamol"):
        assert secret not in written


async def test_two_acts_that_touch_the_same_row_cannot_wait_in_a_circle(sessions: Sessions) -> None:
    """One records first and then writes, the other writes first: the chain's lock is taken last in either order."""
    async with sessions.begin() as session:
        account = await a_person(session, Role.PATIENT)

    async def acts(noting_first: bool, met: asyncio.Barrier) -> None:
        async with sessions.begin() as session:
            steps = [
                lambda: record(session, RAO, AuditEvent("look:card", "scan", 1), NOW),
                lambda: _rename(session, account),
            ]
            await steps[not noting_first]()
            if session.bind.dialect.name == "postgresql":  # SQLite lets one writer in at a time
                await met.wait()
            await steps[noting_first]()

    met = asyncio.Barrier(2)
    async with asyncio.timeout(20):
        await asyncio.gather(acts(True, met), acts(False, met))
    async with sessions() as session:
        assert await _check(session) is None
        assert [row.act for row in await search(session)] == ["look:card", "look:card"]


FILTERS: tuple[tuple[AuditFilter, set[int]], ...] = (
    (UNFILTERED, {1, 2, 3, 4}),
    (AuditFilter(scan_id=1), {1, 3}),
    (AuditFilter(patient_id=7), {1, 2}),
    (AuditFilter(actor="rao@example.org"), {1, 2, 3}),
    (AuditFilter(actor="nobody@example.org"), set()),
    (AuditFilter(day=NOW.replace(hour=0, minute=0, second=0, microsecond=0)), {1, 2, 3}),
    (AuditFilter(act="look"), {1, 4}),
    (AuditFilter(act="l%k"), set()),
    (AuditFilter(outcome=Outcome.REFUSED), {3}),
    (AuditFilter(scan_id=1, act="look"), {1}),
)


@pytest.mark.parametrize(("wanted", "found"), FILTERS)
async def test_the_record_is_searched_by_scan_patient_person_day_act_and_refusal(
    sessions: Sessions, wanted: AuditFilter, found: set[int]
) -> None:
    async with sessions.begin() as session:
        doctor = await a_person(session, Role.DOCTOR, email="rao@example.org")
        await record(session, doctor, AuditEvent("look:card", "scan", 1, patient_id=7), NOW)
        await record(session, doctor, AuditEvent("verify", "scan", 2, patient_id=7), NOW)
        await record(session, doctor, AuditEvent("release", "scan", 1, patient_id=8, outcome=Outcome.REFUSED), NOW)
        await record(session, None, AuditEvent("look:audit", "audit", "all"), NOW + timedelta(days=1))
    async with sessions() as session:
        assert {row.seq for row in await search(session, filters=wanted)} == found


async def _rename(session: AsyncSession, account: Actor) -> None:
    await session.execute(update(Account).where(Account.id == account.account_id).values(name="Amina"))


async def test_the_rows_of_one_transaction_stand_in_the_order_of_its_acts(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for act in ("upload", "look:card", "verify"):
            await record(session, RAO, AuditEvent(act, "scan", 1, reason="why", version=3), NOW)
        REQUEST_ID.set("41")
        await record(session, RAO, AuditEvent("release", "scan", 1), NOW)
    async with sessions() as session:
        rows = list(reversed(await search(session)))
        assert [(row.seq, row.act, row.reason, row.request_id) for row in rows] == [
            (1, "upload", "why", None), (2, "look:card", "why", None), (3, "verify", "why", None),
            (4, "release", None, "41"),
        ]  # fmt: skip
        assert await _check(session) is None


async def test_heads_that_left_the_data_folder_show_what_a_thief_of_the_folder_cut(
    engines: Engines, tmp_path: Path
) -> None:
    """One a day by mail, each to the syslog server; the file beside the database and its key are the thief's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        outward = {"audit_mail": "auditor@example.org", "audit_syslog": f"127.0.0.1:{server.getsockname()[1]}"}
        async with running(engines, tmp_path, **outward) as clinic:
            services = clinic.app.services
            sent = select(Delivery.key).where(Delivery.state == DeliveryState.SENT)
            await eventually(services.sessions, lambda session: session.scalar(sent))  # the start's round is over
            for number in range(3):
                async with services.sessions.begin() as session:
                    await record(session, RAO, AuditEvent("look:card", "scan", number), services.now())
                await anchor_head(services)
            outer: list[Anchor] = []
            while {anchor.seq for anchor in outer} < {1, 2, 3}:  # the start notes an empty chain, too
                line = await asyncio.get_running_loop().sock_recv(server, 2000)
                outer += find_anchors(line.decode())
            [mail] = [mail.text for mail in await clinic.telegram.mails("auditor@example.org")]
            assert OUTER.search(mail)
            services.anchors.file.unlink()
            async with services.sessions() as session:
                for statement in (*UNLOCK["sqlite"], "DELETE FROM audit WHERE seq > 2"):
                    await session.execute(text(statement))
                assert await _check(session) is None
                assert await _check(session, tuple(outer)) == ChainBreak(3, truncated=True)
