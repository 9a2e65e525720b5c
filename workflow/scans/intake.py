"""A picture becomes a scan."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Scan, ScanEvent, Status
from workflow.actors import Actor
from workflow.audit.chain import Entry, note
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Verb, allow
from workflow.scans.queries import scan_for


class Upload(NamedTuple):
    """Vault ids of the picture as it was sent and as it is shown, what it is, and the album it came in."""

    original_file: str
    picture_file: str
    modality: str
    media_group_id: str | None = None


async def open_scan(session: AsyncSession, actor: Actor, upload: Upload, at: datetime) -> Scan:
    """Take a picture in. It supersedes the patient's last scan for which a better picture was asked."""
    allow(actor, Verb.UPLOAD)
    assert actor.account_id is not None
    scan = Scan(
        patient_id=actor.account_id,
        **upload._asdict(),
        supersedes_id=await _awaiting_better(session, actor.account_id),
        status=Status.PENDING_AI,
        created_at=at,
        changed_at=at,
    )
    session.add(scan)
    await session.flush()
    session.add(
        ScanEvent(
            scan_id=scan.id, actor_id=actor.account_id, role=actor.role, action="upload", status=scan.status, at=at
        )
    )
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan.id)
    await note(session, actor, Entry("upload", "scan", scan.id, scan.patient_id, scan.version), at)
    return scan


async def describe(session: AsyncSession, actor: Actor, scan_id: int, field: str, words: str, at: datetime) -> None:
    """Note what the patient says (`complaint` or `since`) on a scan, and on the whole album it came in.

    Once a doctor has signed, the words stay what they were when he did."""
    scan = await scan_for(session, scan_id, actor, Verb.DESCRIBE)
    together = Scan.id == scan_id
    if scan.media_group_id is not None:
        together = (Scan.media_group_id == scan.media_group_id) & (Scan.patient_id == scan.patient_id)
    open_ones = select(Scan).where(together, Scan.status.in_((Status.PENDING_AI, Status.AI_ANALYZED)))
    described = (await session.scalars(open_ones)).all()
    for one in described:
        setattr(one, field, words)
        enqueue(session, JobKind.SHOW_CARDS, at, scan_id=one.id)
    await session.flush()
    for one in described:  # after every row is ours: the chain's lock comes last, so that nobody waits in a circle
        await note(session, actor, Entry(f"describe:{field}", "scan", one.id, one.patient_id, one.version), at)


async def _awaiting_better(session: AsyncSession, patient_id: int) -> int | None:
    newer = select(Scan.supersedes_id).where(Scan.supersedes_id.is_not(None))
    rejected = select(Scan.id).where(Scan.patient_id == patient_id, Scan.status == Status.REJECTED)
    latest = rejected.where(Scan.id.not_in(newer)).order_by(Scan.id.desc()).limit(1)
    found: int | None = await session.scalar(latest)
    return found
