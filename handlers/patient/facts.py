"""The patient's facts for the prescription: short questions with buttons, each of which may be skipped."""

import re
from collections.abc import Mapping
from typing import Any, Final

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks import Skip
from handlers.ui.callbacks.prescription import AnswerFacts, ChooseFact, ConfirmFacts, ToggleCondition
from handlers.ui.forms import GivingFacts
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.replies import edit_message
from handlers.ui.texts import Texts
from handlers.views.facts import conditions_keyboard, facts_block
from handlers.views.questions import ask
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.permissions import Permission
from workflow.scans import patient_facts
from workflow.scans.patient_facts import Topic
from workflow.unit_of_work import UnitOfWork

LONGEST: Final = 300  # characters of one answer
DONE: Final = "done"
HEAVIEST: Final = 300  # kilograms
STATES: Final[Mapping[Topic, State]] = {
    Topic.ALLERGIES: GivingFacts.allergies,
    Topic.CURRENT: GivingFacts.current,
    Topic.PREGNANCY: GivingFacts.pregnancy,
    Topic.WEIGHT: GivingFacts.weight,
    Topic.CONDITIONS: GivingFacts.conditions,
    Topic.ORGANS: GivingFacts.organs,
}


@requires(Permission.SET_FACTS)
async def start(
    query: CallbackQuery,
    message: Message,
    callback_data: AnswerFacts,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Ask the first question, or note that the patient does not want to answer now."""
    if not callback_data.now:
        async with uow.begin() as session:
            await patient_facts.decline(session, actor, uow.at)
        await edit_message(query, texts("facts.later"))
        return
    async with uow.begin() as session:
        first, *left = await patient_facts.topics(session, actor.account_id, uow.at)
        await state.set_data({"topic": first, "left": left})
        await state.set_state(STATES[first])
    await query.answer()
    await ask(message, STATES[first], texts)


@requires(Permission.SET_FACTS)
async def take_list(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Allergies, medicines or illnesses, one in each line or separated by commas; chosen illnesses stay."""
    parts = patient_facts.split_list(typed_text(message, LONGEST))
    async with uow.begin():
        data = await state.get_data()
        following = await _record({data["topic"]: [*data.get("chosen", ()), *parts]}, actor, state, uow)
    await _continue(message, following, actor, texts, uow)


@requires(Permission.SET_FACTS)
async def take_weight(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    number = re.search(r"\d+(?:[.,]\d+)?", typed_text(message, LONGEST))
    weight = float(number.group().replace(",", ".")) if number else 0.0
    if not 0 < weight <= HEAVIEST:
        await message.answer(texts("facts.weight_wrong"))
        return
    following = await _record({"weight_kg": weight}, actor, state, uow)
    await _continue(message, following, actor, texts, uow)


@requires(Permission.SET_FACTS)
async def choose(
    query: CallbackQuery,
    message: Message,
    callback_data: ChooseFact,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """A pressed answer; one that does not belong to the open question counts as skipped."""
    async with uow.begin():
        data = await state.get_data()
        topic = Topic(data["topic"])
        facts = patient_facts.CHOICES.get((topic, callback_data.value), {})
        if callback_data.value == DONE and topic is Topic.CONDITIONS:
            facts = {"conditions": data.get("chosen", [])}
        following = await _record(facts, actor, state, uow)
    await query.answer()
    await _continue(message, following, actor, texts, uow)


@requires(Permission.SET_FACTS)
async def toggle(
    query: CallbackQuery,
    callback_data: ToggleCondition,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Choose or unchoose an illness; the question stays open. Raises StaleAction for one that is not listed."""
    if callback_data.index >= len(patient_facts.CONDITIONS):
        raise StaleAction
    name = patient_facts.CONDITIONS[callback_data.index]
    async with uow.begin():
        chosen = list((await state.get_data()).get("chosen", ()))
        chosen = [one for one in chosen if one != name] if name in chosen else [*chosen, name]
        await state.update_data(chosen=chosen)
    await edit_message(query, texts("facts.conditions"), conditions_keyboard(texts, chosen))


@requires(Permission.SET_FACTS)
async def confirm(query: CallbackQuery, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """The facts are as they were told before. Raises StaleAction where none were told."""
    async with uow.begin() as session:
        if not await patient_facts.facts_of(session, actor.account_id):
            raise StaleAction
        await patient_facts.record_facts(session, actor, {}, uow.at)
    await edit_message(query, texts("facts.confirmed"))


@requires(Permission.SET_FACTS)
async def skip(
    query: CallbackQuery, message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    following = await _record({}, actor, state, uow)
    await query.answer()
    await _continue(message, following, actor, texts, uow)


async def _record(facts: Mapping[str, Any], actor: Actor, state: FSMContext, uow: UnitOfWork) -> Topic | None:
    """Store an answer and go to the next question; returns it, None after the last."""
    async with uow.begin() as session:
        left = [Topic(one) for one in (await state.get_data()).get("left", ())]
        await patient_facts.record_facts(session, actor, facts, uow.at)
        if not left:
            await state.clear()
            return None
        await state.set_data({"topic": left[0], "left": left[1:]})
        await state.set_state(STATES[left[0]])
    return left[0]


async def _continue(message: Message, following: Topic | None, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    if following is not None:
        await ask(message, STATES[following], texts)
        return
    async with uow.read() as session:
        facts = await patient_facts.facts_of(session, actor.account_id)
    await message.answer(texts("facts.done", facts=facts_block(facts, texts)))


def routes() -> Router:
    router = Router(name=__name__)
    asked = StateFilter(*STATES.values())
    router.callback_query.register(start, AnswerFacts.filter())
    router.callback_query.register(confirm, ConfirmFacts.filter())
    router.callback_query.register(toggle, ToggleCondition.filter(), StateFilter(GivingFacts.conditions))
    router.callback_query.register(choose, ChooseFact.filter(), asked)
    router.callback_query.register(skip, Skip.filter(), asked)
    listed = StateFilter(GivingFacts.allergies, GivingFacts.current, GivingFacts.conditions)
    router.message.register(take_list, listed, TYPED_TEXT)
    router.message.register(take_weight, StateFilter(GivingFacts.weight), TYPED_TEXT)
    return router
