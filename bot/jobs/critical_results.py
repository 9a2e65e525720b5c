"""The ladder of a critical result: the patient and the administrators at once, and again until somebody has heard."""

from datetime import UTC, datetime
from functools import partial

from bot.jobs import notify
from bot.services import Clinic
from handlers.ui.keyboards import CardAction, on_card
from models.tables.people import Role
from models.tables.scans import Scan
from workflow.scans import critical, queries
from workflow.transitions import hold


async def tell_critical(clinic: Clinic, scan_id: int, rung: int) -> None:
    """One rung. The patient's message names no finding: that is for people to say; the doctor's words go to staff."""
    async with clinic.sessions.begin() as session:
        scan = await hold(session, scan_id)
        if scan.critical is None or scan.critical.acknowledged_at is not None:
            return
        patients = await queries.patient_chats(session, scan)
        administrators = await queries.chats_of(session, Role.ADMINISTRATOR)
        doctors = await queries.chats_of(session, Role.DOCTOR) if rung >= critical.DOCTOR_FROM else ()
    key, tell = f"critical:{scan_id}:{rung}", notify.tell
    told = await tell(
        clinic,
        patients,
        f"{key}:patient",
        "critical.patient",
        buttons=partial(on_card, scan_id=scan_id, actions=[CardAction.HEARD]),
        scan=scan_id,
    )
    if told:
        async with clinic.sessions.begin() as session:
            await critical.note_told(session, scan_id, _now())
    doctor, patient = scan.critical.doctor.name, scan.patient
    reached = partial(on_card, scan_id=scan_id, actions=[CardAction.REACHED])
    words = {"scan": str(scan_id), "doctor": doctor, "patient": patient.name, "email": patient.email}
    await tell(clinic, administrators, f"{key}:staff", "critical.staff", None, reached, **words)
    await tell(clinic, doctors, f"{key}:doctor", "critical.unheard", None, None, **words)
    async with clinic.sessions.begin() as session:  # last: the next rung comes after this one was told
        await critical.climb(session, await hold(session, scan_id), rung + 1, _now())


async def tell_heard(clinic: Clinic, scan_id: int) -> None:
    """Those who were asked to reach the patient hear that it is not needed any more."""
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        staff = [*await queries.chats_of(session, Role.ADMINISTRATOR), *await queries.chats_of(session, Role.DOCTOR)]
    await notify.tell(clinic, staff, f"heard:{scan_id}", "critical.heard", scan=scan_id, patient=scan.patient.name)


def _now() -> datetime:
    return datetime.now(UTC)
