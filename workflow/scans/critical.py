"""A result that cannot wait: marked by the doctor, told at once, told again until somebody has heard it."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.jobs import Job
from models.tables.people import Role
from models.tables.scans import Critical, Scan, Status
from workflow.actors import Actor
from workflow.audit.chain import Entry, note
from workflow.errors import FindingsMissing, SameHand, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Verb
from workflow.scans import queries
from workflow.transitions import hold, one_role_only

LADDER: Final = tuple(timedelta(minutes=minutes) for minutes in (0, 15, 30, 60, 120, 240, 480))  # after the mark
DOCTOR_FROM: Final = 2  # the rung from which the doctor hears as well that nobody has answered


async def mark(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    """The doctor's word that this reading cannot wait for the report. A second press changes nothing."""
    await queries.scan_for(session, scan_id, actor, Verb.MARK_CRITICAL)
    scan = await hold(session, scan_id)
    await one_role_only(session, scan, actor)
    if scan.status in {Status.PENDING_AI, Status.REJECTED} or scan.released_at is not None:
        raise StaleAction
    if scan.reading is None:
        raise FindingsMissing
    if scan.critical is None:
        assert actor.account_id is not None
        scan.critical = Critical(scan_id=scan_id, doctor_id=actor.account_id, marked_at=at)
        await note(session, actor, Entry(Verb.MARK_CRITICAL, "scan", scan_id, scan.patient_id, scan.version), at)
        await climb(session, scan, 0, at)
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
    return scan


async def acknowledge(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    """The patient has read it, or an administrator has reached the patient: the loop is closed, once."""
    await queries.scan_for(session, scan_id, actor, Verb.ACKNOWLEDGE)
    scan = await hold(session, scan_id)
    if scan.critical is None:
        raise StaleAction
    if scan.critical.doctor_id == actor.account_id:
        raise SameHand
    if scan.critical.acknowledged_at is None:
        scan.critical.acknowledged_at, scan.critical.acknowledged_by = at, actor.account_id
        await note(session, actor, Entry(Verb.ACKNOWLEDGE, "scan", scan_id, scan.patient_id, scan.version), at)
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
        if actor.role is Role.PATIENT:
            _told(scan.critical, at)  # who answers a message has it, before Telegram's word on it is written down
            enqueue(session, JobKind.TELL_HEARD, at, scan_id=scan_id)
    return scan


async def climb(session: AsyncSession, scan: Scan, rung: int, at: datetime) -> None:
    """Owe this rung of the ladder once, if there is one: it tells people, unless somebody has answered by then."""
    of_scan = select(Job.id).where(Job.kind == JobKind.TELL_CRITICAL, Job.payload["scan_id"].as_integer() == scan.id)
    owed = await session.scalar(of_scan.where(Job.payload["rung"].as_integer() == rung))
    if scan.critical is not None and rung < len(LADDER) and owed is None:
        due = max(at, scan.critical.marked_at + LADDER[rung])
        enqueue(session, JobKind.TELL_CRITICAL, due, scan_id=scan.id, rung=rung)


async def note_told(session: AsyncSession, scan_id: int, at: datetime) -> None:
    """The patient's chat has it."""
    scan = await hold(session, scan_id)
    if scan.critical is not None:
        _told(scan.critical, at)


def _told(critical: Critical, at: datetime) -> None:
    critical.told_at = critical.told_at or at
