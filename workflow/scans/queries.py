"""Read-only database queries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from models.tables.accounts import Account, AdditionalRole, ChatLink, VoiceNote
from models.tables.chats import Card, HandledUpdate
from models.tables.jobs import Job
from models.tables.model_watch import ReadAhead
from models.tables.proxies import patients_of, proxies_of
from models.tables.scans import AiFinding, Report, Scan
from models.vocabulary import Band, Role, ScanStatus
from workflow.actors import Actor
from workflow.errors import NotFound, SeparationOfDuties
from workflow.permissions import Operation, Permission, scans_in_scope
from workflow.transitions import Action, require_separation_of_duties

CARDIAC: Final = "cardiac_mri"
DUPLICATE: Final = "reason.same_picture"  # a stored reason of a rejection
RETAKE_REASONS: Final = ("blurred", "cut_off", "dark", "glare", "wrong_view")  # ready ones, stored after "reason."


async def scan_for(
    session: AsyncSession, scan_id: int, actor: Actor, operation: Operation = Permission.SEE_SCAN
) -> Scan:
    """The scan, if it is in the actor's scope for `operation`. Raises NotFound, or what `authorize` raises.

    For an `Action`, raises SeparationOfDuties when the actor has signed the scan in another role."""
    scan = await session.scalar(scans_in_scope(actor, operation).where(Scan.id == scan_id))
    if scan is None:
        raise NotFound
    if isinstance(operation, Action):
        await require_separation_of_duties(session, scan, actor)
    return scan


async def own_scans(session: AsyncSession, actor: Actor, limit: int = 10) -> Sequence[Scan]:
    """A patient's scans, newest first."""
    scans = scans_in_scope(actor, Permission.SEE_OWN)
    return (await session.scalars(scans.order_by(Scan.id.desc()).limit(limit))).all()


async def released_scans(session: AsyncSession, actor: Actor, limit: int) -> Sequence[Scan]:
    """The scans with a report that this person may read, newest first."""
    scans = scans_in_scope(actor, Permission.SEE_REPORT).where(Scan.status == ScanStatus.REPORT_READY)
    return (await session.scalars(scans.order_by(Scan.id.desc()).limit(limit))).all()


async def earlier_scans(session: AsyncSession, scan: Scan, limit: int = 5) -> Sequence[Scan]:
    """The patient's earlier scans that have a report, newest first, for comparison."""
    before = select(Scan).where(Scan.patient_id == scan.patient_id, Scan.id < scan.id)
    ready = before.where(Scan.status == ScanStatus.REPORT_READY)
    return (await session.scalars(ready.order_by(Scan.id.desc()).limit(limit))).all()


async def comparison_scans(session: AsyncSession, scan: Scan) -> Sequence[Scan]:
    """The earlier scans that the doctor had for comparison when signing, newest first."""
    ids = scan.reading.compared if scan.reading and scan.reading.compared else []
    return (await session.scalars(select(Scan).where(Scan.id.in_(ids)).order_by(Scan.id.desc()))).all()


async def other_slices(session: AsyncSession, scan: Scan) -> Sequence[Scan]:
    """The other cardiac slices sent in the same album: the model's label is per patient, not per slice."""
    if scan.media_group_id is None or scan.modality != CARDIAC:
        return ()
    album = select(Scan).where(Scan.media_group_id == scan.media_group_id, Scan.patient_id == scan.patient_id)
    slices = album.where(Scan.id != scan.id, Scan.modality == CARDIAC, Scan.status != ScanStatus.REJECTED)
    return (await session.scalars(slices.order_by(Scan.id))).all()


def is_critical(scan: Scan) -> bool:
    """Whether the scan has a critical result."""
    return scan.critical is not None


def is_duplicate(scan: Scan) -> bool:
    """Whether the scan was closed because its picture is that of an earlier scan."""
    return scan.status is ScanStatus.REJECTED and scan.reason == DUPLICATE


def is_urgent(scan: Scan) -> bool:
    """Whether the doctor's reading, signed or a draft, has the urgent band."""
    return scan.reading is not None and scan.reading.band == Band.URGENT


def has_role(*roles: Role) -> ColumnElement[bool]:
    """SQL condition: the account holds one of these roles, whichever is active."""
    additional = select(AdditionalRole.account_id).where(AdditionalRole.role.in_(roles))
    return Account.role.in_(roles) | Account.id.in_(additional)


async def chats_of_role(session: AsyncSession, role: Role) -> Sequence[int]:
    """Chats of all accounts that hold this role, whichever role is active there."""
    linked = select(ChatLink.chat_id).join(Account).where(has_role(role), Account.suspended_at.is_(None))
    return (await session.scalars(linked)).all()


async def chats_acting_as(session: AsyncSession, role: Role) -> Sequence[int]:
    """Chats whose active role is `role`."""
    acting = func.coalesce(ChatLink.role, Account.role) == role
    linked = select(ChatLink.chat_id).join(Account).where(has_role(role), acting, Account.suspended_at.is_(None))
    return (await session.scalars(linked)).all()


async def is_permitted(session: AsyncSession, scan_id: int, actor: Actor, operation: Operation) -> bool:
    """Whether the actor may do `operation` with this scan."""
    try:
        await scan_for(session, scan_id, actor, operation)
    except (NotFound, SeparationOfDuties):
        return False
    return True


async def patient_chats(session: AsyncSession, scan: Scan) -> Sequence[int]:
    """Chats of the scan's patient and of the relatives who act for them."""
    linked = ChatLink.account_id == scan.patient_id, ChatLink.account_id.in_(proxies_of(scan.patient_id))
    return (await session.scalars(select(ChatLink.chat_id).where(or_(*linked)))).all()


async def chats_of_account(session: AsyncSession, account_id: int | None) -> Sequence[int]:
    """Chats linked to this account."""
    return (await session.scalars(select(ChatLink.chat_id).where(ChatLink.account_id == account_id))).all()


async def card_chats(session: AsyncSession, scan_id: int) -> Sequence[int]:
    """Chats that show a card of this scan."""
    return (await session.scalars(select(Card.chat_id).where(Card.scan_id == scan_id))).all()


async def report_versions(session: AsyncSession, scan: Scan) -> Sequence[Report]:
    """Every version of a scan's report, oldest first."""
    reports = select(Report).where(Report.scan_id == scan.id).order_by(Report.version)
    return (await session.scalars(reports)).all()


async def own_reports(session: AsyncSession, actor: Actor) -> Sequence[Report]:
    """Every version of the reports of a patient and of those for whom they act: newest scan first, within a scan the
    newest version first."""
    own = or_(Scan.patient_id == actor.account_id, Scan.patient_id.in_(patients_of(actor.account_id)))
    reports = select(Report).join(Scan, Scan.id == Report.scan_id).where(own)
    return (await session.scalars(reports.order_by(Report.scan_id.desc(), Report.version.desc()))).all()


async def latest_report(session: AsyncSession, scan: Scan) -> Report | None:
    """The newest version of a scan's report; None before the first."""
    versions = select(Report).where(Report.scan_id == scan.id).order_by(Report.version.desc())
    report: Report | None = await session.scalar(versions.limit(1))
    return report


async def staff_accounts(session: AsyncSession) -> Sequence[Account]:
    """Accounts with a staff role, by role and name."""
    accounts = select(Account).where(Account.role != Role.PATIENT).order_by(Account.role, Account.name)
    return (await session.scalars(accounts)).all()


async def count_people(session: AsyncSession) -> Mapping[Role, int]:
    """Number of accounts per first role."""
    rows = await session.execute(select(Account.role, func.count()).group_by(Account.role))
    return dict(rows.tuples().all())


async def count_scans(session: AsyncSession) -> Mapping[ScanStatus, int]:
    """Number of scans per status."""
    rows = await session.execute(select(Scan.status, func.count()).group_by(Scan.status))
    return dict(rows.tuples().all())


async def oldest_due_job(session: AsyncSession, at: datetime) -> datetime | None:
    """The due time of the oldest due job, which gives the age of the queue; None when none is due."""
    waiting = select(func.min(Job.run_at)).where(Job.ended_at.is_(None), Job.run_at <= at)
    oldest: datetime | None = await session.scalar(waiting)
    return oldest


async def was_handled(session: AsyncSession, update_id: int) -> bool:
    """Whether this update has been recorded."""
    return await session.get(HandledUpdate, update_id) is not None


async def stored_files(session: AsyncSession, after: int, most: int) -> tuple[set[str], int | None]:
    """Vault ids that `most` scans with numbers above `after` refer to, and the last number; None after the last scan.

    Without those of erased accounts."""
    batch = select(Scan.id).where(Scan.id > after).order_by(Scan.id).limit(most).subquery()
    last = await session.scalar(select(func.max(batch.c.id)))
    if last is None:
        return set(), None
    return await _files(session, and_(Account.erased_at.is_(None), Scan.id > after, Scan.id <= last)), last


async def conversation_files(session: AsyncSession, account_id: int | None = None) -> set[str]:
    """Vault ids of the voice notes of conversations, of one account or of all that are not erased."""
    owner = Account.erased_at.is_(None) if account_id is None else Account.id == account_id
    notes = select(VoiceNote.file).join(Account, Account.id == VoiceNote.patient_id)
    return set(await session.scalars(notes.where(owner, VoiceNote.scan_id.is_(None))))


async def files_of(session: AsyncSession, account_id: int) -> set[str]:
    """Every vault id of one account, erased or not."""
    return await _files(session, Account.id == account_id) | await conversation_files(session, account_id)


async def _files(session: AsyncSession, owner: ColumnElement[bool]) -> set[str]:
    scans = select(Scan.id).join(Account, Account.id == Scan.patient_id).where(owner)
    columns: tuple[tuple[InstrumentedAttribute[Any], InstrumentedAttribute[int]], ...] = (
        (Scan.original_file, Scan.id),
        (Scan.picture_file, Scan.id),
        (AiFinding.heatmap_file, AiFinding.scan_id),
        (ReadAhead.heatmap_file, ReadAhead.scan_id),
        (Report.file, Report.scan_id),
        (Report.copy_file, Report.scan_id),
    )
    queries = [select(column).where(scan.in_(scans), column.is_not(None)) for column, scan in columns]
    queries.append(select(VoiceNote.file).where(VoiceNote.scan_id.in_(scans)))
    return {column for one in queries for column in await session.scalars(one)}


async def account_of(session: AsyncSession, actor: Actor) -> Account:
    """The actor's account."""
    return await session.get_one(Account, actor.account_id)
