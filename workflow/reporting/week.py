"""The week of the hospital in numbers: scans by hour, minutes by stage, retakes and why, lateness, deliveries.

Nobody's data are in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from math import ceil
from statistics import median
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import lazyload

from models.tables.accounts import Account
from models.tables.deliveries import Channel, Delivery, DeliveryState
from models.tables.scans import Reading, Scan, ScanEvent
from models.vocabulary import ScanStatus
from workflow.actors import Actor
from workflow.permissions import Permission, authorize
from workflow.scans.queries import DUPLICATE, RETAKE_REASONS

DAYS: Final = 7
HOURS: Final = 24
OTHER: Final = "other"  # a reason in somebody's own words
READY: Final = frozenset({DUPLICATE, *(f"reason.{name}" for name in RETAKE_REASONS)})
# the moments of a scan in their order; a release changes no status, and has a column of its own
MOMENTS: Final = ("arrived", "analysed", "signed", "completed", "released", "issued")
STATUSES: Final[Mapping[ScanStatus, str]] = {
    ScanStatus.PENDING_AI: "arrived",
    ScanStatus.AI_ANALYZED: "analysed",
    ScanStatus.DOCTOR_VERIFIED: "signed",
    ScanStatus.PHARMACIST_COMPLETED: "completed",
    ScanStatus.REPORT_READY: "issued",
}
WHOLE: Final = "whole"  # from the arrival to the report


class Day(NamedTuple):
    """A day in the hospital's zone, and the scans that arrived in each of its 24 hours."""

    day: date
    hours: Sequence[int]


class StageTime(NamedTuple):
    """Minutes of the scans that ended a stage in the week: the median, and what nine of ten did not exceed."""

    stage: str  # the moment that ends it, or WHOLE
    scans: int
    median: float
    ninety: float


class ChannelCount(NamedTuple):
    """Deliveries of reports that were begun in the week on one channel."""

    channel: Channel
    sent: int
    failed: int
    waiting: int


class Week(NamedTuple):
    """`retakes`: scans sent back, by the key of a ready reason or OTHER. `late`: of the arrived ones.

    `agreed`, `disagreed`: doctors with the model, in readings signed in the week."""

    days: Sequence[Day]
    stages: Sequence[StageTime]
    retakes: Mapping[str, int]
    deliveries: Sequence[ChannelCount]
    late: int
    agreed: int
    disagreed: int


async def week_of(session: AsyncSession, actor: Actor, at: datetime, zone: tzinfo) -> Week:
    """Today and the six days before it. Raises like `authorize`."""
    authorize(actor, Permission.SEE_WEEK)
    today = at.astimezone(zone).date()
    begin = datetime.combine(today - timedelta(days=DAYS - 1), time(), zone)
    arrived = (await session.execute(select(Scan.created_at, Scan.late_notified).where(Scan.created_at >= begin))).all()
    agreed = await session.execute(
        select(Reading.agrees, func.count())
        .where(Reading.signed_at >= begin, Reading.agrees.is_not(None))
        .group_by(Reading.agrees)
    )
    opinions = {bool(agrees): count for agrees, count in agreed.tuples()}
    return Week(
        days=_by_hour([row.created_at.astimezone(zone) for row in arrived], begin.date()),
        stages=await _stages(session, begin),
        retakes=await _retakes(session, begin),
        deliveries=await _deliveries(session, begin),
        late=sum(row.late_notified is not None for row in arrived),
        agreed=opinions.get(True, 0),
        disagreed=opinions.get(False, 0),
    )


def ninety(values: Sequence[float]) -> float:
    """The least of the values that nine of ten do not exceed (nearest rank); at least one value."""
    return sorted(values)[ceil(0.9 * len(values)) - 1]


def _by_hour(moments: Sequence[datetime], first: date) -> list[Day]:
    counts = Counter((moment.date(), moment.hour) for moment in moments)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [Day(day, [counts[day, hour] for hour in range(HOURS)]) for day in days]


async def _stages(session: AsyncSession, begin: datetime) -> list[StageTime]:
    """Each stage begins with the last moment before it that the scan has: without a model there is no analysis."""
    recent = select(ScanEvent.scan_id).where(ScanEvent.at >= begin)
    first = select(ScanEvent.scan_id, ScanEvent.status, func.min(ScanEvent.at)).where(ScanEvent.scan_id.in_(recent))
    moments: dict[int, dict[str, datetime]] = {}
    grouped = first.group_by(ScanEvent.scan_id, ScanEvent.status)
    for scan_id, status, at in (await session.execute(grouped)).tuples():
        if status in STATUSES:
            moments.setdefault(scan_id, {})[STATUSES[status]] = at
    released = select(Scan.id, Scan.released_at).where(Scan.id.in_(recent), Scan.released_at.is_not(None))
    for scan_id, released_at in (await session.execute(released)).tuples():
        if released_at is not None:
            moments.setdefault(scan_id, {})["released"] = released_at
    minutes: dict[str, list[float]] = {name: [] for name in (*MOMENTS[1:], WHOLE)}
    for of_scan in moments.values():
        _add_minutes(minutes, of_scan, begin)
    return [StageTime(name, len(some), median(some), ninety(some)) for name, some in minutes.items() if some]


def _add_minutes(minutes: Mapping[str, list[float]], moments: Mapping[str, datetime], begin: datetime) -> None:
    known = [(name, moments[name]) for name in MOMENTS if name in moments]
    for (_, start), (name, end) in pairwise(known):
        if end >= begin:
            minutes[name].append((end - start).total_seconds() / 60)
    if "issued" in moments and "arrived" in moments and moments["issued"] >= begin:
        minutes[WHOLE].append((moments["issued"] - moments["arrived"]).total_seconds() / 60)


async def _retakes(session: AsyncSession, begin: datetime) -> Mapping[str, int]:
    """Reasons are encrypted, so each scan is loaded; somebody's own words are counted and not shown."""
    sent_back = select(Scan).where(Scan.status == ScanStatus.REJECTED, Scan.changed_at >= begin)
    readable = sent_back.where(Scan.patient.has(Account.erased_at.is_(None))).options(lazyload("*"))
    scans = await session.scalars(readable)
    reasons = (scan.reason or "" for scan in scans)
    counts = Counter(one if one in READY else OTHER for one in reasons)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


async def _deliveries(session: AsyncSession, begin: datetime) -> list[ChannelCount]:
    started = select(Delivery.channel, Delivery.state, func.count()).where(
        Delivery.report_id.is_not(None), Delivery.started_at >= begin
    )
    rows = (await session.execute(started.group_by(Delivery.channel, Delivery.state))).tuples()
    counts: dict[Channel, Counter[DeliveryState]] = {}
    for channel, state, count in rows:
        if channel is not None:
            counts.setdefault(channel, Counter())[state] += count
    return [
        ChannelCount(
            channel,
            sent=of_channel[DeliveryState.SENT],
            failed=of_channel[DeliveryState.FAILED],
            waiting=of_channel[DeliveryState.QUEUED] + of_channel[DeliveryState.SENDING],
        )
        for channel, of_channel in sorted(counts.items())
    ]
