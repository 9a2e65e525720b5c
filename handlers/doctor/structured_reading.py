"""A reading composed with buttons. Each button changes the draft in the database, so an interruption loses nothing."""

from collections.abc import Sequence

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks import Diagnose, OnReading, SetBand, SetPhrase
from handlers.ui.callbacks.reading import AddReading, SetModelComment, StartFrom
from handlers.ui.forms import WritingFindings
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.replies import View, replace_view, send_view
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.questions import ask, placeholders
from handlers.views.reading import draft as view
from handlers.views.reading import ready
from models.tables.scans import Scan
from models.vocabulary import Band
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.scans import draft_edits, drafts, presets, queries, reading
from workflow.scans.draft_edits import MAX_TEXT, region_named
from workflow.transitions import Action, require_applicable
from workflow.unit_of_work import UnitOfWork


@requires(Action.WRITE_FINDINGS)
async def diagnose(
    query: CallbackQuery,
    callback_data: Diagnose | AddReading,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Write the whole reading of a ready diagnosis, or add a ready reading to the draft.

    After an uncertain model it counts as the doctor's own reading."""
    write = reading.add_diagnosis if isinstance(callback_data, AddReading) else reading.apply_diagnosis
    async with uow.begin() as session:
        scan = await write(session, actor, callback_data.scan_id, callback_data.name, uow.at)
        await state.clear()
    await replace_view(query, view.draft_view(scan, texts))


@requires(Action.WRITE_FINDINGS)
async def open_part(
    query: CallbackQuery,
    message: Message,
    callback_data: OnReading,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Show another part of the draft, or ask for typed text about it."""
    scan_id, part = callback_data.scan_id, callback_data.part
    question = _question(part)
    async with uow.begin() as session:
        scan = await queries.scan_for(session, scan_id, actor, Action.WRITE_FINDINGS)
        require_applicable(scan, Action.WRITE_FINDINGS)
        if part == view.REST_NORMAL:
            scan = await draft_edits.rest_normal(session, actor, scan_id, uow.at)
        elif question:
            about = {"scan_id": scan_id, "revises": True, "identity": identity_line(scan, texts)}
            await state.set_data({**about, **_region_data(part)})
            await state.set_state(question)
        data, recent = await state.get_data(), await presets.recent_readings(session, actor)
    if question:
        await query.answer()
        await ask(message, question, texts, **placeholders(data, texts))
        return
    await replace_view(query, _view(scan, part, texts, recent))


@requires(Action.WRITE_FINDINGS)
async def set_phrase(
    query: CallbackQuery, callback_data: SetPhrase, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    region = region_named(callback_data.region)
    wished = draft_edits.SetPhrase(region, callback_data.phrase, callback_data.on)
    async with uow.begin() as session:
        scan = await draft_edits.set_phrase(session, actor, callback_data.scan_id, wished, uow.at)
    await replace_view(query, view.region_view(scan, region, texts))


@requires(Action.WRITE_FINDINGS)
async def set_band(query: CallbackQuery, callback_data: SetBand, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    if callback_data.band not in set(Band):
        raise StaleAction
    async with uow.begin() as session:
        parts = {"band": callback_data.band}
        scan = await reading.revise_draft(session, actor, callback_data.scan_id, uow.at, **parts)
    await replace_view(query, view.draft_view(scan, texts))


@requires(Action.WRITE_FINDINGS)
async def set_model_comment(
    query: CallbackQuery,
    callback_data: SetModelComment,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    if callback_data.name not in view.MODEL_COMMENTS:
        raise StaleAction
    async with uow.begin() as session:
        why = f"why.{callback_data.name}"
        scan = await reading.revise_draft(session, actor, callback_data.scan_id, uow.at, why=why)
        await state.clear()
    await replace_view(query, view.draft_view(scan, texts))


@requires(Action.WRITE_FINDINGS)
async def start_from(
    query: CallbackQuery, callback_data: StartFrom, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Put a kept draft of another doctor in the place of the present one, which is kept as well."""
    async with uow.begin() as session:
        scan = await drafts.start_from(session, actor, callback_data.scan_id, callback_data.number, uow.at)
        await state.clear()
    await replace_view(query, view.draft_view(scan, texts))


@requires(Action.WRITE_FINDINGS)
async def take_text(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Store typed text about a region, about the model's answer, or as the doctor's own reading."""
    text = typed_text(message, MAX_TEXT)
    async with uow.begin() as session:
        data = await state.get_data()
        if "region" in data:
            scan = await draft_edits.write_region(session, actor, data["scan_id"], data["region"], text, uow.at)
        else:
            part = "why" if await state.get_state() == WritingFindings.why.state else "own_reading"
            scan = await reading.revise_draft(session, actor, data["scan_id"], uow.at, **{part: text})
        await state.clear()
    await send_view(message, view.regions_view(scan, texts) if "region" in data else view.draft_view(scan, texts))


def _view(scan: Scan, part: str, texts: Texts, recent: Sequence[str]) -> View:
    if ready.is_ready_part(part):
        return ready.ready_view(scan, part, texts, recent)
    if part in {view.REGIONS_VIEW, view.REST_NORMAL} or (part == view.DRAFT_VIEW and scan.reading is None):
        return view.regions_view(scan, texts)
    if part == view.DRAFT_VIEW:
        return view.draft_view(scan, texts)
    return view.region_view(scan, region_named(part), texts)


def _question(part: str) -> State | None:
    if part.startswith(view.REGION_TEXT):
        return WritingFindings.region
    questions = {
        view.IMPRESSION: WritingFindings.impression,
        view.MODEL_COMMENT: WritingFindings.why,
        view.CONCLUSION: WritingFindings.conclusion,
    }
    return questions.get(part)


def _region_data(part: str) -> dict[str, str]:
    return {"region": region_named(part.removeprefix(view.REGION_TEXT))} if part.startswith(view.REGION_TEXT) else {}


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(diagnose, Diagnose.filter())
    router.callback_query.register(diagnose, AddReading.filter())
    router.callback_query.register(start_from, StartFrom.filter())
    router.callback_query.register(open_part, OnReading.filter())
    router.callback_query.register(set_phrase, SetPhrase.filter())
    router.callback_query.register(set_band, SetBand.filter())
    router.callback_query.register(set_model_comment, SetModelComment.filter())
    questions = StateFilter(WritingFindings.region, WritingFindings.why, WritingFindings.conclusion)
    router.message.register(take_text, questions, TYPED_TEXT)
    return router
