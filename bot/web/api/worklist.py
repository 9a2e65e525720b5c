"""The worklist of the caller's role, and the claims on its scans."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from bot.web.api.endpoint import Caller
from bot.web.api.shapes import Answer, Body, BodyId, ClaimOfScan, Patient, Query, QueryPage
from bot.web.shared import worklist
from bot.web.shared.session import acting
from handlers.ui.texts import plain_text
from handlers.views.reading.model_answer import short_answer
from models.tables.scans import Scan
from workflow.errors import NotFound
from workflow.queue.worklist import Place, Priority, QueueFilter
from workflow.scans import claims

PriorityName = Annotated[str, Field(json_schema_extra={"enum": [one.name.lower() for one in Priority]})]


class Row(Answer):
    """A scan that waits. `model_answer`: in the caller's language; `countersign`: for a doctor's countersignature."""

    scan: int
    priority: PriorityName
    patient: Patient
    created_at: datetime
    modality: str
    complaint: str | None
    model_answer: str | None
    countersign: bool
    claim: ClaimOfScan | None


class Change(Answer):
    """A change to a released report that waits for the role."""

    scan: int
    created_at: datetime


class Counts(Answer):
    """Scans in each part of the worklist."""

    all: int
    mine: int
    urgent: int
    children: int
    hearts: int


class WorklistPage(Answer):
    """Most urgent first. `page` and `last` count from 0; `total` is of the whole worklist."""

    rows: list[Row]
    changes: list[Change]
    counts: Counts
    total: int
    page: int
    last: int


class WorklistQuery(Query):
    part: QueueFilter = QueueFilter.ALL
    page: QueryPage = 0


class NewestChange(Answer):
    """While it stays the same, no worklist has changed."""

    newest: int


class ClaimAct(Body):
    """`holder`: whose claim is taken over."""

    act: Literal["take", "give_back", "take_over"]
    holder: BodyId | None = None


async def show(call: Caller, query: WorklistQuery) -> WorklistPage:
    """Read a page of the worklist; each scan that it shows is recorded."""
    page = await worklist.read(call.services, call.actor, query.part, query.page)
    return WorklistPage(
        rows=[_row(call, scan, place) for scan, place in page.rows],
        changes=[Change(scan=one.scan_id, created_at=one.created_at) for one in page.changes],
        counts=Counts(**{str(one): count for one, count in page.counts.items()}),
        total=page.total,
        page=page.page,
        last=page.last,
    )


async def newest_change(call: Caller) -> NewestChange:
    """Ask whether something happened since, without reading anything."""
    return NewestChange(newest=await call.changes.newest())


async def claim(call: Caller, scan_id: int, body: ClaimAct) -> None:
    """Take the scan, give it back, or take it over from its holder; as the buttons of a card."""
    now = call.services.now()
    async with acting(call.services) as session:
        match body:
            case ClaimAct(act="take"):
                await claims.take(session, call.actor, scan_id, now)
            case ClaimAct(act="give_back"):
                await claims.give_back(session, call.actor, scan_id, now)
            case ClaimAct(holder=int(holder)):
                await claims.take_over(session, call.actor, scan_id, holder, now)
            case _:
                raise NotFound


def _row(call: Caller, scan: Scan, place: Place) -> Row:
    return Row(
        scan=scan.id,
        priority=place.priority.name.lower(),
        patient=Patient.of(scan.patient, scan.created_at.date()),
        created_at=scan.created_at,
        modality=scan.modality,
        complaint=scan.complaint,
        model_answer=plain_text(short_answer(scan.finding, call.texts)) if scan.finding else None,
        countersign=place.countersign,
        claim=ClaimOfScan.of(scan.claim, call.actor.account_id),
    )
