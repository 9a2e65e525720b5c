"""Opening a scan to work on it, taking it over, giving it back, and the end of claims in which nothing happens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.claims import Claim
from models.tables.scans import Scan
from models.vocabulary import Role
from workflow.actors import SYSTEM, Actor
from workflow.audit.chain import AuditEvent, record
from workflow.claims import assign, claim_of, hold, period
from workflow.errors import StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission
from workflow.scans import drafts, queries
from workflow.transitions import WAITS_FOR, lock_scan, require_separation_of_duties

WARNED_BEFORE: Final = timedelta(minutes=3)  # at most a third of the period


class Ending(NamedTuple):
    """A claim that is about to end: scan, holder, and its end, which each act moves on."""

    scan_id: int
    account_id: int
    until: datetime


async def take(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> None:
    """Claim a scan by opening it to work on it. Raises ClaimedByOther, or like `_workable`."""
    scan = await _workable(session, actor, scan_id)
    if await hold(session, scan, actor, at):
        if actor.role is Role.DOCTOR:
            await drafts.resume(session, actor, scan, at)
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)


async def holder_of(session: AsyncSession, actor: Actor, scan_id: int) -> Claim:
    """The claim of somebody else, to ask whether it shall be taken over. Raises StaleAction where there is none."""
    scan = await _workable(session, actor, scan_id)
    claim = await claim_of(session, scan)
    if claim is None or claim.account_id == actor.account_id:
        raise StaleAction
    return claim


async def take_over(session: AsyncSession, actor: Actor, scan_id: int, holder_id: int, at: datetime) -> Scan:
    """Become the holder instead of `holder_id`, who is told and whose draft is kept; an own draft comes back.

    Raises StaleAction for another holder, or like `_workable`."""
    scan = await _workable(session, actor, scan_id)
    claim = await claim_of(session, scan)
    if claim is None or claim.account_id != holder_id or holder_id == actor.account_id:
        raise StaleAction
    await assign(session, scan, claim, actor, at)
    if actor.role is Role.DOCTOR:
        await drafts.resume(session, actor, scan, at)
    enqueue(
        session,
        JobKind.NOTIFY_TAKEN_OVER,
        at,
        scan_id=scan_id,
        account_id=holder_id,
        by=actor.account_id,
        since=f"{at:%Y%m%d%H%M%S%f}",
    )
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
    return scan


async def give_back(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> None:
    """End one's own claim; the draft stays. Raises StaleAction without a claim."""
    scan = await _workable(session, actor, scan_id)
    claim = await claim_of(session, scan)
    if claim is None or claim.account_id != actor.account_id:
        raise StaleAction
    await _remove(session, claim, scan, actor, at)


async def unused(session: AsyncSession, at: datetime) -> Sequence[int]:
    """Numbers of the scans whose claim's period is over."""
    return (await session.scalars(select(Claim.scan_id).where(Claim.until <= at).order_by(Claim.scan_id))).all()


async def end_unused(session: AsyncSession, scans: Sequence[int], at: datetime) -> None:
    """End those of the claims whose period is still over. Running it again changes nothing."""
    for scan_id in scans:
        scan = await lock_scan(session, scan_id)
        claim = await claim_of(session, scan)
        if claim is not None and claim.until <= at:
            await _remove(session, claim, scan, SYSTEM, at)


async def ending(session: AsyncSession, at: datetime) -> Sequence[Ending]:
    """The claims that end soon without an act."""
    before = min(WARNED_BEFORE, period(session) / 3)
    rows = select(Claim.scan_id, Claim.account_id, Claim.until).where(Claim.until > at, Claim.until <= at + before)
    return [Ending(*row) for row in (await session.execute(rows.order_by(Claim.scan_id))).tuples()]


async def _remove(session: AsyncSession, claim: Claim, scan: Scan, actor: Actor, at: datetime) -> None:
    await session.delete(claim)
    await record(session, actor, AuditEvent("give_back", "scan", scan.id, scan.patient_id, scan.version), at)
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan.id)


async def _workable(session: AsyncSession, actor: Actor, scan_id: int) -> Scan:
    """The locked scan, when it waits for the actor's role. Raises NotFound, StaleAction or SeparationOfDuties."""
    await queries.scan_for(session, scan_id, actor, Permission.CLAIM)
    scan = await lock_scan(session, scan_id)
    if scan.released_at is not None or WAITS_FOR.get(scan.status) is not actor.role:
        raise StaleAction
    await require_separation_of_duties(session, scan, actor)
    return scan
