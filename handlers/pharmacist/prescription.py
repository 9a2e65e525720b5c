"""The pharmacist: write a prescription or record that none is needed, and complete the scan."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.pharmacist import overrides
from handlers.pharmacist.draft import send_draft, show_draft
from handlers.ui import callbacks, keyboards
from handlers.ui.callbacks import CardAction, OnCard, SignText
from handlers.ui.forms import Prescribing
from handlers.ui.parsing import TYPED_TEXT, check_length
from handlers.ui.prescription_callbacks import RemoveLine
from handlers.ui.replies import close_signed, reply
from handlers.ui.texts import Texts
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.errors import AlertsOpen, StaleAction, WordsChanged
from workflow.formulary.load import Formulary
from workflow.scans import claims, prescribing, prescription, queries
from workflow.scans.prescribing import READY_PREFIX
from workflow.transitions import Action, require_applicable
from workflow.unit_of_work import UnitOfWork

MAX_TEXT: Final = 2000  # characters of the whole prescription


@requires(Action.PRESCRIBE)
async def start_prescription(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.PRESCRIBE)
        require_applicable(scan, Action.PRESCRIBE)
        await claims.take(session, actor, scan.id, uow.at)
        await state.set_data({"scan_id": scan.id, "lines": []})
        await state.set_state(Prescribing.lines)
    await reply(query, texts("prescribe.ask", scan=scan.id), keyboards.prescription_templates(texts))


@requires(Action.PRESCRIBE)
async def take_lines(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, formulary: Formulary
) -> None:
    """Add each typed line to the prescription; a question is no medicine and is answered instead."""
    typed = [line.strip() for line in (message.text or "").splitlines() if line.strip()]
    asked = [line for line in typed if prescribing.read_stored(line, formulary).kind == "question"]
    if added := [line for line in typed if line not in asked]:
        await _add(message, added, actor, state, texts, uow, formulary)
    for line in asked:
        await message.answer(texts("prescribe.question", text=line))


@requires(Action.PRESCRIBE)
async def take_template(
    query: CallbackQuery,
    message: Message,
    callback_data: callbacks.UseTemplate,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    if callback_data.name not in keyboards.PRESCRIPTION_TEMPLATES:
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
    """Append the lines in the transaction that reads them, so that of two messages at once none overwrites the other.

    Raises TooLong."""
    async with uow.begin() as session:
        data = await state.get_data()
        lines = [*data["lines"], *added]
        check_length("".join(lines), MAX_TEXT)
        scan = await prescription.prescribe(session, actor, data["scan_id"], lines, uow.at, formulary)
        await state.update_data(lines=lines)
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
    await query.answer(texts.plain("prescribe.none"))


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


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(start_prescription, OnCard.filter(F.action == CardAction.PRESCRIBE))
    router.callback_query.register(no_medicine, OnCard.filter(F.action == CardAction.NO_MEDICINE))
    router.callback_query.register(complete, SignText.filter(F.action == CardAction.COMPLETE))
    router.callback_query.register(remove_line, RemoveLine.filter())
    router.callback_query.register(take_template, callbacks.UseTemplate.filter(), StateFilter(Prescribing.lines))
    router.message.register(take_lines, StateFilter(Prescribing.lines), TYPED_TEXT)
    router.include_router(overrides.routes())
    return router
