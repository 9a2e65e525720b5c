"""The doctor's side: have a scan analysed, write findings, verify, or ask for a better picture."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers import keyboards
from handlers.answers import edit, known, say
from handlers.forms import Reading, Rejecting
from handlers.keyboards import CardAction, OnCard
from handlers.texts import Texts
from models.people import Role
from models.scans import Finding
from workflow import analysis, queries, reading
from workflow.actors import Actor
from workflow.errors import NotAllowed, StaleAction
from workflow.updates import Effects

REASONS: Final = ("blurred", "cut_off", "dark", "glare", "wrong_view")
STEPS: Final = (Reading.own_reading, Reading.findings, Reading.impression, Reading.recommendations)
LONGEST: Final = 3000
OPINIONS: Final = {CardAction.VERIFY: None, CardAction.VERIFY_AGREE: True, CardAction.VERIFY_DISAGREE: False}


async def analyse(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await analysis.ask_analysis(session, known(actor), callback_data.scan_id, effects.at)
    await query.answer(texts.plain("analysis.asked"))


async def verify(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    """Sign; the press says as well whether the model was right, if the doctor has an opinion."""
    async with effects.begin() as session:
        agrees = OPINIONS[callback_data.action]
        await reading.verify(session, known(actor), callback_data.scan_id, effects.at, agrees)
    await query.answer(texts.plain("reading.verified"))


async def write(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """Begin the form; where the model was uncertain it begins with the physician's own reading."""
    if known(actor).role is not Role.DOCTOR:
        raise NotAllowed
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor))
        if scan.finding is None or scan.status != "AI_ANALYZED":
            raise StaleAction
        first = Reading.own_reading if scan.finding.uncertain else Reading.findings
        await state.set_data({"scan_id": scan.id})
        await state.set_state(first)
    await say(query, texts(f"reading.{_name(first)}", scan=callback_data.scan_id))


async def take_words(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    words = (message.text or "").strip()
    if len(words) > LONGEST:
        await message.answer(texts("reading.too_long", most=LONGEST))
        return
    here = await state.get_state()
    await state.update_data({_name(here): words})
    await _go_on(message, actor, state, texts, effects)


async def skip_words(
    query: CallbackQuery, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    await query.answer()
    if isinstance(query.message, Message):
        await _go_on(query.message, actor, state, texts, effects)


async def _go_on(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    """The next question, or the words written down as a draft that "Verify" signs."""
    here = await state.get_state()
    names = [step.state for step in STEPS]
    if here != names[-1]:
        following = STEPS[names.index(here) + 1]
        await state.set_state(following)
        keyboard = None if following is Reading.findings else keyboards.skip(texts)
        await message.answer(texts(f"reading.{_name(following)}"), reply_markup=keyboard)
        return
    told = await state.get_data()
    scan_id = told.pop("scan_id")
    async with effects.begin() as session:
        scan = await reading.write_findings(session, known(actor), scan_id, reading.Words(**told), effects.at)
        await state.clear()
    await message.answer(texts("reading.written", scan=scan_id), reply_markup=_sign(scan.finding, scan_id, texts))


def _sign(finding: Finding | None, scan_id: int, texts: Texts) -> InlineKeyboardMarkup | None:
    """Sign with one press; where the model gave an answer, the press says what the doctor thinks of it."""
    signs = [CardAction.VERIFY]
    if finding is not None and not finding.uncertain:
        signs = [CardAction.VERIFY_AGREE, CardAction.VERIFY_DISAGREE]
    return keyboards.on_card(texts, scan_id, [*signs, CardAction.FINDINGS])


async def ask_reason(
    query: CallbackQuery, callback_data: OnCard, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """A rejection needs a reason that the patient can act on: a ready one or the doctor's own words."""
    if known(actor).role not in {Role.DOCTOR, Role.ADMINISTRATOR}:
        raise NotAllowed
    async with effects.begin() as session:
        await queries.scan_for(session, callback_data.scan_id, known(actor))
        await state.set_data({"scan_id": callback_data.scan_id})
        await state.set_state(Rejecting.reason)
    ready = keyboards.ready_reasons(texts, REASONS) if known(actor).role is Role.DOCTOR else None
    await say(query, texts("reject.reason", scan=callback_data.scan_id), ready)


async def take_reason(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    scan_id = await _reject(actor, state, (message.text or "").strip()[:500], effects)
    await message.answer(texts("reject.done", scan=scan_id))


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
    scan_id: int = (await state.get_data())["scan_id"]
    async with effects.begin() as session:
        await state.clear()
        await reading.reject(session, known(actor), scan_id, reason, effects.at)
    return scan_id


def _name(state: State | str | None) -> str:
    return str(state.state if isinstance(state, State) else state).split(":")[1]


def routes() -> Router:
    router = Router(name=__name__)
    words = F.text & ~F.text.startswith("/")
    router.callback_query.register(analyse, OnCard.filter(F.action == CardAction.ANALYSE))
    router.callback_query.register(write, OnCard.filter(F.action == CardAction.FINDINGS))
    router.callback_query.register(verify, OnCard.filter(F.action.in_(set(OPINIONS))))
    router.callback_query.register(ask_reason, OnCard.filter(F.action.in_({CardAction.BETTER, CardAction.REJECT})))
    router.callback_query.register(take_ready_reason, keyboards.Reason.filter(), StateFilter(Rejecting.reason))
    router.message.register(take_reason, StateFilter(Rejecting.reason), words)
    router.message.register(take_words, StateFilter(*STEPS), words)
    skippable = StateFilter(Reading.impression, Reading.recommendations)
    router.callback_query.register(skip_words, keyboards.Skip.filter(), skippable)
    return router
