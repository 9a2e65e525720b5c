"""The pharmacist's side: write the prescription, or say that none is needed, and complete."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.doctor.reading import read_again
from handlers.ui import keyboards
from handlers.ui.decisions import OnWords, under
from handlers.ui.forms import Prescribing
from handlers.ui.keyboards import CardAction, OnCard
from handlers.ui.parsing import WORDS
from handlers.ui.replies import known, say
from handlers.ui.texts import Texts
from handlers.views.cards import View, medicine_line
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.errors import StaleAction, WordsChanged
from workflow.reporting.builder import READY
from workflow.scans import queries, reading
from workflow.transitions import Action
from workflow.unit_of_work import Effects

LONGEST: Final = 2000


@does(Action.PRESCRIBE)
async def write(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor), Action.PRESCRIBE)
        if scan.status != "DOCTOR_VERIFIED":
            raise StaleAction
        await state.set_data({"scan_id": scan.id, "lines": []})
        await state.set_state(Prescribing.lines)
    await say(query, texts("prescribe.ask", scan=scan.id), keyboards.ready_prescriptions(texts))


@does(Action.PRESCRIBE)
async def take_lines(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    """Each line typed is a line of the prescription; more messages add to it."""
    typed = [line.strip() for line in (message.text or "").splitlines() if line.strip()]
    await _add(message, typed, actor, state, texts, effects)


@does(Action.PRESCRIBE)
async def take_template(
    query: CallbackQuery,
    callback_data: keyboards.Quick,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    if callback_data.name not in keyboards.TEMPLATES:
        raise StaleAction
    await query.answer()
    if isinstance(query.message, Message):
        await _add(query.message, [READY + callback_data.name], actor, state, texts, effects)


async def _add(
    message: Message, typed: list[str], actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """What stands there is read and written in one transaction: of two messages at once none overwrites the other."""
    async with effects.begin() as session:
        told = await state.get_data()
        lines = [*told["lines"], *typed]
        fits = sum(map(len, lines)) <= LONGEST
        if fits:
            scan = await reading.prescribe(session, known(actor), told["scan_id"], lines, effects.at)
            await state.update_data(lines=lines)
    if not fits:
        await message.answer(texts("reading.too_long", most=LONGEST))
        return
    view = _draft(scan, texts)
    await message.answer(view.text, reply_markup=view.keyboard, protect_content=True)


def _draft(scan: Scan, texts: Texts) -> View:
    """All that "Complete" signs."""
    assert scan.prescription is not None
    lines = [medicine_line(line, texts) for line in scan.prescription.lines]
    text = texts("prescribe.written", lines="\n".join(lines) or texts("card.no_medicine"))
    return View(text, under(scan, [CardAction.COMPLETE, CardAction.PRESCRIBE], texts))


@does(Action.PRESCRIBE)
async def no_medicine(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """Lines that were typed before are withdrawn, so the form that holds them is closed."""
    async with effects.begin() as session:
        await reading.prescribe(session, known(actor), callback_data.scan_id, [], effects.at)
        if (await state.get_data()).get("scan_id") == callback_data.scan_id:
            await state.clear()
    await query.answer(texts.plain("prescribe.none"))


@does(Action.COMPLETE)
async def complete(
    query: CallbackQuery, callback_data: OnWords, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    scan_id = callback_data.scan_id
    try:
        async with effects.begin() as session:
            await reading.complete(session, known(actor), scan_id, callback_data.seen, effects.at)
            await state.clear()
    except WordsChanged:
        await read_again(query, scan_id, actor, texts, effects, _draft)
        return
    await query.answer(texts.plain("prescribe.completed"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(write, OnCard.filter(F.action == CardAction.PRESCRIBE))
    router.callback_query.register(no_medicine, OnCard.filter(F.action == CardAction.NO_MEDICINE))
    router.callback_query.register(complete, OnWords.filter(F.action == CardAction.COMPLETE))
    router.callback_query.register(take_template, keyboards.Quick.filter(), StateFilter(Prescribing.lines))
    router.message.register(take_lines, StateFilter(Prescribing.lines), WORDS)
    return router
