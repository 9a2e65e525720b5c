"""A new FAQ entry: title, answer and phrases, first in the language of the question, then in the others."""

import asyncio
from functools import partial
from typing import Any, Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from faq.answer import Faq
from faq.teaching import find_objections, find_prohibition
from handlers.access import requires
from handlers.admin.unanswered import objections_text, save_anyway_keyboard
from handlers.shared.form import Form, FormAnswers
from handlers.ui import callbacks
from handlers.ui.callbacks.faq import MissAction, OnMiss, SaveEntry
from handlers.ui.forms import Teaching
from handlers.ui.parsing import TYPED_TEXT, check_length, typed_text
from handlers.ui.replies import edit_message
from handlers.ui.texts import LANGUAGES, Html, Texts
from handlers.views.questions import ask, placeholders
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.faq import teaching, unanswered
from workflow.faq.teaching import Draft, TaughtContent
from workflow.permissions import Permission
from workflow.text_thread import read_text
from workflow.unit_of_work import UnitOfWork

MAX_PHRASES: Final = 10


@requires(Permission.TEACH_FAQ)
async def start_entry(
    query: CallbackQuery,
    message: Message,
    callback_data: OnMiss,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    async with uow.begin() as session:
        miss = await unanswered.get_question(session, actor, callback_data.miss_id)
        await state.set_data({"miss_id": miss.id, "question": miss.text, "language": miss.language, "drafts": []})
        await state.set_state(Teaching.title)
    await query.answer()
    await ask(message, Teaching.title, texts, tongue=texts(f"language.{miss.language}"))


@requires(Permission.TEACH_FAQ)
async def take_title(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    title = check_length(" ".join((message.text or "").split()), teaching.MAX_TITLE)
    await FORM.answer(message, title, actor, state, texts, uow)


@requires(Permission.TEACH_FAQ)
async def take_answer(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await FORM.answer(message, typed_text(message, teaching.MAX_ANSWER), actor, state, texts, uow)


@requires(Permission.TEACH_FAQ)
async def take_phrases(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, faq: Faq
) -> None:
    """One phrase a line. A phrase that cannot be taught is refused at once, and the question stays open."""
    typed = [line.strip() for line in (message.text or "").splitlines() if line.strip()][:MAX_PHRASES]
    for line in typed:
        check_length(line, teaching.MAX_PHRASE)
    found = [await read_text(line, partial(find_prohibition, faq, line)) for line in typed]
    if against := [objection for objection in found if objection]:
        await message.answer(objections_text(against, texts, faq))
        return
    await FORM.answer(message, typed, actor, state, texts, uow)
    await _continue(message, actor, state, texts, uow, faq)


@requires(Permission.TEACH_FAQ)
async def skip_phrases(
    query: CallbackQuery, message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, faq: Faq
) -> None:
    await FORM.answer(message, None, actor, state, texts, uow)
    await query.answer()
    await _continue(message, actor, state, texts, uow, faq)


@requires(Permission.TEACH_FAQ)
async def skip_language(
    query: CallbackQuery, message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, faq: Faq
) -> None:
    async with uow.begin():
        await _next_language(state, await state.get_data())
    await query.answer()
    await _continue(message, actor, state, texts, uow, faq)


async def _end_language(answers: FormAnswers) -> None:
    """Store the draft in this language; in its own language the question is the first phrase."""
    data = answers.data
    question = [] if data["drafts"] else [data["question"][: teaching.MAX_PHRASE]]
    draft = Draft(data["language"], data["title"], data["answer"], (*question, *data.pop("phrases", ())))
    await _next_language(answers.state, {**data, "drafts": [*data["drafts"], draft]})


FORM: Final = Form(
    (Teaching.title, Teaching.answer, Teaching.phrases), _end_language, aliases={Teaching.other: Teaching.title}
)


async def _next_language(state: FSMContext, data: dict[str, Any]) -> None:
    """Open the form for the next language that was neither written nor skipped, if there is one."""
    done = [*data.get("done", ()), data["language"]]
    left = [language for language in LANGUAGES if language not in done]
    await state.set_data({**data, "done": done, "language": left[0] if left else data["language"]})
    await state.set_state(Teaching.other if left else Teaching.sure)


async def _continue(message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, faq: Faq) -> None:
    """Ask for the next language; after the last one save the entry, or show the objections to it."""
    data = await state.get_data()
    if await state.get_state() == Teaching.other.state:
        await ask(message, Teaching.other, texts, **placeholders(data, texts))
        return
    taught = _taught_content(data)
    against = await asyncio.to_thread(find_objections, faq, teaching.TOPIC_PREFIX, taught.phrases, taught.entries)
    if against:
        back = OnMiss(action=MissAction.OPEN, miss_id=data["miss_id"])
        keyboard = save_anyway_keyboard(against, SaveEntry(), back, texts)
        await message.answer(objections_text(against, texts, faq), reply_markup=keyboard, protect_content=True)
        return
    await message.answer(await _save(actor, state, texts, uow))


def _drafts(data: dict[str, Any]) -> list[Draft]:
    return [Draft(language, title, answer, tuple(phrases)) for language, title, answer, phrases in data["drafts"]]


def _taught_content(data: dict[str, Any]) -> TaughtContent:
    return teaching.content_of_drafts(teaching.TOPIC_PREFIX, _drafts(data))


@requires(Permission.TEACH_FAQ)
async def save_entry(
    query: CallbackQuery, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, faq: Faq
) -> None:
    """Save in spite of objections; those that forbid are checked again."""
    taught = _taught_content(await state.get_data())
    found = [await read_text(one.phrase, partial(find_prohibition, faq, one.phrase)) for one in taught.phrases]
    if any(found):
        raise StaleAction
    await edit_message(query, await _save(actor, state, texts, uow))


async def _save(actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> Html:
    async with uow.begin() as session:
        data = await state.get_data()
        drafts = _drafts(data)
        await teaching.teach_topic(session, actor, data["miss_id"], drafts, uow.at)
        await state.clear()
    return texts("teach.learned", question=data["question"], topic=drafts[0].title)


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(start_entry, OnMiss.filter(F.action == MissAction.ENTRY))
    router.message.register(take_title, StateFilter(Teaching.title, Teaching.other), TYPED_TEXT)
    router.message.register(take_answer, StateFilter(Teaching.answer), TYPED_TEXT)
    router.message.register(take_phrases, StateFilter(Teaching.phrases), TYPED_TEXT)
    router.callback_query.register(skip_language, callbacks.Skip.filter(), StateFilter(Teaching.other))
    router.callback_query.register(skip_phrases, callbacks.Skip.filter(), StateFilter(Teaching.phrases))
    router.callback_query.register(save_entry, SaveEntry.filter(), StateFilter(Teaching.sure))
    return router
