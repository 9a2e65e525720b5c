"""Questions about a scan: asked by pharmacist and administrator, answered once by the doctor or the patient."""

from typing import Any, Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers.access import requires
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.callbacks.clarification import (
    AnswerClarification,
    AskReady,
    CancelClarification,
    ChooseAnswer,
    WithdrawClarification,
)
from handlers.ui.forms import Clarifying
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.replies import View, edit_message, reply, send_view
from handlers.ui.texts import Html, Texts
from handlers.views import clarifications as view
from handlers.views.facts import edit_keyboard
from handlers.views.identity import identity_line
from handlers.views.paging import join_blocks
from models.tables.scans import Scan
from models.vocabulary import Role
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import StaleAction
from workflow.permissions import Permission
from workflow.scans import clarifications, queries
from workflow.scans.clarifications import READY, Answered
from workflow.unit_of_work import UnitOfWork

LONGEST: Final = 500  # characters of a question or an answer


@requires(Permission.ASK_CLARIFICATION)
async def ask_doctor(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        scan = await clarifications.askable(session, actor, callback_data.scan_id, Role.DOCTOR)
        await _open_form(state, Clarifying.doctor, scan, identity_line(scan, texts))
    await reply(query, _named(scan, "clarify.type_to_doctor", texts), view.cancel_keyboard(texts), protected=True)


@requires(Permission.ASK_CLARIFICATION)
async def ask_patient(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Offer the ready questions that apply to the patient; others are typed."""
    async with uow.begin() as session:
        scan = await clarifications.askable(session, actor, callback_data.scan_id, Role.PATIENT)
        topics = await clarifications.ready_topics(session, scan, uow.at)
        await _open_form(state, Clarifying.patient, scan, identity_line(scan, texts), ready=topics)
    keyboard = view.ready_keyboard(texts, topics)
    await reply(query, _named(scan, "clarify.type_to_patient", texts), keyboard, protected=True)


@requires(Permission.ASK_CLARIFICATION)
async def take_question(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    text = typed_text(message, LONGEST)
    addressee = Role.DOCTOR if await state.get_state() == Clarifying.doctor.state else Role.PATIENT
    await message.answer(await _ask(addressee, text, actor, state, texts, uow))


@requires(Permission.ASK_CLARIFICATION)
async def take_ready(
    query: CallbackQuery, callback_data: AskReady, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    if callback_data.topic not in clarifications.READY_ANSWERS:
        raise StaleAction
    await edit_message(query, await _ask(Role.PATIENT, READY + callback_data.topic, actor, state, texts, uow))


async def _ask(addressee: Role, text: str, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> Html:
    async with uow.begin() as session:
        scan_id = (await state.get_data())["scan_id"]
        await clarifications.ask(session, actor, scan_id, addressee, text, uow.at)
        await state.clear()
    return texts("clarify.sent", scan=scan_id)


@requires(Permission.SEE_SCAN)
async def cancel(query: CallbackQuery, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin():
        await state.clear()
    await edit_message(query, texts("cancel.done"))


@requires(Permission.SEE_SCAN)
async def show_list(
    query: CallbackQuery, message: Message, callback_data: OnCard, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    """Every question that the reader may see, each with the buttons to answer or withdraw it."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor)
        await chain.record_read(session, actor, scan, "questions", uow.at)
    await query.answer()
    for one in clarifications.visible_to(scan, actor.role):
        await send_view(message, View(view.clarification_line(one, texts), view.list_keyboard(scan, one, actor, texts)))


@requires(Permission.ANSWER_CLARIFICATION)
async def open_answer(
    query: CallbackQuery,
    callback_data: AnswerClarification,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Repeat the question and ask for the answer in one message."""
    async with uow.begin() as session:
        one = await clarifications.answerable(session, actor, callback_data.scan_id, callback_data.number)
        scan = await queries.scan_for(session, one.scan_id, actor, Permission.ANSWER_CLARIFICATION)
        about = Html(f"{view.clarification_line(one, texts)}\n{identity_line(scan, texts)}")
        await _open_form(state, Clarifying.answer, scan, about, number=one.number)
    prompt = texts("facts.allergies" if clarifications.topic_of(one) else "clarify.type_answer", scan=scan.id)
    await reply(query, join_blocks(about, prompt), view.cancel_keyboard(texts), protected=True)


@requires(Permission.ANSWER_CLARIFICATION)
async def take_answer(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    text = typed_text(message, LONGEST)
    async with uow.begin() as session:
        data = await state.get_data()
        done = await clarifications.answer(session, actor, data["scan_id"], data["number"], text, uow.at)
        await state.clear()
    await message.answer(_thanks(done, texts), reply_markup=_facts_button(done, texts))


@requires(Permission.ANSWER_CLARIFICATION)
async def choose_answer(
    query: CallbackQuery, callback_data: ChooseAnswer, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    chosen, text = callback_data, READY + callback_data.value
    async with uow.begin() as session:
        done = await clarifications.answer(session, actor, chosen.scan_id, chosen.number, text, uow.at)
    await edit_message(query, _thanks(done, texts), _facts_button(done, texts))


@requires(Permission.ASK_CLARIFICATION)
async def withdraw(
    query: CallbackQuery, callback_data: WithdrawClarification, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        await clarifications.withdraw(session, actor, callback_data.scan_id, callback_data.number, uow.at)
    await edit_message(query, texts("clarify.withdrawn_now", scan=callback_data.scan_id))


def _thanks(done: Answered, texts: Texts) -> Html:
    """Say that an answer is passed on, and whether it is kept with the patient's facts."""
    sent = texts("clarify.answered", scan=done.clarification.scan_id)
    if done.kept is None:
        return sent
    return Html(f"{sent}\n{texts('clarify.kept' if done.kept else 'clarify.not_kept')}")


def _facts_button(done: Answered, texts: Texts) -> InlineKeyboardMarkup | None:
    """A way to look at the facts and change them, after an answer about one of them."""
    return None if done.kept is None else edit_keyboard(texts)


async def _open_form(state: FSMContext, asked: State, scan: Scan, about: Html, **data: Any) -> None:  # noqa: ANN401 - JSON
    """`about` stands above the question whenever it is asked."""
    await state.set_data({"scan_id": scan.id, "identity": about, **data})
    await state.set_state(asked)


def _named(scan: Scan, key: str, texts: Texts) -> Html:
    """A question of the form below the patient's name and birth date."""
    return join_blocks(identity_line(scan, texts), texts(key, scan=scan.id))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(ask_doctor, OnCard.filter(F.action == CardAction.ASK_DOCTOR))
    router.callback_query.register(ask_patient, OnCard.filter(F.action == CardAction.ASK_PATIENT))
    router.callback_query.register(show_list, OnCard.filter(F.action == CardAction.QUESTIONS))
    router.callback_query.register(take_ready, AskReady.filter(), StateFilter(Clarifying.patient))
    router.callback_query.register(cancel, CancelClarification.filter(), StateFilter(Clarifying))
    router.callback_query.register(open_answer, AnswerClarification.filter())
    router.callback_query.register(choose_answer, ChooseAnswer.filter())
    router.callback_query.register(withdraw, WithdrawClarification.filter())
    router.message.register(take_question, StateFilter(Clarifying.doctor, Clarifying.patient), TYPED_TEXT)
    router.message.register(take_answer, StateFilter(Clarifying.answer), TYPED_TEXT)
    return router
