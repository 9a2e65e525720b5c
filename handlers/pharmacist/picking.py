"""The pharmacist picks a line from buttons: medicine, strength, how often, how long; only its beginning is typed."""

from typing import Any, Final

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.pharmacist.draft import send_draft, store_lines
from handlers.ui.callbacks.prescription import PickMedicine, PickPart
from handlers.ui.forms import Prescribing
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.texts import Texts
from handlers.views.picking import picking_keyboard
from handlers.views.questions import ask, placeholders
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.formulary.load import Formulary
from workflow.medication import picking
from workflow.transitions import Action
from workflow.unit_of_work import UnitOfWork

LONGEST: Final = 60  # characters of a beginning
PARTS: Final = 4  # medicine, strength, how often, how long


@requires(Action.PRESCRIBE)
async def start_picking(
    query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Ask for the beginning of the medicine's name; the lines so far stay."""
    async with uow.begin():
        data = await state.update_data(picked=[], offers=[])
        await state.set_state(Prescribing.picking)
    await query.answer()
    await ask(message, Prescribing.picking, texts, **placeholders(data, texts))


@requires(Action.PRESCRIBE)
async def search(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork, formulary: Formulary) -> None:
    """Offer the medicines that begin so."""
    names = picking.medicines(typed_text(message, LONGEST), formulary)
    async with uow.begin():
        await state.update_data(picked=[], offers=names)
    if not names:
        await message.answer(texts("pick.nothing"))
        return
    await message.answer(texts("pick.medicine"), reply_markup=picking_keyboard([], names, texts, formulary))


@requires(Action.PRESCRIBE)
async def pick(
    query: CallbackQuery,
    message: Message,
    callback_data: PickPart,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    formulary: Formulary,
) -> None:
    """Take a part; after the last one add the line to the draft.

    Raises StaleAction for the button of an earlier question."""
    scan: Scan | None = None
    async with uow.begin():
        data = await state.get_data()
        picked, offers = list(data.get("picked", ())), list(data.get("offers", ()))
        if callback_data.part != len(picked) or callback_data.index >= len(offers):
            raise StaleAction
        picked.append(offers[callback_data.index])
        if len(picked) < PARTS:
            picked, offers = _following(picked, formulary)
            await state.update_data(picked=picked, offers=offers)
        else:
            await state.set_state(Prescribing.lines)
            name, strength, way, days = picked
            scan = await store_lines([picking.line(name, strength, way, days)], actor, state, uow, formulary)
    await query.answer()
    if scan is not None:
        await send_draft(message, scan, texts, uow.at, formulary)
        return
    question = texts(f"pick.{('strength', 'often', 'long')[len(picked) - 1]}", name=" ".join(filter(None, picked)))
    await message.answer(question, reply_markup=picking_keyboard(picked, offers, texts, formulary))


def _following(picked: list[str], formulary: Formulary) -> tuple[list[str], list[Any]]:
    """The parts so far and the choices of the next one; a strength without a choice is taken by itself."""
    if len(picked) == 1:
        strengths = picking.strengths(picked[0], formulary)
        if len(strengths) != 1:
            return picked, strengths
        picked = [*picked, *strengths]
    if len(picked) == 2:
        return picked, picking.how_often(picked[0], picked[1], formulary)
    return picked, [*picking.DAYS]


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(start_picking, PickMedicine.filter(), StateFilter(Prescribing))
    router.callback_query.register(pick, PickPart.filter(), StateFilter(Prescribing.picking))
    router.message.register(search, StateFilter(Prescribing.picking), TYPED_TEXT)
    return router
