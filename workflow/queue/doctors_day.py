"""A doctor's own day: readings signed, scans waiting, minutes for a scan, agreement with the model."""

from datetime import datetime
from statistics import median
from typing import Final, NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Reading, Scan, ScanEvent
from models.vocabulary import Role
from workflow.actors import Actor
from workflow.permissions import Permission, authorize
from workflow.transitions import WAITS_FOR, Action

READING_ACTS: Final = (Action.ASK_ANALYSIS, Action.WRITE_FINDINGS, Action.VERIFY)


class DoctorsDay(NamedTuple):
    """`minutes`: the median from the doctor's first act on a scan to the signature; None before the first one.

    `agreed` of `compared`: readings in which the doctor said whether the model was right."""

    read: int
    waiting: int
    minutes: float | None
    agreed: int
    compared: int


async def day_of(session: AsyncSession, actor: Actor, midnight: datetime) -> DoctorsDay:
    """The day since `midnight`. One query for each fact; no scan is loaded."""
    authorize(actor, Permission.SEE_DAY)
    read, agreed, compared = await _signed(session, actor, midnight)
    stages = [status for status, role in WAITS_FOR.items() if role is Role.DOCTOR]
    unread = select(func.count()).select_from(Scan).where(Scan.status.in_(stages), Scan.released_at.is_(None))
    waiting = await session.scalar(unread) or 0
    return DoctorsDay(read, waiting, await _minutes(session, actor, midnight), agreed, compared)


async def _signed(session: AsyncSession, actor: Actor, midnight: datetime) -> tuple[int, int, int]:
    """Readings signed, those in agreement with the model, those with a word about it."""
    agreed = func.coalesce(func.sum(case((Reading.agrees.is_(True), 1), else_=0)), 0)
    counts = select(func.count(), agreed, func.count(Reading.agrees))
    own = counts.where(Reading.doctor_id == actor.account_id, Reading.signed_at >= midnight)
    read, agreeing, spoken = (await session.execute(own)).one()
    return read, agreeing, spoken


async def _minutes(session: AsyncSession, actor: Actor, midnight: datetime) -> float | None:
    """Only what was begun since midnight counts; a correction begins with the first signature."""
    signed = func.max(case((ScanEvent.action == Action.VERIFY, ScanEvent.at)))
    own = select(func.min(ScanEvent.at), signed).where(
        ScanEvent.actor_id == actor.account_id, ScanEvent.at >= midnight, ScanEvent.action.in_(READING_ACTS)
    )
    rows = (await session.execute(own.group_by(ScanEvent.scan_id).having(signed.is_not(None)))).tuples().all()
    return median((end - begin).total_seconds() / 60 for begin, end in rows) if rows else None
