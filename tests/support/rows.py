"""People and scans for the tests of the workflow, as rows: no chat, no model, no PDF."""

from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, NamedTuple

import bcrypt
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.jobs import Job
from models.tables.scans import AiFinding, Prescription, Reading, Scan, ScanEvent
from models.vocabulary import Role, ScanStatus
from workflow.actors import SYSTEM, Actor, actor_of
from workflow.scans.draft_hash import draft_hash

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
KEY = b"a key of thirty-two characters.."
PROBABILITIES = {
    "COVID": 0.02,
    "Lung_Opacity": 0.03,
    "NIH_MERGED": 0.02,
    "Normal": 0.02,
    "Sick": 0.01,
    "Viral_Pneumonia": 0.9,
}
NUMBERS = count(1)


UNUSABLE: Final = bcrypt.hashpw(b"nobody types this", bcrypt.gensalt(4)).decode()  # a bot may compare with it


class Staff(NamedTuple):
    """One account of each role; `system` has no account."""

    patient: Actor
    doctor: Actor
    pharmacist: Actor
    administrator: Actor
    system: Actor = SYSTEM

    def of(self, role: str) -> Actor:
        actor: Actor = getattr(self, role)
        return actor


async def a_person(session: AsyncSession, role: Role, **facts: Any) -> Actor:
    number = next(NUMBERS)
    fields = {"name": f"{role} {number}", "email": f"{role}{number}@example.org", "password_hash": UNUSABLE} | facts
    account = Account(role=role, created_at=NOW, **fields)
    session.add(account)
    await session.flush()
    return actor_of(account)


async def a_staff(session: AsyncSession) -> Staff:
    people = [await a_person(session, role) for role in Role if role is not Role.SYSTEM]
    return Staff(*people)


async def a_scan(session: AsyncSession, staff: Staff, status: str, **facts: Any) -> Scan:
    """A scan at this stage, with everything that the stage requires."""
    scan = Scan(
        patient_id=staff.patient.account_id,
        status=ScanStatus(status),
        original_file=f"original {next(NUMBERS)}",
        picture_file="picture",
        modality="chest_xray",
        created_at=NOW,
        changed_at=NOW,
        **facts,
    )
    session.add(scan)
    await session.flush()
    stage = list(ScanStatus).index(scan.status) if scan.status is not ScanStatus.REJECTED else 0
    if stage >= 1:
        session.add(a_finding(scan.id))
    if stage >= 2:
        session.add(a_reading(scan.id, staff.doctor, signed_at=NOW))
    if stage >= 3:
        session.add(a_prescription(scan.id, staff.pharmacist, completed_at=NOW))
    await session.flush()
    return scan


def a_finding(scan_id: int, **facts: Any) -> AiFinding:
    fields: dict[str, Any] = {
        "model": "mobilenetv2",
        "model_version": "1",
        "model_sha256": "0" * 64,
        "modality": "chest_xray",
        "label": "Viral_Pneumonia",
        "confidence": 0.9,
        "uncertain": False,
        "abnormal": 0.98,
        "probabilities": dict(PROBABILITIES),
        "heatmap_file": "heatmap",
        "created_at": NOW,
    }
    return AiFinding(scan_id=scan_id, **fields | facts)


def a_reading(scan_id: int, doctor: Actor, **facts: Any) -> Reading:
    fields: dict[str, Any] = {"findings": "Opacities.", "impression": "Infection.", "recommendations": "Rest."}
    return Reading(scan_id=scan_id, doctor_id=doctor.account_id, **fields | facts)


def a_prescription(scan_id: int, pharmacist: Actor, **facts: Any) -> Prescription:
    fields: dict[str, Any] = {"lines": ["Paracetamol 500 mg"]}
    return Prescription(scan_id=scan_id, pharmacist_id=pharmacist.account_id, **fields | facts)


async def seen(session: AsyncSession, scan_id: int) -> str:
    """The content hash of its current text."""
    return draft_hash(await session.get_one(Scan, scan_id, populate_existing=True))


async def jobs_of(session: AsyncSession) -> list[str]:
    """The kinds of all jobs, in the order of their enqueueing."""
    return [job.kind for job in await session.scalars(select(Job).order_by(Job.id))]


async def events_of(session: AsyncSession) -> list[tuple[str, str, str]]:
    fields = await session.scalars(select(ScanEvent).order_by(ScanEvent.id))
    return [(event.action, event.role, event.status.value) for event in fields]
