"""The pharmacist: write a prescription or record that none is needed, and complete the scan."""

import asyncio

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.pharmacist import changing, overrides, picking, proposal
from handlers.pharmacist.draft import open_lines, send_draft, show_draft, store_lines
from handlers.ui import keyboards
from handlers.ui.callbacks import CardAction, OnCard, SignText
from handlers.ui.callbacks.prescription import RemoveLine, UseTemplate
from handlers.ui.forms import Prescribing
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.prescription_lines import MAX_TEXT, check_number, questions_among
from handlers.ui.replies import close_signed, reply, show_toast
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.paging import split_messages
from handlers.views.prescription import proposed_blocks
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.errors import AlertsOpen, StaleAction, WordsChanged
from workflow.formulary.load import Formulary
from workflow.prescriptions import prescribing, prescription
from workflow.prescriptions.prescribing import READY_PREFIX
from workflow.scans import claims, queries
from workflow.transitions import Action, require_applicable
from workflow.unit_of_work import UnitOfWork


@requires(Action.PRESCRIBE)
async def start_prescription(
    query: CallbackQuery,
    callback_data: OnCard,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    """Ask for the lines; of the ready ones only those that fit the patient are offered."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.PRESCRIBE)
        require_applicable(scan, Action.PRESCRIBE)
        await claims.take(session, actor, scan.id, uow.at)
        keyboard = await open_lines(scan, [], state, texts, uow.at, formulary)
    blocks = [identity_line(scan, texts), *proposed_blocks(scan, texts), texts("prescribe.ask", scan=scan.id)]
    *before, question = split_messages(*blocks)
    for text in before:
        await reply(query, text, protected=True)
    await reply(query, question, keyboard, protected=True)


@requires(Action.PRESCRIBE)
async def take_lines(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, formulary: Formulary
) -> None:
    """Add each typed line to the prescription; a question is no medicine and is answered instead."""
    typed = [line.strip() for line in typed_text(message, MAX_TEXT).splitlines() if line.strip()]
    check_number(typed)
    asked = await asyncio.to_thread(questions_among, typed, formulary)
    if added := [line for line in typed if line not in asked]:
        await _add(message, added, actor, state, texts, uow, formulary)
    for line in asked:
        await message.answer(texts("prescribe.question", text=line))


@requires(Action.PRESCRIBE)
async def take_template(
    query: CallbackQuery,
    message: Message,
    callback_data: UseTemplate,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    """Add a ready line. Raises StaleAction for one that does not fit the patient as they are known by now."""
    async with uow.read() as session:
        scan = await queries.scan_for(session, (await state.get_data())["scan_id"], actor, Action.PRESCRIBE)
        ready = prescribing.fitting(scan, keyboards.PRESCRIPTION_TEMPLATES, uow.at, formulary)
    if callback_data.name not in ready:
        raise StaleAction
    await query.answer()
    await _add(message, [READY_PREFIX + callback_data.name], actor, state, texts, uow, formulary)


async def _add(
    message: Message,
    added: list[str],
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    scan = await store_lines(added, actor, state, uow, formulary)
    await send_draft(message, scan, texts, uow.at, formulary)


@requires(Action.PRESCRIBE)
async def remove_line(
    query: CallbackQuery,
    message: Message,
    callback_data: RemoveLine,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    """Remove one line of the draft shown above the button, and show what is left."""
    scan_id, line = callback_data.scan_id, prescription.ShownLine(callback_data.index, callback_data.draft_hash)
    try:
        scan = await _remove(line, scan_id, actor, state, uow, formulary)
    except WordsChanged as refusal:
        await show_draft(query, scan_id, actor, texts, uow, formulary, refusal)
        return
    await query.answer()
    await send_draft(message, scan, texts, uow.at, formulary)


async def _remove(
    line: prescription.ShownLine, scan_id: int, actor: Actor, state: FSMContext, uow: UnitOfWork, formulary: Formulary
) -> Scan:
    """Remove the line from the prescription, and from the open form that would write it again."""
    async with uow.begin() as session:
        scan = await prescription.remove_line(session, actor, scan_id, line, uow.at, formulary)
        if (await state.get_data()).get("scan_id") == scan_id:
            await state.update_data(lines=scan.prescription.lines if scan.prescription else [])
    return scan


@requires(Action.PRESCRIBE)
async def no_medicine(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Record that no medicine is needed: lines typed before are dropped and their form is closed."""
    async with uow.begin() as session:
        await prescription.prescribe(session, actor, callback_data.scan_id, [], uow.at)
        if (await state.get_data()).get("scan_id") == callback_data.scan_id:
            await state.clear()
    await show_toast(query, texts.plain("prescribe.none"))


@requires(Action.COMPLETE)
async def complete(
    query: CallbackQuery,
    callback_data: SignText,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    """Sign the prescription; where an alert is open or the text has changed, show the draft instead."""
    scan_id = callback_data.scan_id
    try:
        async with uow.begin() as session:
            await prescription.complete(session, actor, scan_id, callback_data.draft_hash, uow.at, formulary)
            await state.clear()
    except (WordsChanged, AlertsOpen) as refusal:
        await show_draft(query, scan_id, actor, texts, uow, formulary, refusal)
        return
    await close_signed(query, texts.plain("prescribe.completed"))


@requires(Action.CONFIRM)
async def confirm(
    query: CallbackQuery, callback_data: SignText, actor: Actor, texts: Texts, uow: UnitOfWork, formulary: Formulary
) -> None:
    """Sign the prescription again, for the reading that was corrected since."""
    async with uow.begin() as session:
        await prescription.confirm(session, actor, callback_data.scan_id, callback_data.draft_hash, uow.at, formulary)
    await show_toast(query, texts.plain("correction.confirmed"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(start_prescription, OnCard.filter(F.action == CardAction.PRESCRIBE))
    router.callback_query.register(no_medicine, OnCard.filter(F.action == CardAction.NO_MEDICINE))
    router.callback_query.register(complete, SignText.filter(F.action == CardAction.COMPLETE))
    router.callback_query.register(confirm, SignText.filter(F.action == CardAction.CONFIRM))
    router.callback_query.register(remove_line, RemoveLine.filter())
    router.callback_query.register(take_template, UseTemplate.filter(), StateFilter(Prescribing.lines))
    router.message.register(take_lines, StateFilter(Prescribing.lines), TYPED_TEXT)
    router.include_routers(overrides.routes(), changing.routes(), picking.routes(), proposal.routes())
    return router
