"""The record: search of the audit trail, for administrators, and the matches as a file. Each search is recorded."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from bot.observability.audit_verification import Result, Way
from bot.web.api.endpoint import Caller
from bot.web.api.shapes import NO_NUL, Answer, Query, QueryDay, QueryId
from bot.web.shared import lists
from bot.web.shared.lists import CsvFile
from models.tables.audit import AuditRow
from workflow.audit.chain import Outcome
from workflow.audit.search import AuditFilter


class RecordRow(Answer):
    """One access or act. `reason` is a code."""

    seq: int
    at: datetime
    actor: int | None
    role: str
    act: str
    object_kind: str
    object_id: str
    outcome: Outcome
    reason: str | None

    @classmethod
    def of(cls, row: AuditRow) -> "RecordRow":
        return cls(
            seq=row.seq,
            at=row.at,
            actor=row.actor_id,
            role=row.role,
            act=row.act,
            object_kind=row.object_kind,
            object_id=row.object_id,
            outcome=Outcome(row.outcome),
            reason=row.reason,
        )


class RecordVerification(Answer):
    """The last walk over the whole record: when, by what way, how many rows, and with what result.

    `number`: the first broken or missing row, or the changed line of the anchors; null where it is whole.
    `vouched`: the last row that an anchor knows; 0: none."""

    at: datetime
    way: Way
    rows: int
    result: Result
    number: int | None
    vouched: int


class RecordPage(Answer):
    """Newest first. `cut`: there may be more. `verified`: null where the record was never verified."""

    rows: list[RecordRow]
    cut: bool
    verified: RecordVerification | None


class RecordQuery(Query):
    """`patient`: the number of the account; `actor`: an email; `day`: in the hospital's zone; `act`: how it begins."""

    scan: QueryId | None = None
    patient: QueryId | None = None
    actor: Annotated[str, StringConstraints(max_length=254, pattern=NO_NUL)] | None = None
    day: QueryDay | None = None
    act: Annotated[str, StringConstraints(max_length=40, pattern=NO_NUL)] | None = None
    outcome: Outcome | None = None


async def show(call: Caller, query: RecordQuery) -> RecordPage:
    """Search the record."""
    rows = await lists.record_rows(call.services, call.actor, _filters(call, query))
    found = await lists.record_verified(call.services)
    verified = RecordVerification(**{**found._asdict(), "number": found.number or None}) if found else None
    return RecordPage(rows=[RecordRow.of(one) for one in rows], cut=len(rows) == lists.SHOWN, verified=verified)


async def export(call: Caller, query: RecordQuery) -> CsvFile:
    """Take the matches as a CSV file; asks for a recent code."""
    return await lists.record_file(call.services, call.actor, _filters(call, query))


def _filters(call: Caller, query: RecordQuery) -> AuditFilter:
    return AuditFilter(
        scan_id=query.scan,
        patient_id=query.patient,
        actor=(query.actor or "").strip().lower() or None,
        day=lists.start_of(query.day, call.texts) if query.day else None,
        act=(query.act or "").strip() or None,
        outcome=query.outcome,
    )
