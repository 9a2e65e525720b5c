"""Request and record the model's analysis of a scan."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import AiFinding, Scan
from models.vocabulary import ScanStatus
from workflow.actors import SYSTEM, Actor
from workflow.jobs import JobKind, enqueue
from workflow.transitions import Action, advance, lock_scan


async def ask_analysis(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    """Enqueue the analysis. Raises like `advance`; AnalysisRunning while one is pending."""
    scan = await advance(session, scan_id, Action.ASK_ANALYSIS, actor, at)
    scan.analysis_asked_at = at
    return scan


async def record_analysis(session: AsyncSession, finding: AiFinding, at: datetime) -> None:
    """Store the model's result. Raises StaleAction when the scan was rejected or analysed in the meantime."""
    await advance(session, finding.scan_id, Action.RECORD_ANALYSIS, SYSTEM, at)
    session.add(finding)
    enqueue(session, JobKind.CHECK_DRIFT, at)


async def reset_analysis(session: AsyncSession, scan_id: int) -> None:
    """Allow a new request after the analysis failed for good."""
    scan = await lock_scan(session, scan_id)
    if scan.status is ScanStatus.PENDING_AI:
        scan.analysis_asked_at = None
