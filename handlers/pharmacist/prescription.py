"""The pharmacist: write a prescription or record that none is needed, and complete the scan."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.shared.signing import show_changed_draft
from handlers.ui import callbacks, keyboards
from handlers.ui.callbacks import CardAction, OnCard, SignText
from handlers.ui.forms import Prescribing
from handlers.ui.keyboards import card_keyboard
from handlers.ui.parsing import TYPED_TEXT, check_length
from handlers.ui.replies import View, reply, send_view
from handlers.ui.texts import Texts
from handlers.views.cards import prescription_line
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.errors import StaleAction, WordsChanged
from workflow.reporting.prescription import READY_PREFIX
from workflow.scans import queries, reading
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
        await state.set_data({"scan_id": scan.id, "lines": []})
        await state.set_state(Prescribing.lines)
    await reply(query, texts("prescribe.ask", scan=scan.id), keyboards.prescription_templates(texts))


@requires(Action.PRESCRIBE)
async def take_lines(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Add each typed line to the prescription; further messages add further lines."""
    typed = [line.strip() for line in (message.text or "").splitlines() if line.strip()]
    await _add(message, typed, actor, state, texts, uow)


@requires(Action.PRESCRIBE)
async def take_template(
    query: CallbackQuery,
    message: Message,
    callback_data: callbacks.UseTemplate,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    if callback_data.name not in keyboards.PRESCRIPTION_TEMPLATES:
        raise StaleAction
    await query.answer()
    await _add(message, [READY_PREFIX + callback_data.name], actor, state, texts, uow)


async def _add(
    message: Message, added: list[str], actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Append the lines in the transaction that reads them, so that of two messages at once none overwrites the other.

    Raises TooLong."""
    async with uow.begin() as session:
        data = await state.get_data()
        lines = [*data["lines"], *added]
        check_length("".join(lines), MAX_TEXT)
        scan = await reading.prescribe(session, actor, data["scan_id"], lines, uow.at)
        await state.update_data(lines=lines)
    await send_view(message, draft_view(scan, texts))


def draft_view(scan: Scan, texts: Texts) -> View:
    """The whole text that the button "Complete" signs."""
    assert scan.prescription is not None
    lines = [prescription_line(line, texts) for line in scan.prescription.lines]
    text = texts("prescribe.written", lines="\n".join(lines) or texts("card.no_medicine"))
    return View(text, card_keyboard(scan, [CardAction.COMPLETE, CardAction.PRESCRIBE], texts))


@requires(Action.PRESCRIBE)
async def no_medicine(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Record that no medicine is needed: lines typed before are dropped and their form is closed."""
    async with uow.begin() as session:
        await reading.prescribe(session, actor, callback_data.scan_id, [], uow.at)
        if (await state.get_data()).get("scan_id") == callback_data.scan_id:
            await state.clear()
    await query.answer(texts.plain("prescribe.none"))


@requires(Action.COMPLETE)
async def complete(
    query: CallbackQuery, callback_data: SignText, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    scan_id = callback_data.scan_id
    try:
        async with uow.begin() as session:
            await reading.complete(session, actor, scan_id, callback_data.draft_hash, uow.at)
            await state.clear()
    except WordsChanged:
        await show_changed_draft(query, scan_id, actor, texts, uow, draft_view)
        return
    await query.answer(texts.plain("prescribe.completed"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(start_prescription, OnCard.filter(F.action == CardAction.PRESCRIBE))
    router.callback_query.register(no_medicine, OnCard.filter(F.action == CardAction.NO_MEDICINE))
    router.callback_query.register(complete, SignText.filter(F.action == CardAction.COMPLETE))
    router.callback_query.register(take_template, callbacks.UseTemplate.filter(), StateFilter(Prescribing.lines))
    router.message.register(take_lines, StateFilter(Prescribing.lines), TYPED_TEXT)
    return router
