"""Deliveries: one row for each report and channel, sent once, with its state and history."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.tables.deliveries import Channel, Delivery, DeliveryEvent, DeliveryState
from models.tables.scans import Report, Scan
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record, record_read
from workflow.errors import NotFound, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, require_proof
from workflow.scans import queries

CHANNELS: Final[Mapping[str, Channel]] = {
    JobKind.SEND_REPORT: Channel.CHAT,
    JobKind.MAIL_REPORT: Channel.EMAIL,
    JobKind.SEND_WHATSAPP: Channel.WHATSAPP,
}
OVERDUE_AFTER: Final = timedelta(minutes=10)  # then an administrator sees it as undelivered


class PriorAttempt(StrEnum):
    """The state of an earlier attempt, found before sending."""

    NONE = "new"
    UNKNOWN = "unknown"  # interrupted by a crash: reports are sent again, notices are not
    FINISHED = "over"  # sent, or failed for good


async def create_delivery(
    session: AsyncSession, report: Report, channel: Channel, at: datetime, chat_id: int | None = None
) -> None:
    """Create the delivery of a report on one channel and enqueue its job. Idempotent."""
    key = delivery_key(report.id, channel, chat_id)
    if await session.get(Delivery, key) is not None:
        return
    delivery = Delivery(key=key, state=DeliveryState.QUEUED, started_at=at, report_id=report.id, channel=channel)
    session.add(delivery)
    await session.flush()
    _record_event(session, delivery, at)
    _enqueue_send(session, delivery, at)


def delivery_key(report_id: int, channel: Channel, chat_id: int | None = None) -> str:
    """The stable key of a delivery."""
    return f"report:{report_id}:{channel}" + (f":{chat_id}" if chat_id is not None else "")


async def begin_delivery(session: AsyncSession, key: str, at: datetime) -> PriorAttempt:
    """Record in a transaction of its own that sending starts. Returns what is known of an earlier attempt."""
    delivery = await session.get(Delivery, key)
    match delivery and delivery.state:
        case None:
            session.add(Delivery(key=key, state=DeliveryState.SENDING, started_at=at))
            return PriorAttempt.NONE
        case DeliveryState.QUEUED:
            await end_delivery(session, key, at, state=DeliveryState.SENDING)
            return PriorAttempt.NONE
        case DeliveryState.SENDING:
            assert delivery is not None
            _record_event(session, delivery, at)
            return PriorAttempt.UNKNOWN
    return PriorAttempt.FINISHED


async def end_delivery(
    session: AsyncSession,
    key: str,
    at: datetime,
    receipt: str | None = None,
    state: DeliveryState = DeliveryState.SENT,
    reason: str | None = None,
) -> None:
    """Record the result: state, the receipt of the channel and the reason of a failure."""
    delivery = await session.get_one(Delivery, key)
    delivery.state, delivery.receipt, delivery.reason = state, receipt or delivery.receipt, reason
    delivery.ended_at = None if state is DeliveryState.SENDING else at
    _record_event(session, delivery, at)


async def undelivered(session: AsyncSession, at: datetime, limit: int = 10) -> Sequence[tuple[Delivery, Report]]:
    """Failed or overdue deliveries with their reports, newest first. Superseded versions do not count."""
    waiting = Delivery.state.in_((DeliveryState.QUEUED, DeliveryState.SENDING)) & (
        Delivery.started_at < at - OVERDUE_AFTER
    )
    newer = aliased(Report)
    superseded = select(newer.id).where(newer.scan_id == Report.scan_id, newer.version > Report.version).exists()
    deliveries = select(Delivery, Report).join(Report, Report.id == Delivery.report_id).where(~superseded)
    deliveries = deliveries.where((Delivery.state == DeliveryState.FAILED) | waiting)
    return (await session.execute(deliveries.order_by(Delivery.started_at.desc()).limit(limit))).tuples().all()


async def of_reports(session: AsyncSession, report_ids: Sequence[int]) -> Sequence[Delivery]:
    """Every delivery of these reports, oldest first."""
    rows = select(Delivery).where(Delivery.report_id.in_(report_ids)).order_by(Delivery.started_at, Delivery.key)
    return (await session.scalars(rows)).all()


async def history(session: AsyncSession, key: str) -> Sequence[DeliveryEvent]:
    """The recorded events of a delivery, oldest first."""
    events = select(DeliveryEvent).where(DeliveryEvent.key == key).order_by(DeliveryEvent.id)
    return (await session.scalars(events)).all()


async def resend(session: AsyncSession, actor: Actor, key: str, at: datetime) -> str:
    """Enqueue a failed delivery again, after the administrator mended its cause. Returns the report's number.

    A key of a superseded version stands for the newest version on the same channel. Raises NotFound or StaleAction."""
    require_proof(actor, Permission.RESEND, at)
    requested = await session.get(Delivery, key)
    if requested is None or requested.report_id is None or requested.channel is None:
        raise NotFound
    report = await queries.latest_report(session, (await session.get_one(Report, requested.report_id)).scan)
    assert report is not None
    key = delivery_key(report.id, requested.channel, _chat_of(requested))
    delivery = await session.get(Delivery, key, with_for_update=True, populate_existing=True)
    if delivery is None or delivery.state is not DeliveryState.FAILED:
        raise StaleAction
    await end_delivery(session, key, at, state=DeliveryState.QUEUED)
    await record(session, actor, AuditEvent(f"send_again:{delivery.channel}", "report", report.id), at)
    _enqueue_send(session, delivery, at)
    return report.number


async def fail_delivery(session: AsyncSession, key: str, reason: str, at: datetime) -> None:
    """Record a permanent failure; of a report, enqueue the notice to administrator and patient."""
    delivery = await session.get(Delivery, key)
    if delivery is None:
        return
    await end_delivery(session, key, at, state=DeliveryState.FAILED, reason=reason)
    if delivery.report_id is None:
        return
    failures = sum(line.state is DeliveryState.FAILED for line in await history(session, key))
    enqueue(session, JobKind.NOTIFY_UNDELIVERED, at, key=key, times=failures)


async def record_bounce(session: AsyncSession, receipt: str, reason: str, at: datetime) -> bool:
    """Record that a channel returned a sent report. Returns False for an unknown receipt or a known failure."""
    sent = select(Delivery).where(Delivery.receipt == receipt, Delivery.report_id.is_not(None))
    delivery = await session.scalar(sent.with_for_update())
    if delivery is None or delivery.state is DeliveryState.FAILED:
        return False
    await fail_delivery(session, delivery.key, reason, at)
    return True


def _enqueue_send(session: AsyncSession, delivery: Delivery, at: datetime) -> None:
    match delivery.channel:
        case Channel.CHAT:
            enqueue(session, JobKind.SEND_REPORT, at, report_id=delivery.report_id, chat_id=_chat_of(delivery))
        case Channel.EMAIL:
            enqueue(session, JobKind.MAIL_REPORT, at, report_id=delivery.report_id)
        case Channel.WHATSAPP:
            enqueue(session, JobKind.SEND_WHATSAPP, at, report_id=delivery.report_id)


def _chat_of(delivery: Delivery) -> int | None:
    return int(delivery.key.rpartition(":")[2]) if delivery.channel is Channel.CHAT else None


def _record_event(session: AsyncSession, delivery: Delivery, at: datetime) -> None:
    if delivery.report_id is not None:
        session.add(DeliveryEvent(key=delivery.key, state=delivery.state, reason=delivery.reason, at=at))


async def open_versions(
    session: AsyncSession, actor: Actor, scan_id: int, at: datetime
) -> tuple[Scan, Sequence[Report]]:
    """The versions of a scan's report, oldest first, for a person who opens it; recorded. Raises NotFound."""
    scan = await queries.scan_for(session, scan_id, actor, Permission.SEE_REPORT)
    versions = await queries.report_versions(session, scan)
    if not versions:
        raise NotFound
    await record_read(session, actor, scan, "report", at)
    return scan, versions
