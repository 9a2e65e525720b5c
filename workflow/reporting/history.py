"""A patient's scans with what was concluded about them, newest first."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.amendments import Amendment, AmendmentState
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.permissions import Permission, scans_in_scope
from workflow.reporting.language import ready_text, report_language
from workflow.reporting.reading import build_reading
from workflow.scans import queries
from workflow.scans.reading import modality_of

MAX_EARLIER: Final = 3  # scans on a card


class PastScan(NamedTuple):
    """A scan and the conclusion of its current report, in one language; None before a doctor has signed."""

    scan: Scan
    conclusion: str | None


class History(NamedTuple):
    """The newest scans, and how many there are in all."""

    scans: Sequence[PastScan] = ()
    total: int = 0


async def earlier_scans(
    session: AsyncSession, actor: Actor, scan: Scan, language: str, most: int = MAX_EARLIER
) -> History:
    """The same patient's scans before this one, without rejected pictures and other slices of its album."""
    earlier = scans_in_scope(actor, Permission.SEE_HISTORY).where(
        Scan.patient_id == scan.patient_id, Scan.id < scan.id, Scan.status != ScanStatus.REJECTED
    )
    if scan.media_group_id is not None:
        earlier = earlier.where(or_(Scan.media_group_id.is_(None), Scan.media_group_id != scan.media_group_id))
    return await history_of(session, earlier, language, most)


async def earlier_scan(
    session: AsyncSession, actor: Actor, scan_id: int, earlier_id: int | None, language: str
) -> tuple[Scan, PastScan]:
    """The scan and one earlier scan of the same patient; the newest one for None.

    Raises NotFound, and StaleAction when the two cannot be compared."""
    scan = await queries.scan_for(session, scan_id, actor, Permission.SEE_HISTORY)
    earlier = await earlier_scans(session, actor, scan, language, most=1 if earlier_id is None else 10**6)
    for past in earlier.scans:
        if earlier_id in {None, past.scan.id}:
            return scan, past
    raise StaleAction


async def history_of(session: AsyncSession, scans: Select[tuple[Scan]], language: str, most: int) -> History:
    """The newest of these scans, each with its conclusion."""
    total = await session.scalar(select(func.count()).select_from(scans.subquery())) or 0
    shown = (await session.scalars(scans.order_by(Scan.id.desc()).limit(most))).all()
    return History([PastScan(scan, await conclusion_of(session, scan, language)) for scan in shown], total)


async def conclusion_of(session: AsyncSession, scan: Scan, language: str) -> str | None:
    """The impression as last amended, else what was signed; None before a doctor has signed."""
    if scan.reading is None or scan.reading.signed_at is None:
        return None
    issued = select(Amendment).where(
        Amendment.scan_id == scan.id, Amendment.state == AmendmentState.ISSUED, Amendment.addendum.is_(False)
    )
    amended = await session.scalar(issued.order_by(Amendment.number.desc()).limit(1))
    if amended is not None and (amended.impression or amended.findings):
        return amended.impression or amended.findings
    words = report_language(language)
    section = build_reading(scan.reading, modality_of(scan), words)
    return section.impression or section.own or section.findings or ready_text(words, "summary", "regions")
