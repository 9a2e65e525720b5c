"""Request and record the model's analysis of a scan."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.model_watch import ReadAhead
from models.tables.scans import AiFinding, Scan
from models.vocabulary import ScanStatus
from workflow.actors import SYSTEM, Actor
from workflow.audit.chain import AuditEvent, record
from workflow.jobs import JobKind, enqueue
from workflow.transitions import Action, advance, lock_scan


async def ask_analysis(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    """Enqueue the analysis. Raises like `advance`; AnalysisRunning while one is pending."""
    scan = await advance(session, scan_id, Action.ASK_ANALYSIS, actor, at)
    scan.analysis_asked_at = at
    return scan


async def record_analysis(session: AsyncSession, finding: AiFinding, at: datetime) -> None:
    """Store the model's result, in place of one that was read ahead.

    Raises StaleAction when the scan was rejected or analysed in the meantime."""
    await advance(session, finding.scan_id, Action.RECORD_ANALYSIS, SYSTEM, at)
    session.add(finding)
    await session.execute(delete(ReadAhead).where(ReadAhead.scan_id == finding.scan_id))
    enqueue(session, JobKind.CHECK_DRIFT, at)


def basis_of(bundles: Sequence[str], slices: Sequence[int]) -> str:
    """Hash of everything but the scan itself that a forward pass depends on: the bundles, the other slices' scans."""
    return sha256(f"{bundles} {slices}".encode()).hexdigest()


async def keep_ahead(session: AsyncSession, ahead: ReadAhead, at: datetime) -> bool:
    """Keep a forward pass in place of an earlier one; False where a doctor has asked or decided by now."""
    scan = await lock_scan(session, ahead.scan_id)
    if scan.status is not ScanStatus.PENDING_AI or scan.analysis_asked_at is not None:
        return False
    await session.execute(delete(ReadAhead).where(ReadAhead.scan_id == scan.id))
    session.add(ahead)
    await session.flush()
    await record(session, SYSTEM, AuditEvent("read_ahead", "scan", scan.id, scan.patient_id, scan.version), at)
    return True


async def delete_unused(session: AsyncSession) -> None:
    """Delete what was read ahead for scans that were rejected. Idempotent."""
    waiting = select(Scan.id).where(Scan.status == ScanStatus.PENDING_AI)
    await session.execute(delete(ReadAhead).where(ReadAhead.scan_id.not_in(waiting)))


async def reset_analysis(session: AsyncSession, scan_id: int) -> None:
    """Allow a new request after the analysis failed for good."""
    scan = await lock_scan(session, scan_id)
    if scan.status is ScanStatus.PENDING_AI:
        scan.analysis_asked_at = None
