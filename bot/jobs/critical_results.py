"""Critical results: notices to the patient and the staff, escalated until somebody acknowledges."""

from functools import partial

from bot.jobs.notify import About, notify
from bot.services import Services
from handlers.ui.callbacks import CardAction
from handlers.ui.keyboards import action_keyboard
from handlers.views.identity import identity_line
from models.tables.scans import Scan
from models.vocabulary import Role
from workflow.reporting.content_hash import contact_of
from workflow.scans import critical, queries
from workflow.transitions import lock_scan


async def escalate_critical(services: Services, scan_id: int, rung: int) -> None:
    """Send the notices of one escalation level and enqueue the next level. Idempotent.

    Stops once the result is acknowledged. The patient's notice names no finding; the staff's names the doctor.
    `rung` is the index into `critical.ESCALATION`."""
    async with services.sessions.begin() as session:
        scan = await lock_scan(session, scan_id)
        if scan.critical is None or scan.critical.acknowledged_at is not None:
            return
        patients = await queries.patient_chats(session, scan)
        administrators = await queries.chats_of_role(session, Role.ADMINISTRATOR)
        doctors = await queries.chats_of_role(session, Role.DOCTOR) if rung >= critical.DOCTOR_FROM_LEVEL else ()
    key = f"critical:{scan_id}:{rung}"
    acknowledge = partial(action_keyboard, scan_id=scan_id, actions=[CardAction.ACKNOWLEDGE])
    notice = About("critical.patient", scan.patient)
    if await notify(services, patients, f"{key}:patient", notice, None, acknowledge, scan=scan_id):
        async with services.sessions.begin() as session:
            await critical.record_notified(session, scan_id, services.now())
    doctor, email = scan.critical.doctor.name, contact_of(scan.patient) or "–"
    reached = partial(action_keyboard, scan_id=scan_id, actions=[CardAction.PATIENT_REACHED])
    values = {"scan": str(scan_id), "doctor": doctor, "identity": partial(identity_line, scan), "email": email}
    await notify(services, administrators, f"{key}:staff", "critical.staff", None, reached, **values)
    await notify(services, doctors, f"{key}:doctor", "critical.unheard", None, None, **values)
    async with services.sessions.begin() as session:  # last: the next level starts after this one was sent
        await critical.escalate(session, await lock_scan(session, scan_id), rung + 1, services.now())


async def notify_acknowledged(services: Services, scan_id: int) -> None:
    """Tell administrators and doctors that the patient need not be reached any more. Idempotent."""
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        administrators = await queries.chats_of_role(session, Role.ADMINISTRATOR)
        doctors = await queries.chats_of_role(session, Role.DOCTOR)
    chats, identity = [*administrators, *doctors], partial(identity_line, scan)
    await notify(services, chats, f"heard:{scan_id}", "critical.heard", scan=scan_id, identity=identity)
