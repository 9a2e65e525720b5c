"""Things that must reach somebody once, and where each of them is."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.tables.jobs import Channel, Delivery, DeliveryEvent, DeliveryState
from models.tables.scans import Report
from workflow.actors import Actor
from workflow.audit.chain import Entry, note
from workflow.errors import NotFound, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Verb, allow
from workflow.scans import queries

WAYS: Final[Mapping[str, Channel]] = {
    JobKind.SEND_REPORT: Channel.CHAT,
    JobKind.MAIL_REPORT: Channel.EMAIL,
    JobKind.SEND_WHATSAPP: Channel.WHATSAPP,
}
PATIENCE: Final = timedelta(minutes=10)  # what is under way for longer is worth an administrator's look


class Outcome(StrEnum):
    """What is known of a thing before it leaves."""

    NEW = "new"
    UNKNOWN = "unknown"  # a crash hid whether it went out: what must arrive goes again, a nudge is dropped
    OVER = "over"  # it arrived, or failed for good


async def owe_delivery(
    session: AsyncSession, report: Report, channel: Channel, at: datetime, chat_id: int | None = None
) -> None:
    """Owe a report on one of its ways: a job of its own, with a key, a status and a history of its own.

    Once: the job that owes may run again after a crash."""
    key = delivery_key(report.id, channel, chat_id)
    if await session.get(Delivery, key) is not None:
        return
    delivery = Delivery(key=key, state=DeliveryState.OWED, started_at=at, report_id=report.id, channel=channel)
    session.add(delivery)
    await session.flush()
    _remember(session, delivery, at)
    _owe(session, delivery, at)


def delivery_key(report_id: int, channel: Channel, chat_id: int | None = None) -> str:
    return f"report:{report_id}:{channel}" + (f":{chat_id}" if chat_id is not None else "")


async def begin_delivery(session: AsyncSession, key: str, at: datetime) -> Outcome:
    """Note that something is about to leave, in a transaction of its own."""
    delivery = await session.get(Delivery, key)
    match delivery and delivery.state:
        case None:
            session.add(Delivery(key=key, state=DeliveryState.SENDING, started_at=at))
            return Outcome.NEW
        case DeliveryState.OWED:
            await end_delivery(session, key, at, state=DeliveryState.SENDING)
            return Outcome.NEW
        case DeliveryState.SENDING:
            return Outcome.UNKNOWN
    return Outcome.OVER


async def end_delivery(
    session: AsyncSession,
    key: str,
    at: datetime,
    receipt: str | None = None,
    state: DeliveryState = DeliveryState.SENT,
    reason: str | None = None,
) -> None:
    delivery = await session.get_one(Delivery, key)
    delivery.state, delivery.receipt, delivery.reason = state, receipt or delivery.receipt, reason
    delivery.ended_at = None if state is DeliveryState.SENDING else at
    _remember(session, delivery, at)


async def undelivered(session: AsyncSession, at: datetime, limit: int = 10) -> Sequence[tuple[Delivery, Report]]:
    """Reports that somebody waits for in vain, newest first: refused for good, or under way for too long.

    Nobody waits for a version that was superseded: the one in its place has deliveries of its own."""
    waiting = Delivery.state.in_((DeliveryState.OWED, DeliveryState.SENDING)) & (Delivery.started_at < at - PATIENCE)
    newer = aliased(Report)
    superseded = select(newer.id).where(newer.scan_id == Report.scan_id, newer.version > Report.version).exists()
    lost = select(Delivery, Report).join(Report, Report.id == Delivery.report_id).where(~superseded)
    lost = lost.where((Delivery.state == DeliveryState.FAILED) | waiting)
    return (await session.execute(lost.order_by(Delivery.started_at.desc()).limit(limit))).tuples().all()


async def history(session: AsyncSession, key: str) -> Sequence[DeliveryEvent]:
    lines = select(DeliveryEvent).where(DeliveryEvent.key == key).order_by(DeliveryEvent.id)
    return (await session.scalars(lines)).all()


async def send_again(session: AsyncSession, actor: Actor, key: str, at: datetime) -> str:
    """What failed is owed once more: an address was put right, or the mail server's settings. The report's number.

    An old button of a superseded version stands for the newest on the same way."""
    allow(actor, Verb.SEND_AGAIN)
    asked = await session.get(Delivery, key)
    if asked is None or asked.report_id is None or asked.channel is None:
        raise NotFound
    report = await queries.latest_report(session, (await session.get_one(Report, asked.report_id)).scan)
    assert report is not None
    key = delivery_key(report.id, asked.channel, _chat_of(asked))
    delivery = await session.get(Delivery, key, with_for_update=True, populate_existing=True)
    if delivery is None or delivery.state is not DeliveryState.FAILED:
        raise StaleAction
    await end_delivery(session, key, at, state=DeliveryState.OWED)
    await note(session, actor, Entry(f"send_again:{delivery.channel}", "report", report.id), at)
    _owe(session, delivery, at)
    return report.number


async def fail_delivery(session: AsyncSession, key: str, reason: str, at: datetime) -> None:
    """It will not arrive: administrator and patient are owed a word about it."""
    delivery = await session.get(Delivery, key)
    if delivery is None or delivery.report_id is None:
        return
    await end_delivery(session, key, at, state=DeliveryState.FAILED, reason=reason)
    failures = sum(line.state is DeliveryState.FAILED for line in await history(session, key))
    enqueue(session, JobKind.TELL_UNDELIVERED, at, key=key, times=failures)


async def came_back(session: AsyncSession, receipt: str, reason: str, at: datetime) -> bool:
    """What was taken at first is returned later. False: no report of ours bears this receipt, or we know already."""
    sent = select(Delivery).where(Delivery.receipt == receipt, Delivery.report_id.is_not(None))
    delivery = await session.scalar(sent.with_for_update())
    if delivery is None or delivery.state is DeliveryState.FAILED:
        return False
    await fail_delivery(session, delivery.key, reason, at)
    return True


def _owe(session: AsyncSession, delivery: Delivery, at: datetime) -> None:
    match delivery.channel:
        case Channel.CHAT:
            enqueue(session, JobKind.SEND_REPORT, at, report_id=delivery.report_id, chat_id=_chat_of(delivery))
        case Channel.EMAIL:
            enqueue(session, JobKind.MAIL_REPORT, at, report_id=delivery.report_id)
        case Channel.WHATSAPP:
            enqueue(session, JobKind.SEND_WHATSAPP, at, report_id=delivery.report_id)


def _chat_of(delivery: Delivery) -> int | None:
    return int(delivery.key.rpartition(":")[2]) if delivery.channel is Channel.CHAT else None


def _remember(session: AsyncSession, delivery: Delivery, at: datetime) -> None:
    if delivery.report_id is not None:
        session.add(DeliveryEvent(key=delivery.key, state=delivery.state, reason=delivery.reason, at=at))
