"""Intake of an uploaded picture as a scan."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from inference.upload.dct_hash import hash_distance
from models.plain_words import one_line
from models.tables.accounts import ChatLink
from models.tables.desk import UrgencyQuestion
from models.tables.scans import Scan, ScanEvent
from models.vocabulary import Modality, ScanStatus
from workflow import consent
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, authorize
from workflow.scans import reading
from workflow.scans.queries import DUPLICATE, is_duplicate, scan_for
from workflow.transitions import Action, lock_scan

MARK_WAITS: Final = timedelta(days=1)  # a mark without a scan goes to the next one taken within it
READ_AHEAD: Final = "read_ahead"  # key in `session.info`: whether the model reads scans when they arrive
SAME_PICTURE: Final = 4  # bits, of 64, by which the hashes of one picture may differ
UNSIGNED: Final = frozenset({ScanStatus.PENDING_AI, ScanStatus.AI_ANALYZED})
MAX_COMPARED: Final = 20  # scans of the patient, newest first


class Upload(NamedTuple):
    """Vault ids of the picture as sent and as shown, its modality, its Telegram album and its perceptual hash."""

    original_file: str
    picture_file: str
    modality: str
    media_group_id: str | None = None
    picture_hash: str | None = None


async def create_scan(session: AsyncSession, actor: Actor, upload: Upload, at: datetime) -> Scan:
    """Store an upload as a new scan. It supersedes the patient's last rejected scan, if that is not superseded yet.

    `same_as` names the patient's earlier scan with the same picture; a press never removes the new one. Raises
    ConsentMissing, and like `authorize`."""
    authorize(actor, Permission.UPLOAD)
    assert actor.account_id is not None
    if not await consent.has_agreed(session, actor):
        raise consent.ConsentMissing
    same = await _same_picture(session, actor.account_id, upload)
    scan = Scan(
        patient_id=actor.account_id,
        **upload._asdict(),
        same_as={"scan": same, "confirmed": None} if same else None,
        supersedes_id=await _scan_to_supersede(session, actor.account_id),
        status=ScanStatus.PENDING_AI,
        created_at=at,
        changed_at=at,
    )
    session.add(scan)
    await session.flush()
    session.add(
        ScanEvent(
            scan_id=scan.id,
            actor_id=actor.person.account_id,
            role=actor.person.role,
            action="upload",
            status=scan.status,
            at=at,
        )
    )
    await _copy_description(session, scan)
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan.id)
    if session.info.get(READ_AHEAD):
        enqueue(session, JobKind.READ_AHEAD, at, lock=READ_AHEAD, scan_id=scan.id)
    await record(session, actor, AuditEvent("upload", "scan", scan.id, scan.patient_id, scan.version), at)
    await _mark_after_answer(session, actor, scan, at)
    return scan


async def mark_urgent(
    session: AsyncSession, actor: Actor | None, question: UrgencyQuestion, scan: Scan, at: datetime
) -> None:
    """Mark a scan as urgent for the doctor: the answer to this question says that it is not bad right now."""
    question.scan_id = scan.id
    await record(session, actor, AuditEvent("mark_urgent", "scan", scan.id, scan.patient_id, scan.version), at)


async def record_complaint(
    session: AsyncSession, actor: Actor, scan_id: int, field: str, text: str, at: datetime
) -> None:
    """Store the patient's own words (`field`: `complaint` or `since`) on a scan and on its whole album.

    Scans that a doctor has signed keep their text. Raises NotFound."""
    scan = await scan_for(session, scan_id, actor, Permission.DESCRIBE)
    await _describe(session, actor, scan, {field: one_line(text)}, at)


class Change(NamedTuple):
    """Words of a field before and after their author edited them."""

    field: str
    before: str
    after: str


async def change_description(session: AsyncSession, actor: Actor, scan_id: int, change: Change, at: datetime) -> bool:
    """Replace words of the complaint or its duration; returns False once a doctor has signed. Raises NotFound."""
    scan = await scan_for(session, scan_id, actor, Permission.DESCRIBE)
    words, before = one_line(getattr(scan, change.field) or ""), one_line(change.before)
    if scan.status not in UNSIGNED or before not in words:
        return False
    await _describe(session, actor, scan, {change.field: words.replace(before, one_line(change.after))}, at)
    return True


async def add_to_complaint(session: AsyncSession, actor: Actor, scan_id: int, text: str, at: datetime) -> None:
    """Add further words, of another picture's caption, to the complaint of a scan and its album. Raises NotFound."""
    scan = await scan_for(session, scan_id, actor, Permission.DESCRIBE)
    earlier, further = scan.complaint or "", one_line(text)
    if further not in earlier:
        await _describe(session, actor, scan, {"complaint": one_line(f"{earlier}\n{further}")}, at)


async def _describe(session: AsyncSession, actor: Actor, scan: Scan, words: Mapping[str, str], at: datetime) -> None:
    """Store the patient's words, by field, on the unsigned scans of the album."""
    scans = (await session.scalars(_unsigned_of_album(scan))).all()
    for one in scans:
        for field, text in words.items():
            setattr(one, field, text)
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=one.id)
    await session.flush()
    for one in scans:  # after all rows are locked: taking the audit chain's lock last avoids deadlocks
        for field in words:
            event = AuditEvent(f"describe:{field}", "scan", one.id, one.patient_id, one.version)
            await record(session, actor, event, at)


def _unsigned_of_album(scan: Scan) -> Select[tuple[Scan]]:
    """The scan and the others of its album that no doctor has signed."""
    same_album = Scan.id == scan.id
    if scan.media_group_id is not None:
        same_album = (Scan.media_group_id == scan.media_group_id) & (Scan.patient_id == scan.patient_id)
    return select(Scan).where(same_album, Scan.status.in_(UNSIGNED)).order_by(Scan.id)


async def _copy_description(session: AsyncSession, scan: Scan) -> None:
    """Give a further picture of an album what the patient has told about those before it."""
    for other in (await session.scalars(_unsigned_of_album(scan))).all():
        if other.id != scan.id:
            scan.complaint, scan.since = other.complaint, other.since


async def answer_same_picture(session: AsyncSession, actor: Actor, scan_id: int, same: bool, at: datetime) -> int:
    """Store the patient's answer whether the picture is that of an earlier scan; returns the earlier scan's id.

    Raises NotFound, or StaleAction when nothing was asked."""
    scan = await scan_for(session, scan_id, actor, Permission.DESCRIBE)
    if scan.same_as is None:
        raise StaleAction
    scan.same_as = {**scan.same_as, "confirmed": same}
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan.id)
    await session.flush()
    await record(
        session, actor, AuditEvent("describe:same_picture", "scan", scan.id, scan.patient_id, scan.version), at
    )
    earlier: int = scan.same_as["scan"]
    return earlier


def may_be_duplicate(scan: Scan) -> bool:
    """Whether an unsigned scan may be closed as the same picture as an earlier one: the patient has not denied it."""
    return scan.status in UNSIGNED and scan.same_as is not None and scan.same_as["confirmed"] is not False


async def close_as_same(session: AsyncSession, actor: Actor, scan_id: int, at: datetime) -> int:
    """End a scan whose picture is that of an earlier one; returns the earlier scan's id. The patient's words and the
    mark "urgent" go over to the earlier scan while that is unsigned.

    Raises what `scan_for` and `advance` raise, or StaleAction where the earlier scan was sent back, too."""
    scan = await scan_for(session, scan_id, actor, Action.REJECT)
    if not may_be_duplicate(scan) or scan.same_as is None:
        raise StaleAction
    earlier = await lock_scan(session, scan.same_as["scan"])
    if earlier.status is ScanStatus.REJECTED:
        raise StaleAction
    if earlier.status in UNSIGNED:
        for field in ("complaint", "since"):
            words = dict.fromkeys(filter(None, (getattr(earlier, field), getattr(scan, field))))
            setattr(earlier, field, "; ".join(words) or None)
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=earlier.id)
        await session.flush()
    await reading.reject(session, actor, scan_id, DUPLICATE, at)
    for question in await session.scalars(select(UrgencyQuestion).where(UrgencyQuestion.scan_id == scan_id)):
        if earlier.status in UNSIGNED:
            await mark_urgent(session, actor, question, earlier, at)
    return earlier.id


async def _same_picture(session: AsyncSession, patient_id: int, upload: Upload) -> int | None:
    """The patient's newest scan with the same picture; None for albums and hearts, whose slices are alike.

    Rejected scans are left out: their picture is to be sent again."""
    if upload.picture_hash is None or upload.media_group_id is not None or upload.modality != Modality.CHEST_XRAY:
        return None
    earlier = select(Scan).where(
        Scan.patient_id == patient_id, Scan.modality == upload.modality, Scan.status != ScanStatus.REJECTED
    )
    for scan in await session.scalars(earlier.order_by(Scan.id.desc()).limit(MAX_COMPARED)):
        if scan.picture_hash and hash_distance(scan.picture_hash, upload.picture_hash) <= SAME_PICTURE:
            return scan.id
    return None


async def _scan_to_supersede(session: AsyncSession, patient_id: int) -> int | None:
    newer = select(Scan.supersedes_id).where(Scan.supersedes_id.is_not(None))
    rejected = select(Scan).where(Scan.patient_id == patient_id, Scan.status == ScanStatus.REJECTED)
    latest = rejected.where(Scan.id.not_in(newer)).order_by(Scan.id.desc()).limit(MAX_COMPARED)
    sent_back = (scan.id for scan in await session.scalars(latest) if not is_duplicate(scan))
    return next(sent_back, None)


async def _mark_after_answer(session: AsyncSession, actor: Actor, scan: Scan, at: datetime) -> None:
    """Mark a new scan as urgent where the patient, or the person who sent it for them, answered No within a day and no
    scan in progress has the mark."""
    people = {scan.patient_id, actor.person.account_id or scan.patient_id}
    own_chats = select(ChatLink.chat_id).where(ChatLink.account_id.in_(people))
    guest = and_(UrgencyQuestion.account_id.is_(None), UrgencyQuestion.chat_id.in_(own_chats))
    waiting = (
        select(UrgencyQuestion)
        .outerjoin(Scan, Scan.id == UrgencyQuestion.scan_id)
        .where(or_(UrgencyQuestion.account_id.in_(people), guest), UrgencyQuestion.bad_now.is_(False))
        .where(UrgencyQuestion.answered_at > at - MARK_WAITS)
        .where(or_(UrgencyQuestion.scan_id.is_(None), Scan.status == ScanStatus.REJECTED))
    )
    for question in await session.scalars(waiting):
        await mark_urgent(session, actor, question, scan, at)
