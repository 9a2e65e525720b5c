"""Frequent queries find their rows by an index: none reads the whole of a table that grows."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from models.base import Sessions
from models.tables.codes import Code, Purpose
from models.vocabulary import Role
from tests.support.databases import statements
from tests.support.rows import NOW
from workflow.accounts.codes import open_code
from workflow.actors import Actor
from workflow.audit.chain import Outcome
from workflow.audit.search import AuditFilter, events_about, search
from workflow.model_watch import quality, weeks
from workflow.queue import worklist
from workflow.reporting.deliveries import undelivered
from workflow.scans import queries

GROWING = (
    "accounts",
    "audit",
    "codes",
    "deliveries",
    "findings",
    "jobs",
    "links",
    "readings",
    "reports",
    "scans",
    "silent_findings",
)
FULL_SCAN = re.compile(rf"^SCAN ({'|'.join(GROWING)})\b(?!.* ix_audit_refused$)|\bSeq Scan on ({'|'.join(GROWING)})\b")
Query = Callable[[AsyncSession], Awaitable[object]]


def _code(session: AsyncSession) -> Awaitable[object]:
    code = Code(purpose=Purpose.CONFIRM_EMAIL, chat_id=1, email="amina@example.org")
    return open_code(session, code, NOW)


QUERIES: dict[str, Query] = {
    "a code is requested": _code,
    "doctors' agreement": lambda session: quality.decisions(session, "model"),
    "distances": lambda session: quality.distances(session, "model"),
    "the model by week": lambda session: weeks.weeks(session, "model", "trial", NOW, UTC),
    "undelivered": lambda session: undelivered(session, NOW),
    "the queue": lambda session: worklist.queue(session, Actor(1, Role.DOCTOR), NOW, model_enabled=True),
    "chats of a role": lambda session: queries.chats_of_role(session, Role.DOCTOR),
    "chats acting as": lambda session: queries.chats_acting_as(session, Role.DOCTOR),
    "/audit of a scan": lambda session: search(session, filters=AuditFilter(scan_id=7)),
    "/audit of a patient": lambda session: search(session, filters=AuditFilter(patient_id=7)),
    "/audit of an actor": lambda session: search(session, filters=AuditFilter(actor="rao@example.org")),
    "/audit of refusals": lambda session: search(session, filters=AuditFilter(outcome=Outcome.REFUSED)),
    "a patient's own record": lambda session: events_about(session, 7),
}


async def _plan(engine: AsyncEngine, sessions: Sessions, query: Query) -> list[str]:
    """The lines of the plans. On an empty table PostgreSQL prefers a scan, so it is told to avoid one where it can."""
    async with statements(engine) as executed, sessions() as session:
        await query(session)
        await session.rollback()
    assert executed
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    lines = []
    async with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in executed:
            plan = await connection.exec_driver_sql(explain + statement, parameters)
            lines += [str(row[-1]).strip() for row in plan]
    return lines


@pytest.mark.parametrize("name", QUERIES)
async def test_no_query_reads_a_whole_table(engine: AsyncEngine, sessions: Sessions, name: str) -> None:
    lines = await _plan(engine, sessions, QUERIES[name])
    assert [line for line in lines if FULL_SCAN.search(line)] == []


@pytest.mark.parametrize("name", ["doctors' agreement", "distances"])
async def test_the_latest_values_of_a_model_are_read_in_order(
    engine: AsyncEngine, sessions: Sessions, name: str
) -> None:
    """SQLite walks back in the index and stops at the limit, instead of sorting every row of the model."""
    assert not any("TEMP B-TREE" in line for line in await _plan(engine, sessions, QUERIES[name]))
