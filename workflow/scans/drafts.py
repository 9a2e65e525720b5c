"""Drafts belong to their authors: a reading is kept as a version before another doctor's words take its place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.readings import ReadingVersion
from models.tables.scans import Reading, Scan
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.transitions import Action, advance

CONTENT: Final = (
    *("own_reading", "findings", "impression", "recommendations", "regions", "diagnosis", "band", "why"),
    *("override", "no_alert"),
)


async def keep(session: AsyncSession, actor: Actor, scan: Scan, at: datetime) -> None:
    """Keep the reading of a locked scan as a version of its author, unless it is the last one kept for them."""
    reading = scan.reading
    if reading is None:
        return
    content, last = _content(reading), _last_of(scan, reading.doctor_id)
    if last is not None and (last.content, last.signed_at) == (content, reading.signed_at):
        return
    scan.versions.append(
        ReadingVersion(
            scan_id=scan.id,
            number=len(scan.versions) + 1,
            doctor=reading.doctor,
            doctor_id=reading.doctor_id,
            content=content,
            signed_at=reading.signed_at,
            created_at=at,
        )
    )
    await record(session, actor, AuditEvent("keep_draft", "scan", scan.id, scan.patient_id, scan.version), at)


async def become_author(session: AsyncSession, actor: Actor, scan: Scan, at: datetime) -> None:
    """Before the actor writes: the draft of another doctor is kept, and the actor goes on from its words."""
    if scan.reading is not None and scan.reading.doctor_id != actor.account_id:
        await keep(session, actor, scan, at)
        await assign(session, scan, actor)


async def resume(session: AsyncSession, actor: Actor, scan: Scan, at: datetime) -> None:
    """When a doctor takes a scan: keep the draft of another doctor, and put the actor's own kept one in its place."""
    reading = scan.reading
    if reading is None or reading.signed_at is not None or reading.doctor_id == actor.account_id:
        return
    await keep(session, actor, scan, at)
    own = _last_of(scan, actor.account_id)
    if own is not None and own.content is not None:
        await _restore(session, actor, scan, own, at)


async def start_from(session: AsyncSession, actor: Actor, scan_id: int, number: int, at: datetime) -> Scan:
    """Begin again from a kept draft; the present one is kept. Raises StaleAction for another version."""
    scan = await advance(session, scan_id, Action.WRITE_FINDINGS, actor, at)
    version = next((one for one in scan.versions if one.number == number), None)
    if version is None or version.content is None:
        raise StaleAction
    await keep(session, actor, scan, at)
    await _restore(session, actor, scan, version, at)
    return scan


async def announce_correction(session: AsyncSession, scan: Scan, at: datetime) -> None:
    """After the new version is signed: a countersignature lapses, and those who went on from the old one are told."""
    assert scan.reading is not None
    prescription = scan.prescription
    if scan.reading.version is None or prescription is None:
        return
    prescription.countersigned_at, prescription.countersigned_by = None, None
    enqueue(session, JobKind.NOTIFY_CORRECTION, at, scan_id=scan.id, version=scan.reading.version)


def kept_drafts(scan: Scan) -> Sequence[ReadingVersion]:
    """The last kept draft of each doctor other than the author of the reading, by number; none once it is signed, and
    none that the reading equals."""
    reading = scan.reading
    if reading is None or reading.signed_at is not None:
        return ()
    last = {one.doctor_id: one for one in scan.versions if one.signed_at is None and one.content}
    others = (one for doctor, one in last.items() if doctor != reading.doctor_id and one.content != _content(reading))
    return sorted(others, key=lambda one: one.number)


async def _restore(session: AsyncSession, actor: Actor, scan: Scan, version: ReadingVersion, at: datetime) -> None:
    if scan.reading is None:
        scan.reading = Reading(scan_id=scan.id)
    for name, value in {"proposed": None, **(version.content or {})}.items():
        setattr(scan.reading, name, value)
    scan.reading.difference_seen = None
    await assign(session, scan, actor)
    await record(session, actor, AuditEvent("restore_draft", "scan", scan.id, scan.patient_id, scan.version), at)


async def assign(session: AsyncSession, scan: Scan, actor: Actor) -> None:
    """Make the actor the author of the reading."""
    assert scan.reading is not None
    assert actor.account_id is not None
    scan.reading.doctor_id = actor.account_id
    await session.flush()
    await session.refresh(scan.reading, ["doctor"])


def _last_of(scan: Scan, doctor_id: int | None) -> ReadingVersion | None:
    return next((one for one in reversed(scan.versions) if one.doctor_id == doctor_id), None)


def _content(reading: Reading) -> dict[str, Any]:
    proposed = {"proposed": reading.proposed} if reading.proposed else {}  # left out, as in older versions, when empty
    return {name: getattr(reading, name) for name in CONTENT} | proposed
