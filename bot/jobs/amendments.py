"""Who hears of a change to a released report: administrators, its author, and the chats that hold the old version."""

from contextlib import suppress
from functools import partial

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from sqlalchemy import select

from bot.jobs.notify import tell
from bot.services import Clinic
from handlers.doctor.amendments import asked
from handlers.ui.decisions import on_change
from models.tables.jobs import Delivery
from models.tables.people import Link, Role
from models.tables.scans import Report, Scan
from workflow.reporting import amendments
from workflow.scans import queries


async def tell_amendment(clinic: Clinic, scan_id: int, number: int) -> None:
    """What is to be changed and why, with the buttons that decide."""
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        change = (await amendments.changes(session, scan_id))[number - 1]
        chats = await queries.chats_of(session, Role.ADMINISTRATOR)
    decide = partial(on_change, scan_id=scan_id, number=number)
    await tell(clinic, chats, f"amendment:{scan_id}:{number}", "amend.ask", None, decide, **asked(scan, change))


async def tell_declined(clinic: Clinic, scan_id: int) -> None:
    """Its author may write another."""
    async with clinic.sessions() as session:
        change = (await amendments.changes(session, scan_id))[-1]
        chats = (await session.scalars(select(Link.chat_id).where(Link.account_id == change.doctor_id))).all()
    await tell(clinic, chats, f"declined:{scan_id}:{change.number}", "amend.declined", scan=scan_id)


async def mark_superseded(clinic: Clinic, scan_id: int, version: int) -> None:
    """Under each copy of the old version that lies in a patient's chat: it counts no more."""
    async with clinic.sessions() as session:
        which = select(Report).where(Report.scan_id == scan_id, Report.version == version)
        report = (await session.scalars(which)).one()
        prefix = f"report:{report.id}:chat:"
        sent = (await session.scalars(select(Delivery).where(Delivery.key.startswith(prefix)))).all()
    texts = clinic.catalogues.of(report.scan.patient.language)
    caption = texts("report.superseded", number=report.number, version=version + 1)
    for one in (one for one in sent if one.receipt):
        with suppress(TelegramBadRequest, TelegramForbiddenError):  # deleted, or the bot was blocked
            chat, message = int(one.key.removeprefix(prefix)), int(one.receipt or 0)
            await clinic.bot.edit_message_caption(chat_id=chat, message_id=message, caption=caption)
