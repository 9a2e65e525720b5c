"""The doctor's and the pharmacist's words: drafts that they may rewrite until they sign."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.scans import Prescription, Reading, Scan
from workflow.actors import Actor
from workflow.jobs import JobKind, enqueue
from workflow.transitions import Action, advance


class Words(NamedTuple):
    """What a doctor writes; `own_reading` is asked for when the model was uncertain."""

    findings: str
    impression: str | None = None
    recommendations: str | None = None
    own_reading: str | None = None


async def write_findings(session: AsyncSession, actor: Actor, scan_id: int, words: Words, at: datetime) -> Scan:
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    await session.merge(Reading(scan_id=scan_id, doctor_id=actor.account_id, **words._asdict(), signed_at=None))
    return scan


async def verify(session: AsyncSession, actor: Actor, scan_id: int, at: datetime, agrees: bool | None = None) -> Scan:
    """Sign, and say whether the model was right. Whoever signs is the author from then on: the words are theirs now."""
    scan = await advance(session, scan_id, Action.VERIFY, actor, at)
    assert scan.reading is not None
    assert actor.account_id is not None
    scan.reading.signed_at, scan.reading.doctor_id, scan.reading.agrees = at, actor.account_id, agrees
    if agrees is not None:
        enqueue(session, JobKind.CHECK_DRIFT, at)
    return scan


async def prescribe(session: AsyncSession, actor: Actor, scan_id: int, lines: Sequence[str], at: datetime) -> Scan:
    """Set the prescription; no lines at all says that no medicine is needed."""
    scan = await advance(session, scan_id, Action.PRESCRIBE, actor, at)
    await session.merge(Prescription(scan_id=scan_id, pharmacist_id=actor.account_id, lines=list(lines)))
    return scan


async def complete(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> Scan:
    scan = await advance(session, scan_id, Action.COMPLETE, actor, at)
    assert scan.prescription is not None
    assert actor.account_id is not None
    scan.prescription.completed_at, scan.prescription.pharmacist_id = at, actor.account_id
    return scan


async def reject(session: AsyncSession, actor: Actor, scan_id: int, reason: str, at: datetime) -> Scan:
    """End a scan here: the patient is told why and how to send a better picture."""
    scan = await advance(session, scan_id, Action.REJECT, actor, at)
    scan.reason = reason
    return scan
