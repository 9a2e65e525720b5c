"""People and scans for the tests of the workflow, as rows: no chat, no model, no paper."""

from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.jobs import Job
from models.tables.people import Account, Role
from models.tables.scans import Finding, Prescription, Reading, Scan, ScanEvent, Status
from workflow.actors import SYSTEM, Actor, actor_of
from workflow.reporting.content_hash import mark

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


class Staff(NamedTuple):
    """One of each role; `system` is nobody's account."""

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
    told = {"name": f"{role} {number}", "email": f"{role}{number}@example.org", "password_hash": "x"} | facts
    account = Account(role=role, created_at=NOW, **told)
    session.add(account)
    await session.flush()
    return actor_of(account)


async def a_staff(session: AsyncSession) -> Staff:
    people = [await a_person(session, role) for role in Role if role is not Role.SYSTEM]
    return Staff(*people)


async def a_scan(session: AsyncSession, staff: Staff, status: str, **facts: Any) -> Scan:
    """A scan as it stands at this stage, all that its stage presupposes written."""
    scan = Scan(
        patient_id=staff.patient.account_id,
        status=Status(status),
        original_file=f"original {next(NUMBERS)}",
        picture_file="picture",
        modality="chest_xray",
        created_at=NOW,
        changed_at=NOW,
        **facts,
    )
    session.add(scan)
    await session.flush()
    stage = list(Status).index(scan.status) if scan.status is not Status.REJECTED else 0
    if stage >= 1:
        session.add(a_finding(scan.id))
    if stage >= 2:
        session.add(a_reading(scan.id, staff.doctor, signed_at=NOW))
    if stage >= 3:
        session.add(a_prescription(scan.id, staff.pharmacist, completed_at=NOW))
    await session.flush()
    return scan


def a_finding(scan_id: int, **facts: Any) -> Finding:
    told: dict[str, Any] = {
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
    return Finding(scan_id=scan_id, **told | facts)


def a_reading(scan_id: int, doctor: Actor, **facts: Any) -> Reading:
    told: dict[str, Any] = {"findings": "Opacities.", "impression": "Infection.", "recommendations": "Rest."}
    return Reading(scan_id=scan_id, doctor_id=doctor.account_id, **told | facts)


def a_prescription(scan_id: int, pharmacist: Actor, **facts: Any) -> Prescription:
    told: dict[str, Any] = {"lines": ["Paracetamol 500 mg"]}
    return Prescription(scan_id=scan_id, pharmacist_id=pharmacist.account_id, **told | facts)


async def seen(session: AsyncSession, scan_id: int) -> str:
    """The mark of its words as they stand."""
    return mark(await session.get_one(Scan, scan_id, populate_existing=True))


async def jobs_of(session: AsyncSession) -> list[str]:
    """The kinds of all jobs, in the order in which they were owed."""
    return [job.kind for job in await session.scalars(select(Job).order_by(Job.id))]


async def events_of(session: AsyncSession) -> list[tuple[str, str, str]]:
    told = await session.scalars(select(ScanEvent).order_by(ScanEvent.id))
    return [(event.action, event.role, event.status.value) for event in told]
