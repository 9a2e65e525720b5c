"""The doctor's side: have a scan analysed, write findings, verify, or ask for a better picture."""

from collections.abc import Callable
from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.ui import keyboards
from handlers.ui.decisions import OnWords
from handlers.ui.forms import Reading, Rejecting
from handlers.ui.keyboards import CardAction, OnCard
from handlers.ui.parsing import WORDS
from handlers.ui.questions import ask, values
from handlers.ui.replies import edit, known, pop_up, say
from handlers.ui.texts import Texts
from handlers.views import reading as board
from handlers.views.cards import View
from models.tables.people import Role
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit import chain
from workflow.errors import StaleAction, WordsChanged
from workflow.scans import analysis, queries, reading
from workflow.transitions import Action
from workflow.unit_of_work import Effects

REASONS: Final = ("blurred", "cut_off", "dark", "glare", "wrong_view")
STEPS: Final = (Reading.own_reading, Reading.findings, Reading.impression, Reading.recommendations)
LONGEST: Final = 3000
OPINIONS: Final = {CardAction.VERIFY: None, CardAction.VERIFY_AGREE: True, CardAction.VERIFY_DISAGREE: False}


@does(Action.ASK_ANALYSIS)
async def analyse(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await analysis.ask_analysis(session, known(actor), callback_data.scan_id, effects.at)
    await query.answer(texts.plain("analysis.asked"))


@does(Action.VERIFY)
async def verify(
    query: CallbackQuery, callback_data: OnWords, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    """Sign; the press says as well whether the model was right, if the doctor has an opinion."""
    scan_id, seen, agrees = callback_data.scan_id, callback_data.seen, OPINIONS[callback_data.action]
    try:
        async with effects.begin() as session:
            await reading.verify(session, known(actor), scan_id, seen, effects.at, agrees)
    except WordsChanged:
        await read_again(query, scan_id, actor, texts, effects, board.draft)
        return
    await query.answer(texts.plain("reading.verified"))


async def read_again(
    query: CallbackQuery,
    scan_id: int,
    actor: Actor | None,
    texts: Texts,
    effects: Effects,
    draft: Callable[[Scan, Texts], View],
) -> None:
    """Nothing is signed: the words as they stand now come first, with the buttons that sign them."""
    async with effects.begin() as session:
        scan = await queries.scan_for(session, scan_id, known(actor))
        await chain.look(session, known(actor), scan, "draft", effects.at)
    await pop_up(query, texts(WordsChanged.key))
    if isinstance(query.message, Message):
        view = draft(scan, texts)
        await query.message.answer(view.text, reply_markup=view.keyboard, protect_content=True)


@does(Action.WRITE_FINDINGS)
async def write(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """Begin the form; where the model was uncertain it begins with the physician's own reading."""
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor), Action.WRITE_FINDINGS)
        if scan.finding is None or scan.status != "AI_ANALYZED":
            raise StaleAction
        first = Reading.own_reading if scan.finding.uncertain else Reading.findings
        told = {"scan_id": scan.id, "modality": scan.finding.modality}
        await state.set_data(told)
        await state.set_state(first)
    await query.answer()
    if isinstance(query.message, Message):
        await ask(query.message, first, texts, **values(told, texts))


@does(Action.WRITE_FINDINGS)
async def take_words(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    words = (message.text or "").strip()
    if len(words) > LONGEST:
        await message.answer(texts("reading.too_long", most=LONGEST))
        return
    await _go_on(message, words, actor, state, texts, effects)


@does(Action.WRITE_FINDINGS)
async def skip_words(
    query: CallbackQuery, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    await query.answer()
    if isinstance(query.message, Message):
        await _go_on(query.message, None, actor, state, texts, effects)


async def _go_on(
    message: Message, typed: str | None, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """Keep the words and step on to the next question, or to the draft that "Verify" signs, in one transaction."""
    async with effects.begin() as session:
        here = await state.get_state()
        if typed is not None:
            await state.update_data({_name(here): typed})
        told = await state.get_data()
        following = _after(here)
        if following is not None:
            await state.set_state(following)
        else:
            words = {name: said for name, said in told.items() if name in reading.Words._fields}
            if told.get("revises"):
                scan = await reading.revise(session, known(actor), told["scan_id"], effects.at, **words)
            else:
                draft = reading.Words(**words)
                scan = await reading.write_findings(session, known(actor), told["scan_id"], draft, effects.at)
            await state.clear()
    if following is not None:
        await ask(message, following, texts, **values(told, texts))
    else:
        view = board.draft(scan, texts)
        await message.answer(view.text, reply_markup=view.keyboard, protect_content=True)


def _after(here: str | None) -> State | None:
    """The question that follows this one; None after the last."""
    names = [step.state for step in STEPS]
    return dict(zip(names, STEPS[1:], strict=False)).get(here)


@does(Action.REJECT)
async def ask_reason(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """A rejection needs a reason that the patient can act on: a ready one or the doctor's own words."""
    async with effects.begin() as session:
        await queries.scan_for(session, callback_data.scan_id, known(actor), Action.REJECT)
        await state.set_data({"scan_id": callback_data.scan_id})
        await state.set_state(Rejecting.reason)
    ready = keyboards.ready_reasons(texts, REASONS) if known(actor).role is Role.DOCTOR else None
    await say(query, texts("reject.reason", scan=callback_data.scan_id), ready)


@does(Action.REJECT)
async def take_reason(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    scan_id = await _reject(actor, state, (message.text or "").strip()[:500], effects)
    await message.answer(texts("reject.done", scan=scan_id))


@does(Action.REJECT)
async def take_ready_reason(
    query: CallbackQuery,
    callback_data: keyboards.Reason,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    if callback_data.name not in REASONS:
        raise StaleAction
    scan_id = await _reject(actor, state, f"reason.{callback_data.name}", effects)
    await edit(query, texts("reject.done", scan=scan_id))


async def _reject(actor: Actor | None, state: FSMContext, reason: str, effects: Effects) -> int:
    async with effects.begin() as session:
        scan_id: int = (await state.get_data())["scan_id"]
        await state.clear()
        await reading.reject(session, known(actor), scan_id, reason, effects.at)
    return scan_id


def _name(state: State | str | None) -> str:
    return str(state.state if isinstance(state, State) else state).split(":")[1]


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(analyse, OnCard.filter(F.action == CardAction.ANALYSE))
    router.callback_query.register(write, OnCard.filter(F.action == CardAction.FINDINGS))
    router.callback_query.register(verify, OnWords.filter(F.action.in_(set(OPINIONS))))
    router.callback_query.register(ask_reason, OnCard.filter(F.action.in_({CardAction.BETTER, CardAction.REJECT})))
    router.callback_query.register(take_ready_reason, keyboards.Reason.filter(), StateFilter(Rejecting.reason))
    router.message.register(take_reason, StateFilter(Rejecting.reason), WORDS)
    router.message.register(take_words, StateFilter(*STEPS), WORDS)
    skippable = StateFilter(Reading.impression, Reading.recommendations)
    router.callback_query.register(skip_words, keyboards.Skip.filter(), skippable)
    return router
