"""Reports once more: /report for a patient, the button for whoever may see one."""

import asyncio
from collections.abc import Sequence

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import BufferedInputFile, CallbackQuery, InlineKeyboardMarkup, Message

from handlers.access import does
from handlers.ui import keyboards
from handlers.ui.keyboards import CardAction, OnCard
from handlers.ui.replies import known
from handlers.ui.texts import Html, Texts
from handlers.views.cards import report_caption
from models.crypto.vault import Content, Vault
from models.tables.people import Role, patient_key
from models.tables.scans import Report
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import NotFound
from workflow.permissions import Verb
from workflow.scans import queries
from workflow.unit_of_work import Effects


@does(Verb.SEE_REPORT)
async def fetch_report(
    query: CallbackQuery,
    callback_data: OnCard,
    actor: Actor | None,
    texts: Texts,
    effects: Effects,
    vault: Vault,
) -> None:
    if isinstance(query.message, Message):
        await _send_report(query.message, callback_data.scan_id, known(actor), texts, effects, vault)
    await query.answer()


@does(Verb.SEE_REPORT)
async def report(message: Message, actor: Actor | None, texts: Texts, effects: Effects, vault: Vault) -> None:
    """/report: which there are, where there are several, and a patient's newest again."""
    async with effects.look() as session:
        versions = await queries.own_reports(session, known(actor))
    if not versions:
        await message.answer(texts("report.none"))
        return
    if len(versions) > 1:
        await message.answer(_list(versions, texts), reply_markup=_choices(versions, texts), protect_content=True)
    await _send_report(message, versions[0].scan_id, known(actor), texts, effects, vault)


async def _send_report(
    message: Message, scan_id: int, actor: Actor, texts: Texts, effects: Effects, vault: Vault
) -> None:
    """The version that counts; staff get the superseded ones as well, marked, before it."""
    async with effects.begin() as session:
        scan = await queries.scan_for(session, scan_id, actor, Verb.SEE_REPORT)
        versions = await queries.versions(session, scan)
        if not versions:
            raise NotFound
        await chain.look(session, actor, scan, "report", effects.at)
        secret = await patient_key(session, scan.patient_id)
    for written in versions[-1:] if actor.role is Role.PATIENT else versions:
        pdf = await asyncio.to_thread(vault.get, written.file, secret, Content.REPORT)
        document = BufferedInputFile(pdf, f"{written.number}.pdf")
        caption = _caption(written, versions[-1], actor, texts)
        await message.answer_document(document, caption=caption, protect_content=True)


def _list(versions: Sequence[Report], texts: Texts) -> Html:
    """A line for each version; the first of each scan is the one that counts."""
    newest = {one.scan_id: one for one in reversed(versions)}
    lines = [
        texts(
            "report.line" if one is newest[one.scan_id] else "report.line_old",
            number=one.number,
            version=one.version,
            scan=one.scan_id,
            day=texts.on(one.created_at),
        )
        for one in versions
    ]
    return Html("\n".join([texts("report.head"), *lines]))


def _choices(versions: Sequence[Report], texts: Texts) -> InlineKeyboardMarkup:
    """A button for each scan besides the one whose report follows by itself."""
    scans = dict.fromkeys(one.scan_id for one in versions if one.scan_id != versions[0].scan_id)
    fetch = [(texts.plain("report.fetch", scan=one), OnCard(scan_id=one, action=CardAction.REPORT)) for one in scans]
    return keyboards.rows(fetch)


def _caption(written: Report, latest: Report, actor: Actor, texts: Texts) -> Html | None:
    if written is not latest:
        return texts("report.superseded", number=written.number, version=written.version + 1)
    return report_caption(written, texts) if actor.role is Role.PATIENT else None


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(report, Command("report"))
    router.callback_query.register(fetch_report, OnCard.filter(F.action == CardAction.REPORT))
    return router
