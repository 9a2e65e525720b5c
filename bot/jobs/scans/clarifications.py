"""Questions about a scan: the notice with its answer button, and the answer's notice to the asker."""

from functools import partial

from bot.jobs.notify import About, Translated, notify
from bot.services import Services
from handlers.views.clarifications import answer_keyboard
from models.tables.clarifications import Clarification
from models.tables.scans import Scan
from models.vocabulary import Role
from workflow.accounts.browsers import notices
from workflow.scans import clarifications, queries
from workflow.scans.clarifications import READY


async def notify_clarification(services: Services, scan_id: int, number: int) -> None:
    """Send an open question to the doctor who signed, else to all doctors, or to the patient. Idempotent."""
    async with services.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        one = _numbered(scan, number)
        if not one.is_open or scan.patient.erased_at is not None:
            return
        chats = await clarifications.recipients(session, scan, one)
        to_patient = one.addressee is Role.PATIENT
        if to_patient:
            await notices.enqueue_for_patient(session, scan.patient_id, one.asked_at, services.now())
    sentence = About("clarify.to_patient", scan.patient) if to_patient else "clarify.to_doctor"
    values: dict[str, object] = {
        "scan": scan_id,
        "name": one.asker.name,
        "role": Translated(f"role.{one.asker_role}"),
        "patient": scan.patient.name,
        "question": _translated(one.question, "clarify_question"),
    }
    buttons = partial(answer_keyboard, one=one)
    await notify(services, chats, f"clarification:{scan_id}:{number}", sentence, None, buttons, **values)


async def notify_clarified(services: Services, scan_id: int, number: int) -> None:
    """Send the answer to the asker. Idempotent. The question must have been answered."""
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        one = _numbered(scan, number)
        if scan.patient.erased_at is not None or one.answer is None or one.answerer is None:
            return
        chats = await queries.chats_of_account(session, one.asker_id)
    values: dict[str, object] = {
        "scan": scan_id,
        "name": one.answerer.name,
        "patient": scan.patient.name,
        "question": _translated(one.question, "clarify_question"),
        "answer": _translated(one.answer, "clarify_answer"),
    }
    await notify(services, chats, f"clarified:{scan_id}:{number}", "clarify.to_asker", None, None, **values)


def _numbered(scan: Scan, number: int) -> Clarification:
    return next(one for one in scan.clarifications if one.number == number)


def _translated(text: str, section: str) -> str | Translated:
    key = text.removeprefix(READY)
    return text if key == text else Translated(f"{section}.{key}")
