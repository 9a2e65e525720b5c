"""What the model said is written down once."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Finding, Scan, Status
from workflow.actors import SYSTEM, Actor
from workflow.jobs import JobKind, enqueue
from workflow.transitions import Action, advance, hold


async def ask_analysis(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    scan = await advance(session, scan_id, Action.ASK_ANALYSIS, actor, at)
    scan.analysis_asked_at = at
    return scan


async def record_analysis(session: AsyncSession, finding: Finding, at: datetime) -> None:
    """Raises StaleAction when the scan was rejected or analysed in the meantime."""
    await advance(session, finding.scan_id, Action.RECORD_ANALYSIS, SYSTEM, at)
    session.add(finding)
    enqueue(session, JobKind.CHECK_DRIFT, at)


async def forget_analysis(session: AsyncSession, scan_id: int) -> None:
    """The analysis failed for good: the doctor may ask for it again."""
    scan = await hold(session, scan_id)
    if scan.status is Status.PENDING_AI:
        scan.analysis_asked_at = None
