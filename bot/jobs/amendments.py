"""Notices about corrected readings and amendments, also under superseded reports in chat."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.delivering import TELEGRAM_REFUSALS
from bot.jobs.notify import notify
from bot.services import Services
from handlers.ui.callbacks import CardAction
from handlers.ui.keyboards import action_keyboard, amendment_keyboard
from handlers.views.identity import identity_line
from handlers.views.reports import amendment_values, amendment_words
from models.tables.accounts import ChatLink
from models.tables.deliveries import Delivery
from models.tables.scans import Report, Scan
from models.vocabulary import Role
from workflow.privacy import corrections
from workflow.reporting import amendments
from workflow.scans import queries


async def notify_amendment(services: Services, scan_id: int, number: int) -> None:
    """Send a proposed amendment to the administrators, with the buttons that decide on it. Idempotent."""
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        amendment = (await amendments.amendments_of(session, scan_id))[number - 1]
        chats = await queries.chats_of_role(session, Role.ADMINISTRATOR)
    buttons, values = partial(amendment_keyboard, scan_id=scan_id, number=number), amendment_values(scan, amendment)
    identity, words = partial(identity_line, scan), partial(amendment_words, amendment)
    key = f"amendment:{scan_id}:{number}"
    await notify(services, chats, key, "amend.ask", None, buttons, identity=identity, words=words, **values)


async def notify_identity(services: Services, account_id: int, on: str) -> None:
    """Tell the doctor of each released report that the patient's own data were corrected at `on`. Idempotent.

    Without a chat of the signer every doctor is told. An addendum issues a version with the corrected data."""
    async with services.sessions() as session:
        scans = await corrections.released_scans(session, account_id)
        told = [(scan, await _signers_chats(session, scan)) for scan in scans]
    for scan, chats in told:
        buttons = partial(action_keyboard, scan_id=scan.id, actions=[CardAction.ADDENDUM])
        key, identity = f"identity:{scan.id}:{on}", partial(identity_line, scan)
        await notify(services, chats, key, "correction.identity", None, buttons, scan=scan.id, identity=identity)


async def _signers_chats(session: AsyncSession, scan: Scan) -> Sequence[int]:
    chats = await queries.chats_of_account(session, scan.reading.doctor_id) if scan.reading else ()
    return chats or await queries.chats_of_role(session, Role.DOCTOR)


async def notify_correction(services: Services, scan_id: int, version: int) -> None:
    """Tell the pharmacist, and the administrators once it is their turn, of a corrected reading. Idempotent."""
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        if scan.reading is None or scan.prescription is None:
            return
        chats = {*await queries.chats_of_account(session, scan.prescription.pharmacist_id)}
        if scan.prescription.completed_at is not None:
            chats.update(await queries.chats_of_role(session, Role.ADMINISTRATOR))
    open_it = partial(action_keyboard, scan_id=scan_id, actions=[CardAction.OPEN])
    values = {"identity": partial(identity_line, scan), "scan": scan_id, "doctor": scan.reading.doctor.name}
    await notify(services, sorted(chats), f"correction:{scan_id}:{version}", "correction.made", None, open_it, **values)


async def notify_declined(services: Services, scan_id: int) -> None:
    """Tell the author that the latest amendment was declined. Idempotent."""
    async with services.sessions() as session:
        amendment = (await amendments.amendments_of(session, scan_id))[-1]
        links = select(ChatLink.chat_id).where(ChatLink.account_id == amendment.doctor_id)
        chats = (await session.scalars(links)).all()
    await notify(services, chats, f"declined:{scan_id}:{amendment.number}", "amend.declined", scan=scan_id)


async def mark_superseded(services: Services, scan_id: int, version: int) -> None:
    """Mark each copy of the old version in a patient's chat as superseded, in its caption. Idempotent."""
    async with services.sessions() as session:
        query = select(Report).where(Report.scan_id == scan_id, Report.version == version)
        report = (await session.scalars(query)).one()
        prefix = f"report:{report.id}:chat:"
        deliveries = (await session.scalars(select(Delivery).where(Delivery.key.startswith(prefix)))).all()
    texts = services.catalogues.of(report.scan.patient.language)
    caption = texts("report.superseded", number=report.number, version=version + 1)
    for delivery in (delivery for delivery in deliveries if delivery.receipt):
        chat_id, message_id = int(delivery.key.removeprefix(prefix)), int(delivery.receipt or 0)
        with suppress(*TELEGRAM_REFUSALS):  # deleted, or the bot was blocked
            await services.bot.edit_message_caption(chat_id=chat_id, message_id=message_id, caption=caption)
