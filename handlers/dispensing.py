"""The pharmacist's side: write the prescription, or say that none is needed, and complete."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers import keyboards
from handlers.answers import known, say
from handlers.forms import Prescribing
from handlers.keyboards import CardAction, OnCard
from handlers.texts import Texts
from models.people import Role
from workflow import queries, reading
from workflow.actors import Actor
from workflow.errors import NotAllowed, StaleAction
from workflow.updates import Effects

TEMPLATES: Final = ("fever", "cough", "oxygen", "antibiotic")
LONGEST: Final = 2000


async def write(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    if known(actor).role is not Role.PHARMACIST:
        raise NotAllowed
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor))
        if scan.status != "DOCTOR_VERIFIED":
            raise StaleAction
        await state.set_data({"scan_id": scan.id, "lines": []})
        await state.set_state(Prescribing.lines)
    await say(query, texts("prescribe.ask", scan=scan.id), keyboards.ready_prescriptions(texts, TEMPLATES))


async def take_lines(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    """Each line typed is a line of the prescription; more messages add to it."""
    typed = [line.strip() for line in (message.text or "").splitlines() if line.strip()]
    await _add(message, typed, actor, state, texts, effects)


async def take_template(
    query: CallbackQuery,
    callback_data: keyboards.Quick,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    if callback_data.name not in TEMPLATES:
        raise StaleAction
    await query.answer()
    if isinstance(query.message, Message):
        line = texts.plain(f"template.{callback_data.name}.line")
        await _add(query.message, [line], actor, state, texts, effects)


async def _add(
    message: Message, typed: list[str], actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    told = await state.get_data()
    lines = [*told["lines"], *typed]
    if sum(map(len, lines)) > LONGEST:
        await message.answer(texts("reading.too_long", most=LONGEST))
        return
    async with effects.begin() as session:
        await reading.prescribe(session, known(actor), told["scan_id"], lines, effects.at)
        await state.update_data(lines=lines)
    done = keyboards.on_card(texts, told["scan_id"], [CardAction.COMPLETE, CardAction.PRESCRIBE])
    await message.answer(texts("prescribe.written", lines="\n".join(lines)), reply_markup=done)


async def no_medicine(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await reading.prescribe(session, known(actor), callback_data.scan_id, [], effects.at)
    await query.answer(texts.plain("prescribe.none"))


async def complete(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await reading.complete(session, known(actor), callback_data.scan_id, effects.at)
        await state.clear()
    await query.answer(texts.plain("prescribe.completed"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(write, OnCard.filter(F.action == CardAction.PRESCRIBE))
    router.callback_query.register(no_medicine, OnCard.filter(F.action == CardAction.NO_MEDICINE))
    router.callback_query.register(complete, OnCard.filter(F.action == CardAction.COMPLETE))
    router.callback_query.register(take_template, keyboards.Quick.filter(), StateFilter(Prescribing.lines))
    router.message.register(take_lines, StateFilter(Prescribing.lines), F.text & ~F.text.startswith("/"))
    return router
