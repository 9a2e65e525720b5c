"""Questions to the database. Each takes the session, asks one thing and changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from models.tables.chats import Card, HandledUpdate
from models.tables.jobs import Job
from models.tables.people import Account, HeldRole, Link, Role
from models.tables.scans import Finding, Report, Scan, Status
from workflow.actors import Actor
from workflow.errors import NotFound, SameHand
from workflow.permissions import Deed, Verb, reachable
from workflow.transitions import WAITS_FOR, Action, one_role_only

CARDIAC: Final = "cardiac_mri"


async def scan_for(session: AsyncSession, scan_id: int, actor: Actor, deed: Deed = Verb.SEE_SCAN) -> Scan:
    """One scan with all that was said about it. One out of reach looks like none: NotFound.

    Raises SameHand for a move by who has signed it in another role."""
    scan = await session.scalar(reachable(actor, deed).where(Scan.id == scan_id))
    if scan is None:
        raise NotFound
    if isinstance(deed, Action):
        await one_role_only(session, scan, actor)
    return scan


async def own_scans(session: AsyncSession, actor: Actor, limit: int = 10) -> Sequence[Scan]:
    """A patient's scans, newest first."""
    mine = reachable(actor, Verb.SEE_OWN)
    return (await session.scalars(mine.order_by(Scan.id.desc()).limit(limit))).all()


async def earlier_scans(session: AsyncSession, scan: Scan, limit: int = 5) -> Sequence[Scan]:
    """The patient's earlier scans that have a report, newest first: what the doctor can compare with."""
    before = select(Scan).where(Scan.patient_id == scan.patient_id, Scan.id < scan.id)
    ready = before.where(Scan.status == Status.REPORT_READY)
    return (await session.scalars(ready.order_by(Scan.id.desc()).limit(limit))).all()


async def compared(session: AsyncSession, scan: Scan) -> Sequence[Scan]:
    """Those that were there when the doctor signed."""
    named = scan.reading.compared if scan.reading and scan.reading.compared else []
    return (await session.scalars(select(Scan).where(Scan.id.in_(named)).order_by(Scan.id.desc()))).all()


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


def holds(*roles: Role) -> ColumnElement[bool]:
    """Of an account: it has one of these roles, whichever acts."""
    also = select(HeldRole.account_id).where(HeldRole.role.in_(roles))
    return Account.role.in_(roles) | Account.id.in_(also)


async def chats_of(session: AsyncSession, role: Role) -> Sequence[int]:
    """Every chat of everybody who holds this role: what must be heard is heard in whatever role the chat acts."""
    linked = select(Link.chat_id).join(Account).where(holds(role), Account.suspended_at.is_(None))
    return (await session.scalars(linked)).all()


async def chats_acting(session: AsyncSession, role: Role) -> Sequence[int]:
    """Those of them that act in it now."""
    acting = func.coalesce(Link.role, Account.role) == role
    linked = select(Link.chat_id).join(Account).where(holds(role), acting, Account.suspended_at.is_(None))
    return (await session.scalars(linked)).all()


async def reaches(session: AsyncSession, scan_id: int, actor: Actor, deed: Deed) -> bool:
    """Whether this person might do this with this scan."""
    try:
        await scan_for(session, scan_id, actor, deed)
    except (NotFound, SameHand):
        return False
    return True


async def patient_chats(session: AsyncSession, scan: Scan) -> Sequence[int]:
    return await chats_of_account(session, scan.patient_id)


async def chats_of_account(session: AsyncSession, account_id: int | None) -> Sequence[int]:
    return (await session.scalars(select(Link.chat_id).where(Link.account_id == account_id))).all()


async def card_chats(session: AsyncSession, scan_id: int) -> Sequence[int]:
    return (await session.scalars(select(Card.chat_id).where(Card.scan_id == scan_id))).all()


async def versions(session: AsyncSession, scan: Scan) -> Sequence[Report]:
    """Every version of a scan's report, oldest first."""
    printed = select(Report).where(Report.scan_id == scan.id).order_by(Report.version)
    return (await session.scalars(printed)).all()


async def own_reports(session: AsyncSession, actor: Actor) -> Sequence[Report]:
    """Every version of a patient's own reports: the newest scan first, and of each scan the newest version."""
    printed = select(Report).join(Scan, Scan.id == Report.scan_id).where(Scan.patient_id == actor.account_id)
    return (await session.scalars(printed.order_by(Report.scan_id.desc(), Report.version.desc()))).all()


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
    """Every vault id that some row speaks of, but for those of people who were forgotten."""
    return await _files(session, Account.erased_at.is_(None))


async def files_of(session: AsyncSession, account_id: int) -> set[str]:
    """Every vault id of one person, forgotten or not."""
    return await _files(session, Account.id == account_id)


async def _files(session: AsyncSession, whose: ColumnElement[bool]) -> set[str]:
    scans = select(Scan.id).join(Account, Account.id == Scan.patient_id).where(whose)
    kept: tuple[tuple[InstrumentedAttribute[Any], InstrumentedAttribute[int]], ...] = (
        (Scan.original_file, Scan.id),
        (Scan.picture_file, Scan.id),
        (Finding.heatmap_file, Finding.scan_id),
        (Report.file, Report.scan_id),
        (Report.copy_file, Report.scan_id),
    )
    asked = [select(name).where(scan.in_(scans), name.is_not(None)) for name, scan in kept]
    return {name for one in asked for name in await session.scalars(one)}


async def account_of(session: AsyncSession, actor: Actor) -> Account:
    return await session.get_one(Account, actor.account_id)
