"""A reading put together with buttons. Each press is a change of the draft in the database, so that nothing is lost."""

from typing import Any

from aiogram import Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.doctor.reading import LONGEST
from handlers.ui.forms import Reading
from handlers.ui.keyboards import Diagnose, InRegion, OnReading, SayWhy, SetBand
from handlers.ui.parsing import WORDS
from handlers.ui.questions import ask, values
from handlers.ui.replies import known
from handlers.ui.texts import Texts
from handlers.views import reading as board
from handlers.views.cards import View
from models.tables.scans import Scan
from reports.content.document import Band
from reports.content.phrases import PHRASES
from reports.content.reading import Region
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.scans import queries, reading
from workflow.transitions import Action
from workflow.unit_of_work import Effects


@does(Action.WRITE_FINDINGS)
async def diagnose(
    query: CallbackQuery,
    callback_data: Diagnose,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    """The whole reading with one press. Where the model was uncertain, this press is the physician's own reading."""
    async with effects.begin() as session:
        scan = await reading.diagnose(session, known(actor), callback_data.scan_id, callback_data.name, effects.at)
        await state.clear()
    await _show(query, board.draft(scan, texts))


@does(Action.WRITE_FINDINGS)
async def open_part(
    query: CallbackQuery,
    callback_data: OnReading,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    """Look at another part of the draft, or be asked for words about it."""
    scan_id, opens = callback_data.scan_id, callback_data.opens
    async with effects.begin() as session:
        scan = await queries.scan_for(session, scan_id, known(actor), Action.WRITE_FINDINGS)
        if scan.status != "AI_ANALYZED":
            raise StaleAction
        if opens == board.REST:
            normal = reading.untouched(scan)
            scan = await reading.look_at(session, known(actor), scan_id, effects.at, normal)
        elif asked := _question(opens):
            await state.set_data({"scan_id": scan_id, "revises": True, **_about(opens)})
            await state.set_state(asked)
        told = await state.get_data()
    if asked := _question(opens):
        await query.answer()
        if isinstance(query.message, Message):
            await ask(query.message, asked, texts, **values(told, texts))
        return
    await _show(query, _view(scan, opens, texts))


@does(Action.WRITE_FINDINGS)
async def set_phrase(
    query: CallbackQuery, callback_data: InRegion, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    region, phrase = _region(callback_data.region), callback_data.phrase
    if phrase and phrase not in PHRASES[region]:
        raise StaleAction
    async with effects.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, known(actor), Action.WRITE_FINDINGS)
        seen = _seen(reading.regions_of(scan).get(region, {}), phrase, callback_data.on)
        scan = await reading.look_at(session, known(actor), scan.id, effects.at, {region: seen})
    await _show(query, board.region(scan, region, texts))


@does(Action.WRITE_FINDINGS)
async def set_band(
    query: CallbackQuery, callback_data: SetBand, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    if callback_data.band not in set(Band):
        raise StaleAction
    async with effects.begin() as session:
        parts = {"band": callback_data.band}
        scan = await reading.revise(session, known(actor), callback_data.scan_id, effects.at, **parts)
    await _show(query, board.draft(scan, texts))


@does(Action.WRITE_FINDINGS)
async def say_why(
    query: CallbackQuery,
    callback_data: SayWhy,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
) -> None:
    if callback_data.name not in board.WHYS:
        raise StaleAction
    async with effects.begin() as session:
        why = f"why.{callback_data.name}"
        scan = await reading.revise(session, known(actor), callback_data.scan_id, effects.at, why=why)
        await state.clear()
    await _show(query, board.draft(scan, texts))


@does(Action.WRITE_FINDINGS)
async def take_words(message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> None:
    """What was typed about one region, about the model's answer, or where the model had none."""
    words = (message.text or "").strip()
    if len(words) > LONGEST:
        await message.answer(texts("reading.too_long", most=LONGEST))
        return
    async with effects.begin() as session:
        told = await state.get_data()
        if "region" in told:
            scan = await queries.scan_for(session, told["scan_id"], known(actor), Action.WRITE_FINDINGS)
            seen = {**reading.regions_of(scan).get(told["region"], {}), "text": words}
            scan = await reading.look_at(session, known(actor), scan.id, effects.at, {told["region"]: seen})
        else:
            part = "why" if await state.get_state() == Reading.why.state else "own_reading"
            scan = await reading.revise(session, known(actor), told["scan_id"], effects.at, **{part: words})
        await state.clear()
    view = board.regions(scan, texts) if "region" in told else board.draft(scan, texts)
    await message.answer(view.text, reply_markup=view.keyboard, protect_content=True)


def _view(scan: Scan, opens: str, texts: Texts) -> View:
    if opens in {board.REGIONS_VIEW, board.REST} or (opens == board.DRAFT_VIEW and scan.reading is None):
        return board.regions(scan, texts)
    if opens == board.DRAFT_VIEW:
        return board.draft(scan, texts)
    return board.region(scan, _region(opens), texts)


def _question(opens: str) -> Any:  # noqa: ANN401 - a State, which aiogram makes of any attribute
    if opens.startswith(board.WORDS):
        return Reading.region
    questions = {
        board.IMPRESSION: Reading.impression,
        board.WHY: Reading.why,
        board.CONCLUSION: Reading.conclusion,
    }
    return questions.get(opens)


def _about(opens: str) -> dict[str, str]:
    return {"region": _region(opens.removeprefix(board.WORDS))} if opens.startswith(board.WORDS) else {}


def _region(name: str) -> Region:
    """Raises StaleAction for a name that this version does not know."""
    if name not in set(Region):
        raise StaleAction
    return Region(name)


def _seen(before: dict[str, Any], phrase: str, on: bool) -> dict[str, Any]:
    """A region with this phrase put in or taken out; without a phrase it is normal."""
    if not phrase:
        return {}
    others = [code for code in before.get("phrases", ()) if code != phrase]
    return {**before, "phrases": [*others, phrase] if on else others}


async def _show(query: CallbackQuery, view: View) -> None:
    """In place of what was pressed. A second tap finds it as it is already."""
    await query.answer()
    if isinstance(query.message, Message):
        try:
            await query.message.edit_text(view.text, reply_markup=view.keyboard)
        except TelegramBadRequest as refused:
            if "not modified" not in refused.message:
                await query.message.answer(view.text, reply_markup=view.keyboard, protect_content=True)


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(diagnose, Diagnose.filter())
    router.callback_query.register(open_part, OnReading.filter())
    router.callback_query.register(set_phrase, InRegion.filter())
    router.callback_query.register(set_band, SetBand.filter())
    router.callback_query.register(say_why, SayWhy.filter())
    router.message.register(take_words, StateFilter(Reading.region, Reading.why, Reading.conclusion), WORDS)
    return router
