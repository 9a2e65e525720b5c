"""STAT: staff ask for a scan to be read before all that is neither critical nor red."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission
from workflow.scans import queries
from workflow.transitions import WAITS_FOR, lock_scan


async def set_stat(session: AsyncSession, actor: Actor, scan_id: int, on: bool, at: datetime) -> Scan:
    """Mark a scan as STAT, or unmark it; those who act next are told. Idempotent.

    Raises NotFound, NotAllowed, or StaleAction for a scan that waits for nobody any more."""
    await queries.scan_for(session, scan_id, actor, Permission.SET_STAT)
    scan = await lock_scan(session, scan_id)
    if scan.status not in WAITS_FOR or scan.released_at is not None:
        raise StaleAction
    if (scan.stat_at is not None) is on:
        return scan
    scan.stat_at = at if on else None
    await session.flush()
    event = AuditEvent(f"set_stat:{'on' if on else 'off'}", "scan", scan_id, scan.patient_id, scan.version)
    await record(session, actor, event, at)
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
    if on:
        enqueue(session, JobKind.NOTIFY_STAT, at, scan_id=scan_id, account_id=actor.account_id)
    return scan
