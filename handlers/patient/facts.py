"""The patient's facts for the prescription: short questions with buttons, each of which may be skipped."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks import Skip
from handlers.ui.callbacks.family import FactsAnswer, FactsOf
from handlers.ui.callbacks.prescription import AnswerFacts, ChooseFact, ConfirmFacts, ToggleCondition
from handlers.ui.forms import GivingFacts
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.replies import edit_message
from handlers.ui.texts import Html, Texts
from handlers.views.facts import conditions_keyboard, facts_block
from handlers.views.identity import who_line
from handlers.views.paging import join_blocks
from handlers.views.questions import ask
from workflow.accounts.files import proxies
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.permissions import Permission
from workflow.scans import patient_facts, queries
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


class Step(NamedTuple):
    """The following question, None after the last; the patient and the line that names a relative's patient."""

    following: Topic | None
    patient_id: int | None
    identity: str


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
    await query.answer()
    await _begin(message, actor, state, texts, uow)


@requires(Permission.SET_FACTS)
async def start_for(
    query: CallbackQuery,
    message: Message,
    callback_data: FactsOf,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """The same for a patient for whom the actor acts. Raises NotFound."""
    async with uow.begin() as session:
        patient = await proxies.act_for(session, actor, callback_data.patient_id)
        match callback_data.answer:
            case FactsAnswer.LATER:
                await patient_facts.decline(session, patient, uow.at)
            case FactsAnswer.SAME:
                await patient_facts.record_facts(session, patient, {}, uow.at)
    if callback_data.answer is FactsAnswer.NOW:
        await query.answer()
        await _begin(message, patient, state, texts, uow)
    else:
        done = "facts.later" if callback_data.answer is FactsAnswer.LATER else "facts.confirmed"
        await edit_message(query, texts(done))


async def _begin(message: Message, patient: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Ask the first question about the patient; of a relative's patient each question names them."""
    async with uow.begin() as session:
        first, *left = await patient_facts.topics(session, patient.account_id, uow.at)
        about = {}
        if patient.proxy is not None:
            identity = who_line(await queries.account_of(session, patient), texts)
            about = {"patient": patient.account_id, "identity": identity}
        await state.set_data({"topic": first, "left": left, **about})
        await state.set_state(STATES[first])
    await ask(message, STATES[first], texts, identity=about.get("identity", ""))


@requires(Permission.SET_FACTS)
async def take_list(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Allergies, medicines or illnesses, one in each line or separated by commas; chosen illnesses stay."""
    parts = patient_facts.split_list(typed_text(message, LONGEST))
    async with uow.begin():
        data = await state.get_data()
        step = await _record({data["topic"]: [*data.get("chosen", ()), *parts]}, actor, state, uow)
    await _continue(message, step, texts, uow)


@requires(Permission.SET_FACTS)
async def take_weight(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    number = re.search(r"\d+(?:[.,]\d+)?", typed_text(message, LONGEST))
    weight = float(number.group().replace(",", ".")) if number else 0.0
    if not 0 < weight <= HEAVIEST:
        await message.answer(texts("facts.weight_wrong"))
        return
    step = await _record({"weight_kg": weight}, actor, state, uow)
    await _continue(message, step, texts, uow)


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
        step = await _record(facts, actor, state, uow)
    await query.answer()
    await _continue(message, step, texts, uow)


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
    step = await _record({}, actor, state, uow)
    await query.answer()
    await _continue(message, step, texts, uow)


async def _record(facts: Mapping[str, Any], actor: Actor, state: FSMContext, uow: UnitOfWork) -> Step:
    """Store an answer about the patient whom the form names and go to the next question."""
    async with uow.begin() as session:
        data = await state.get_data()
        left = [Topic(one) for one in data.get("left", ())]
        patient = await proxies.act_for(session, actor, data.get("patient") or actor.account_id or 0)
        await patient_facts.record_facts(session, patient, facts, uow.at)
        step = Step(left[0] if left else None, patient.account_id, data.get("identity", ""))
        if step.following is None:
            await state.clear()
        else:
            about = {name: data[name] for name in ("patient", "identity") if name in data}
            await state.set_data({"topic": left[0], "left": left[1:], **about})
            await state.set_state(STATES[left[0]])
    return step


async def _continue(message: Message, step: Step, texts: Texts, uow: UnitOfWork) -> None:
    if step.following is not None:
        await ask(message, STATES[step.following], texts, identity=step.identity)
        return
    async with uow.read() as session:
        facts = await patient_facts.facts_of(session, step.patient_id)
    done = texts("facts.done", facts=facts_block(facts, texts))
    await message.answer(join_blocks(Html(step.identity), done) if step.identity else done)


def routes() -> Router:
    router = Router(name=__name__)
    asked = StateFilter(*STATES.values())
    router.callback_query.register(start, AnswerFacts.filter())
    router.callback_query.register(start_for, FactsOf.filter())
    router.callback_query.register(confirm, ConfirmFacts.filter())
    router.callback_query.register(toggle, ToggleCondition.filter(), StateFilter(GivingFacts.conditions))
    router.callback_query.register(choose, ChooseFact.filter(), asked)
    router.callback_query.register(skip, Skip.filter(), asked)
    listed = StateFilter(GivingFacts.allergies, GivingFacts.current, GivingFacts.conditions)
    router.message.register(take_list, listed, TYPED_TEXT)
    router.message.register(take_weight, StateFilter(GivingFacts.weight), TYPED_TEXT)
    return router
