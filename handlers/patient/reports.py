"""/report for patients, and the button that sends a report to everybody permitted to read it."""

import asyncio
from collections.abc import Sequence

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import BufferedInputFile, CallbackQuery, InlineKeyboardMarkup, Message

from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.texts import Html, Texts
from handlers.views.reports import report_caption
from models.crypto.vault import Content, Vault
from models.tables.accounts import load_patient_key
from models.tables.scans import Report
from models.vocabulary import Role
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.reporting.deliveries import open_versions
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SEE_REPORT)
async def fetch_report(
    query: CallbackQuery,
    message: Message,
    callback_data: OnCard,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    vault: Vault,
) -> None:
    await _send_report(message, callback_data.scan_id, actor, texts, uow, vault)
    await query.answer()


@requires(Permission.SEE_REPORT)
async def report(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork, vault: Vault) -> None:
    """/report: send the newest report again, and list the versions when there are several."""
    async with uow.read() as session:
        versions = await queries.own_reports(session, actor)
    if not versions:
        await message.answer(texts("report.none"))
        return
    if len(versions) > 1:
        await message.answer(_list(versions, texts), reply_markup=_choices(versions, texts), protect_content=True)
    await _send_report(message, versions[0].scan_id, actor, texts, uow, vault)


async def _send_report(
    message: Message, scan_id: int, actor: Actor, texts: Texts, uow: UnitOfWork, vault: Vault
) -> None:
    """Send the current version; staff get the superseded versions, marked, before it. Raises NotFound."""
    async with uow.begin() as session:
        scan, versions = await open_versions(session, actor, scan_id, uow.at)
        secret = await load_patient_key(session, scan.patient_id)
    for version in versions[-1:] if actor.role is Role.PATIENT else versions:
        pdf = await asyncio.to_thread(vault.get, version.file, secret, Content.REPORT)
        document = BufferedInputFile(pdf, f"{version.number}.pdf")
        caption = _caption(version, versions[-1], actor, texts)
        await message.answer_document(document, caption=caption, protect_content=True)


def _list(versions: Sequence[Report], texts: Texts) -> Html:
    """A line for each version; the first of each scan is the current one."""
    newest = {one.scan_id: one for one in reversed(versions)}
    lines = [
        texts(
            "report.line" if one is newest[one.scan_id] else "report.line_old",
            number=one.number,
            version=one.version,
            scan=one.scan_id,
            day=texts.date_of(one.created_at),
        )
        for one in versions
    ]
    return Html("\n".join([texts("report.head"), *lines]))


def _choices(versions: Sequence[Report], texts: Texts) -> InlineKeyboardMarkup:
    """A button for each scan except the first, whose report is sent right away."""
    scans = dict.fromkeys(one.scan_id for one in versions if one.scan_id != versions[0].scan_id)
    fetch = [(texts.plain("report.fetch", scan=one), OnCard(scan_id=one, action=CardAction.REPORT)) for one in scans]
    return keyboards.rows(fetch)


def _caption(version: Report, latest: Report, actor: Actor, texts: Texts) -> Html | None:
    if version is not latest:
        return texts("report.superseded", number=version.number, version=version.version + 1)
    return report_caption(version, texts, actor.account_id) if actor.role is Role.PATIENT else None


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(report, Command("report", ignore_case=True))
    router.callback_query.register(fetch_report, OnCard.filter(F.action == CardAction.REPORT))
    return router
