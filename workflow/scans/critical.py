"""Critical results: communicated at once and escalated until acknowledged."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.jobs import Job
from models.tables.scans import CriticalResult, Scan
from models.vocabulary import Role, ScanStatus
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import FindingsMissing, SeparationOfDuties, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission
from workflow.scans import queries
from workflow.transitions import lock_scan, require_separation_of_duties

ESCALATION_MINUTES: Final = (0, 15, 30, 60, 120, 240, 480)  # after the mark, by level
ESCALATION: Final = tuple(timedelta(minutes=minutes) for minutes in ESCALATION_MINUTES)
DOCTOR_FROM_LEVEL: Final = 2  # from this level on the marking doctor is notified, too


async def mark(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    """Mark a reading as critical and notify at once. Idempotent.

    Raises NotFound, SeparationOfDuties, FindingsMissing or StaleAction (not analysed, rejected or released)."""
    await queries.scan_for(session, scan_id, actor, Permission.MARK_CRITICAL)
    scan = await lock_scan(session, scan_id)
    await require_separation_of_duties(session, scan, actor)
    if scan.status in {ScanStatus.PENDING_AI, ScanStatus.REJECTED} or scan.released_at is not None:
        raise StaleAction
    if scan.reading is None:
        raise FindingsMissing
    if scan.critical is None:
        assert actor.account_id is not None
        scan.critical = CriticalResult(scan_id=scan_id, doctor_id=actor.account_id, marked_at=at)
        await record(
            session, actor, AuditEvent(Permission.MARK_CRITICAL, "scan", scan_id, scan.patient_id, scan.version), at
        )
        await escalate(session, scan, 0, at)
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
    return scan


async def acknowledge(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    """Close the loop: the patient has read the result, or an administrator has reached the patient. Idempotent.

    Raises NotFound, StaleAction (not marked) or SeparationOfDuties (the marking doctor)."""
    await queries.scan_for(session, scan_id, actor, Permission.ACKNOWLEDGE)
    scan = await lock_scan(session, scan_id)
    if scan.critical is None:
        raise StaleAction
    if scan.critical.doctor_id == actor.account_id:
        raise SeparationOfDuties
    if scan.critical.acknowledged_at is None:
        scan.critical.acknowledged_at, scan.critical.acknowledged_by = at, actor.account_id
        await record(
            session, actor, AuditEvent(Permission.ACKNOWLEDGE, "scan", scan_id, scan.patient_id, scan.version), at
        )
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
        if actor.role is Role.PATIENT:
            _set_notified(scan.critical, at)  # the answer may be recorded before the sending of the message
            enqueue(session, JobKind.NOTIFY_ACKNOWLEDGED, at, scan_id=scan_id)
    return scan


async def escalate(session: AsyncSession, scan: Scan, level: int, at: datetime) -> None:
    """Enqueue one escalation level, once. The job notifies people unless the result is acknowledged by then.

    `level` is an index into `ESCALATION`; beyond its end nothing happens."""
    of_scan = select(Job.id).where(Job.kind == JobKind.NOTIFY_CRITICAL, Job.payload["scan_id"].as_integer() == scan.id)
    enqueued = await session.scalar(of_scan.where(Job.payload["rung"].as_integer() == level))
    if scan.critical is not None and level < len(ESCALATION) and enqueued is None:
        due = max(at, scan.critical.marked_at + ESCALATION[level])
        enqueue(session, JobKind.NOTIFY_CRITICAL, due, scan_id=scan.id, rung=level)


async def record_notified(session: AsyncSession, scan_id: int, at: datetime) -> None:
    """Record the time at which the patient's chat received the result; the first time counts."""
    scan = await lock_scan(session, scan_id)
    if scan.critical is not None:
        _set_notified(scan.critical, at)


def _set_notified(critical: CriticalResult, at: datetime) -> None:
    critical.told_at = critical.told_at or at
