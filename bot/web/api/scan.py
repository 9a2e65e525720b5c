"""A scan's story, and failed deliveries sent again."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import StringConstraints

from bot.web.api.endpoint import Caller
from bot.web.api.record import RecordRow
from bot.web.api.shapes import NO_NUL, Answer, Body, ClaimOfScan, Patient
from bot.web.shared import lists, story
from bot.web.shared.session import acting
from handlers.ui.texts import plain_text
from handlers.views.cards import Reader, full_text
from handlers.views.rejection import stage_text
from models.tables.deliveries import Channel, Delivery, DeliveryState
from models.vocabulary import ScanStatus
from workflow.permissions import GRANTS, Permission
from workflow.reporting import deliveries


class Happened(Answer):
    """One moment of a scan. `by`: the member of staff."""

    at: datetime
    name: Literal["arrived", "analysed", "signed", "completed", "released"]
    by: str | None


class ReportVersion(Answer):
    number: str
    version: int
    issued_at: datetime


class DeliveryOfReport(Answer):
    """`key`: sends a failed one again; null for all others, and for callers who may not."""

    channel: Channel | None
    state: DeliveryState
    reason: str | None
    at: datetime
    key: str | None


class ScanStory(Answer):
    """`text`: what is recorded of the scan, as its card shows it to the caller's role, in the caller's language.

    `record`: the rows about the scan, newest first; empty for those who may not search the record."""

    scan: int
    patient: Patient
    modality: str
    status: ScanStatus
    stage: str
    may_claim: bool
    claim: ClaimOfScan | None
    happened: list[Happened]
    text: list[str]
    reports: list[ReportVersion]
    deliveries: list[DeliveryOfReport]
    record: list[RecordRow]


class FailedDelivery(Body):
    key: Annotated[str, StringConstraints(min_length=1, max_length=160, pattern=NO_NUL)]


class SentAgain(Answer):
    """The number of the report that is on its way again."""

    report: str


async def show(call: Caller, scan_id: int) -> ScanStory:
    """Read a scan's story; opening it is recorded."""
    actor, read = call.actor, await story.read(call.services, call.actor, scan_id)
    scan, may_resend = read.scan, actor.role in GRANTS[Permission.RESEND]
    return ScanStory(
        scan=scan.id,
        patient=Patient.of(scan.patient, scan.created_at.date()),
        modality=scan.modality,
        status=scan.status,
        stage=stage_text(scan, call.texts),
        may_claim=story.may_claim(scan, actor),
        claim=ClaimOfScan.of(scan.claim, actor.account_id),
        happened=[Happened(at=one.at, name=one.name, by=one.by or None) for one in read.happened],
        text=[plain_text(page) for page in full_text(scan, Reader(actor.role, actor.account_id), call.texts)],
        reports=[
            ReportVersion(number=one.number, version=one.version, issued_at=one.created_at) for one in read.versions
        ],
        deliveries=[_delivery(one, may_resend) for one in read.deliveries],
        record=[RecordRow.of(one) for one in read.rows],
    )


async def resend(call: Caller, body: FailedDelivery) -> SentAgain:
    """Send a failed delivery again, after its cause was mended; asks for a recent code."""
    async with acting(call.services) as session:
        number = await deliveries.resend(session, call.actor, body.key, call.services.now())
    return SentAgain(report=number)


def _delivery(delivery: Delivery, may_resend: bool) -> DeliveryOfReport:
    return DeliveryOfReport(
        channel=delivery.channel,
        state=delivery.state,
        reason=delivery.reason,
        at=delivery.ended_at or delivery.started_at,
        key=(lists.failed_key(delivery) or None) if may_resend else None,
    )
