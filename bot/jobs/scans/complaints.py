"""The question about a picture that came from a patient's page, asked in the chat, where emergencies are noticed."""

from functools import partial

from bot.jobs.notify import About, notify
from bot.services import Services
from handlers.views.facts import describe_keyboard
from models.tables.scans import Scan
from workflow.scans import queries
from workflow.scans.intake import UNSIGNED


async def ask_complaint(services: Services, scan_id: int, chat_id: int) -> None:
    """Offer to say what troubles the patient, and since when. Idempotent. Sends nothing once a doctor has signed."""
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        chats = await queries.patient_chats(session, scan)  # the chat may be another person's by now
    if chat_id not in chats or scan.status not in UNSIGNED or scan.patient.closed_at is not None:
        return
    buttons = partial(describe_keyboard, scan_id=scan_id)
    sentence = About("scan.from_page", scan.patient)
    await notify(services, [chat_id], f"from-page:{scan_id}", sentence, None, buttons, scan=scan_id)
