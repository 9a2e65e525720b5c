"""A doctor's own phrases: keep the impression of a draft under a name, add one to a draft, list them, delete one."""

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks import OnReading
from handlers.ui.callbacks.reading import DeletePhrase, UsePhrase
from handlers.ui.forms import WritingFindings
from handlers.ui.parsing import TYPED_TEXT, typed_text
from handlers.ui.replies import View, replace_view
from handlers.ui.texts import Texts
from handlers.views.identity import identity_line
from handlers.views.questions import ask, placeholders
from handlers.views.reading.draft import draft_view
from handlers.views.reading.own_phrases import KEEP, OWN, OWN_DELETE, phrases_view
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.scans import presets, queries, reading
from workflow.scans.draft_edits import MAX_PHRASE_NAME
from workflow.transitions import Action, require_applicable
from workflow.unit_of_work import UnitOfWork


@requires(Action.WRITE_FINDINGS)
async def show(query: CallbackQuery, callback_data: OnReading, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    """List the phrases, to pick or to delete one."""
    view = await _list(callback_data.scan_id, callback_data.part, actor, texts, uow)
    await replace_view(query, view)


@requires(Action.WRITE_FINDINGS)
async def ask_name(
    query: CallbackQuery,
    message: Message,
    callback_data: OnReading,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    async with uow.begin() as session:
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.WRITE_FINDINGS)
        require_applicable(scan, Action.WRITE_FINDINGS)
        if scan.reading is None or not scan.reading.impression:
            raise StaleAction
        data = {"scan_id": scan.id, "identity": identity_line(scan, texts)}
        await state.set_data(data)
        await state.set_state(WritingFindings.phrase_name)
    await query.answer()
    await ask(message, WritingFindings.phrase_name, texts, **placeholders(data, texts))


@requires(Action.WRITE_FINDINGS)
async def take_name(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    name = " ".join(typed_text(message, MAX_PHRASE_NAME).split())
    async with uow.begin() as session:
        scan_id: int = (await state.get_data())["scan_id"]
        await presets.keep_phrase(session, actor, scan_id, name, uow.at)
        await state.clear()
    await message.answer(texts("phrase.kept", name=name))


@requires(Action.WRITE_FINDINGS)
async def use(query: CallbackQuery, callback_data: UsePhrase, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        scan = await reading.add_phrase(session, actor, callback_data.scan_id, callback_data.number, uow.at)
    await replace_view(query, draft_view(scan, texts))


@requires(Action.WRITE_FINDINGS)
async def delete(
    query: CallbackQuery, callback_data: DeletePhrase, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        await presets.delete_phrase(session, actor, callback_data.number, uow.at)
    await replace_view(query, await _list(callback_data.scan_id, OWN, actor, texts, uow))


async def _list(scan_id: int, part: str, actor: Actor, texts: Texts, uow: UnitOfWork) -> View:
    async with uow.begin() as session:
        scan = await queries.scan_for(session, scan_id, actor, Action.WRITE_FINDINGS)
        require_applicable(scan, Action.WRITE_FINDINGS)
        return phrases_view(scan, part, await presets.own_phrases(session, actor), texts)


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(show, OnReading.filter(F.part.in_({OWN, OWN_DELETE})))
    router.callback_query.register(ask_name, OnReading.filter(F.part == KEEP))
    router.callback_query.register(use, UsePhrase.filter())
    router.callback_query.register(delete, DeletePhrase.filter())
    router.message.register(take_name, StateFilter(WritingFindings.phrase_name), TYPED_TEXT)
    return router
