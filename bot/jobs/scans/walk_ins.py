"""Notices to the desk about a walk-in's scan, and the question for a better picture."""

from functools import partial

from aiogram.types import InlineKeyboardMarkup

from bot.jobs.notify import About, notify
from bot.jobs.scans import retake_picture
from bot.services import Services
from handlers.ui.callbacks.walk_in import OnWalkIn, PrintReport, WalkInAction
from handlers.ui.keyboards import rows
from handlers.ui.texts import Texts
from handlers.views.identity import who_line
from handlers.views.rejection import rejection_reason
from models.tables.scans import Report, Scan
from workflow.accounts.browsers import notices
from workflow.accounts.files import walk_ins
from workflow.scans import queries


async def ask_retake(services: Services, scan_id: int) -> None:
    """Ask the patient for a better picture, or tell them that an earlier scan with the same picture counts; the edited
    card alone would not notify them. Of a walk-in the desk is asked. Idempotent.

    The scan must have been rejected."""
    async with services.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        chats = await queries.patient_chats(session, scan)
        await notices.enqueue_for_patient(session, scan.patient_id, scan.changed_at, services.now())
        desk = await walk_ins.desk_chats(session, scan.patient_id)
    reason = partial(_reason, scan)
    if scan.same_as and queries.is_duplicate(scan):
        await notify(
            services,
            chats,
            f"retake:{scan_id}",
            "retake.same",
            about=scan.patient,
            scan=scan_id,
            earlier=scan.same_as["scan"],
        )
        return
    await notify(services, chats, f"retake:{scan_id}", About("retake", scan.patient), scan=scan_id, reason=reason)
    values = {"identity": partial(who_line, scan.patient), "scan": scan_id, "reason": reason}
    film = partial(_film_button, scan.patient_id)
    await notify(services, desk, f"walk-in-retake:{scan_id}", "walk_in.retake", None, film, **values)
    await retake_picture.send(services, [*chats, *desk], scan_id)


async def notify_ready(services: Services, scan: Scan, report: Report) -> None:
    """Tell the desk that a walk-in's report is ready to be printed and handed over. Idempotent."""
    async with services.sessions() as session:
        desk = await walk_ins.desk_chats(session, scan.patient_id)
    values = {"identity": partial(who_line, scan.patient), "scan": scan.id, "number": report.number}
    buttons = partial(_print_button, scan.id)
    await notify(services, desk, f"walk-in-ready:{report.id}", "walk_in.ready", None, buttons, **values)


def _reason(scan: Scan, texts: Texts) -> str:
    return rejection_reason(scan, texts)


def _film_button(patient_id: int, texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.send_film"), OnWalkIn(action=WalkInAction.SEND_FILM, patient_id=patient_id))])


def _print_button(scan_id: int, texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.print_report", scan=scan_id), PrintReport(scan_id=scan_id))])
