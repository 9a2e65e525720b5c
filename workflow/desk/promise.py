"""The promised time of a report by urgency, and the scans that take longer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, NamedTuple

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.desk import Ticket
from models.tables.scans import CriticalResult, Scan
from models.vocabulary import ScanStatus
from workflow.desk import schedule
from workflow.desk.hours import DeskHours
from workflow.transitions import WAITS_FOR

MOST: Final = 50  # scans of one look; the next look finds the others


class NoticeLevel(IntEnum):
    """How far a delay was told. The values are stored."""

    ON_DUTY = 1  # those on duty, and the patient
    ADMINISTRATORS = 2


class Promise(NamedTuple):
    """The promised times from arrival to release: `urgent` at any hour, `routine` in desk hours.

    `hours`: those of the settings until `delays` puts those in force in their place."""

    urgent: timedelta
    routine: timedelta
    hours: DeskHours

    def due(self, arrived: datetime, urgent_since: datetime | None) -> datetime:
        """When the report is due. A scan that became urgent while it waited is promised from then on."""
        routine = self.hours.add(arrived, self.routine)
        return routine if urgent_since is None else min(routine, max(arrived, urgent_since) + self.urgent)

    def escalates(self, due: datetime, urgent: bool) -> datetime:
        """When the administrators are told: after the urgent time once more, in desk hours unless it is urgent."""
        return due + self.urgent if urgent else self.hours.add(due, self.urgent)


class Delay(NamedTuple):
    """A scan that takes longer than promised: its wait, what was told before, and what is to be told."""

    scan_id: int
    status: ScanStatus
    patient_id: int
    waited: timedelta
    notified: NoticeLevel | None
    level: NoticeLevel


async def delays(session: AsyncSession, promise: Promise, at: datetime) -> Sequence[Delay]:
    """Waiting scans whose delay is to be told, oldest first. One query reads columns only, no scan as a whole;
    where it finds some, the hours in force are read too.

    Urgent are an open emergency of the patient, a critical result (so a red reading) and STAT."""
    emergency = select(func.min(Ticket.opened_at)).where(
        Ticket.account_id == Scan.patient_id, Ticket.urgent.is_(True), Ticket.closed_at.is_(None)
    )
    columns = (Scan.id, Scan.status, Scan.patient_id, Scan.created_at, Scan.late_notified, Scan.stat_at)
    waiting = (
        select(*columns, CriticalResult.marked_at, emergency.scalar_subquery().label("emergency"))
        .outerjoin(CriticalResult, CriticalResult.scan_id == Scan.id)
        .where(Scan.status.in_(WAITS_FOR), Scan.released_at.is_(None))
        .where(or_(Scan.late_notified.is_(None), Scan.late_notified < NoticeLevel.ADMINISTRATORS))
        .where(Scan.created_at <= at - min(promise.urgent, promise.routine))
        .order_by(Scan.created_at, Scan.id)
    )
    found: list[Delay] = []
    if rows := (await session.execute(waiting)).all():
        promise = promise._replace(hours=await schedule.load(session, promise.hours))
    for row in rows:
        since = min(filter(None, (row.stat_at, row.marked_at, row.emergency)), default=None)
        due = promise.due(row.created_at, since)
        level = _due_level(at, due, promise.escalates(due, since is not None))
        notified = NoticeLevel(row.late_notified) if row.late_notified else None
        if level is not None and level != notified:
            found.append(Delay(row.id, row.status, row.patient_id, at - row.created_at, notified, level))
    return found[:MOST]


async def record_notified(session: AsyncSession, delay: Delay) -> None:
    """Record that the delay was told so far. Idempotent."""
    await session.execute(update(Scan).where(Scan.id == delay.scan_id).values(late_notified=delay.level))


def _due_level(at: datetime, due: datetime, escalates: datetime) -> NoticeLevel | None:
    if at < due:
        return None
    return NoticeLevel.ADMINISTRATORS if at >= escalates else NoticeLevel.ON_DUTY
