"""Claims: one member of staff at a time writes on a scan; a claim ends by signing, giving back or doing nothing."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.claims import Claim
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import ClaimedByOther

CLAIM_PERIOD: Final = "claim_period"  # key in `session.info`: how long a claim lasts without an act
DEFAULT_PERIOD: Final = timedelta(minutes=15)


def period(session: AsyncSession) -> timedelta:
    """How long a claim lasts without an act."""
    configured: timedelta = session.info.get(CLAIM_PERIOD, DEFAULT_PERIOD)
    return configured


async def claim_of(session: AsyncSession, scan: Scan) -> Claim | None:
    """The claim as committed by now. The scan must be locked: its own `claim` may be older than the lock."""
    found: Claim | None = await session.scalar(
        select(Claim).where(Claim.scan_id == scan.id).execution_options(populate_existing=True)
    )
    return found


async def hold(session: AsyncSession, scan: Scan, actor: Actor, at: datetime) -> bool:
    """Take the claim of a locked scan, or move on the end of one's own; returns whether it was taken now.

    Raises ClaimedByOther while somebody else holds it."""
    claim = await claim_of(session, scan)
    if claim is not None and claim.account_id == actor.account_id and claim.until > at:
        claim.until = at + period(session)
        return False
    require_free(claim, actor, at)
    await assign(session, scan, claim, actor, at)
    return True


def require_free(claim: Claim | None, actor: Actor, at: datetime) -> None:
    """Raise ClaimedByOther while somebody else holds the claim."""
    if claim is not None and claim.account_id != actor.account_id and claim.until > at:
        raise ClaimedByOther(name=claim.holder.name)


async def assign(session: AsyncSession, scan: Scan, claim: Claim | None, actor: Actor, at: datetime) -> None:
    """Make the actor the holder, from now on."""
    assert actor.account_id is not None
    if claim is None:
        session.add(Claim(scan_id=scan.id, account_id=actor.account_id, since=at, until=at + period(session)))
    else:
        claim.account_id, claim.since, claim.until = actor.account_id, at, at + period(session)
    await record(session, actor, AuditEvent("claim", "scan", scan.id, scan.patient_id, scan.version), at)


async def end(session: AsyncSession, scan: Scan, actor: Actor, at: datetime) -> None:
    """End the claim with a signature, which needs no claim of its own. Raises ClaimedByOther."""
    claim = await claim_of(session, scan)
    require_free(claim, actor, at)
    if claim is not None:
        await session.delete(claim)
