"""Questions to the database. Each takes the session, asks one thing and changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.chats import Card, HandledUpdate
from models.jobs import Job
from models.people import Account, Link, Role
from models.scans import Finding, Report, Scan, Status
from workflow.actors import Actor
from workflow.errors import NotFound
from workflow.transitions import WAITS_FOR

CARDIAC: Final = "cardiac_mri"
SEES: Final[Mapping[Role, frozenset[Status]]] = {
    Role.PATIENT: frozenset(Status),
    Role.DOCTOR: frozenset(Status),
    Role.PHARMACIST: frozenset(
        (Status.DOCTOR_VERIFIED, Status.PHARMACIST_COMPLETED, Status.REPORT_READY, Status.REJECTED)
    ),
    Role.ADMINISTRATOR: frozenset((Status.PHARMACIST_COMPLETED, Status.REPORT_READY, Status.REJECTED)),
    Role.SYSTEM: frozenset(Status),
}


def visible(actor: Actor) -> Select[tuple[Scan]]:
    """The scans that this person may know of; every reading of scans goes through here."""
    scans = select(Scan).where(Scan.status.in_(SEES[actor.role]))
    return scans.where(Scan.patient_id == actor.account_id) if actor.role is Role.PATIENT else scans


async def scan_for(session: AsyncSession, scan_id: int, actor: Actor) -> Scan:
    """One scan with all that was said about it. Somebody else's looks like none: NotFound."""
    scan = await session.scalar(visible(actor).where(Scan.id == scan_id))
    if scan is None:
        raise NotFound
    return scan


async def own_scans(session: AsyncSession, actor: Actor, limit: int = 10) -> Sequence[Scan]:
    """A patient's scans, newest first."""
    mine = visible(actor).where(Scan.patient_id == actor.account_id)
    return (await session.scalars(mine.order_by(Scan.id.desc()).limit(limit))).all()


async def other_slices(session: AsyncSession, scan: Scan) -> Sequence[Scan]:
    """The other slices of the same heart, sent in the same album: the label is the patient's, not a slice's."""
    if scan.media_group_id is None or scan.modality != CARDIAC:
        return ()
    album = select(Scan).where(Scan.media_group_id == scan.media_group_id, Scan.patient_id == scan.patient_id)
    slices = album.where(Scan.id != scan.id, Scan.modality == CARDIAC, Scan.status != Status.REJECTED)
    return (await session.scalars(slices.order_by(Scan.id))).all()


async def queue(session: AsyncSession, role: Role, limit: int = 10) -> Sequence[Scan]:
    """Scans waiting for this role, oldest first."""
    stages = [status for status, waiting in WAITS_FOR.items() if waiting is role]
    waiting = select(Scan).where(Scan.status.in_(stages), Scan.released_at.is_(None))
    return (await session.scalars(waiting.order_by(Scan.created_at, Scan.id).limit(limit))).all()


async def chats_of(session: AsyncSession, role: Role) -> Sequence[int]:
    """Every chat in which somebody of this role listens."""
    linked = select(Link.chat_id).join(Account).where(Account.role == role)
    return (await session.scalars(linked)).all()


async def patient_chats(session: AsyncSession, scan: Scan) -> Sequence[int]:
    return (await session.scalars(select(Link.chat_id).where(Link.account_id == scan.patient_id))).all()


async def card_chats(session: AsyncSession, scan_id: int) -> Sequence[int]:
    return (await session.scalars(select(Card.chat_id).where(Card.scan_id == scan_id))).all()


async def latest_report(session: AsyncSession, scan: Scan) -> Report | None:
    versions = select(Report).where(Report.scan_id == scan.id).order_by(Report.version.desc())
    report: Report | None = await session.scalar(versions.limit(1))
    return report


async def staff(session: AsyncSession) -> Sequence[Account]:
    listed = select(Account).where(Account.role != Role.PATIENT).order_by(Account.role, Account.name)
    return (await session.scalars(listed)).all()


async def count_people(session: AsyncSession) -> Mapping[Role, int]:
    rows = await session.execute(select(Account.role, func.count()).group_by(Account.role))
    return dict(rows.tuples().all())


async def count_scans(session: AsyncSession) -> Mapping[Status, int]:
    rows = await session.execute(select(Scan.status, func.count()).group_by(Scan.status))
    return dict(rows.tuples().all())


async def oldest_due_job(session: AsyncSession, at: datetime) -> datetime | None:
    """When the job that has waited longest was due; the age of the queue."""
    waiting = select(func.min(Job.run_at)).where(Job.ended_at.is_(None), Job.run_at <= at)
    oldest: datetime | None = await session.scalar(waiting)
    return oldest


async def was_handled(session: AsyncSession, update_id: int) -> bool:
    return await session.get(HandledUpdate, update_id) is not None


async def kept_files(session: AsyncSession) -> set[str]:
    """Every vault id that some row speaks of."""
    columns = (Scan.original_file, Scan.picture_file, Finding.heatmap_file, Report.file)
    return {name for column in columns for name in await session.scalars(select(column)) if name is not None}


async def account_of(session: AsyncSession, actor: Actor) -> Account:
    return await session.get_one(Account, actor.account_id)
