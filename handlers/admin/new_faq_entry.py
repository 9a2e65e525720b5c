"""A new entry of the FAQ: title, answer and phrases, first in the language of the question, then in the others."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from faq.answer import Faq
from faq.teaching import forbids, objections
from handlers.access import does
from handlers.admin.unanswered import anyway, objecting
from handlers.ui import keyboards
from handlers.ui.forms import Teaching
from handlers.ui.lessons import MissAction, OnMiss, SaveEntry
from handlers.ui.parsing import WORDS
from handlers.ui.questions import ask
from handlers.ui.replies import edit, known
from handlers.ui.texts import LANGUAGES, Html, Texts
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.faq import teaching, unanswered
from workflow.faq.teaching import Draft, Lessons
from workflow.permissions import Verb
from workflow.unit_of_work import Effects

MOST_PHRASES: Final = 10


@does(Verb.TEACH_FAQ)
async def begin_entry(
    query: CallbackQuery, callback_data: OnMiss, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects
) -> None:
    """First in the language of the question, then in the others."""
    async with effects.begin() as session:
        miss = await unanswered.one(session, known(actor), callback_data.miss_id)
        await state.set_data({"miss_id": miss.id, "question": miss.text, "language": miss.language, "drafts": []})
        await state.set_state(Teaching.title)
    await query.answer()
    if isinstance(query.message, Message):
        await ask(query.message, Teaching.title, texts, tongue=texts(f"language.{miss.language}"))


@does(Verb.TEACH_FAQ)
async def take_title(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    title = " ".join((message.text or "").split())
    if len(title) > teaching.LONGEST_TITLE:
        await message.answer(texts("reading.too_long", most=teaching.LONGEST_TITLE))
        return
    async with effects.begin():
        told = await state.update_data(title=title)
        await state.set_state(Teaching.answer)
    await ask(message, Teaching.answer, texts, tongue=texts(f"language.{told['language']}"))


@does(Verb.TEACH_FAQ)
async def take_answer(message: Message, state: FSMContext, texts: Texts, effects: Effects) -> None:
    answer = (message.text or "").strip()
    if len(answer) > teaching.LONGEST_ANSWER:
        await message.answer(texts("reading.too_long", most=teaching.LONGEST_ANSWER))
        return
    async with effects.begin():
        told = await state.update_data(answer=answer)
        await state.set_state(Teaching.phrases)
    await ask(message, Teaching.phrases, texts, tongue=texts(f"language.{told['language']}"))


@does(Verb.TEACH_FAQ)
async def take_phrases(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, faq: Faq
) -> None:
    """One in each line. What cannot be taught is said at once, and asked for again."""
    typed = [line.strip() for line in (message.text or "").splitlines() if line.strip()][:MOST_PHRASES]
    if any(len(line) > teaching.LONGEST_PHRASE for line in typed):
        await message.answer(texts("reading.too_long", most=teaching.LONGEST_PHRASE))
        return
    if against := [found for line in typed if (found := forbids(faq, line))]:
        await message.answer(objecting(against, texts, faq))
        return
    async with effects.begin():
        await _end_language(state, typed)
    await _go_on(message, actor, state, texts, effects, faq)


@does(Verb.TEACH_FAQ)
async def skip_phrases(
    query: CallbackQuery, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, faq: Faq
) -> None:
    async with effects.begin():
        await _end_language(state, [])
    await query.answer()
    if isinstance(query.message, Message):
        await _go_on(query.message, actor, state, texts, effects, faq)


@does(Verb.TEACH_FAQ)
async def skip_language(
    query: CallbackQuery, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, faq: Faq
) -> None:
    async with effects.begin():
        await _next_language(state, await state.get_data())
    await query.answer()
    if isinstance(query.message, Message):
        await _go_on(query.message, actor, state, texts, effects, faq)


async def _end_language(state: FSMContext, phrases: Sequence[str]) -> None:
    """The question itself is the first phrase in its language."""
    told = await state.get_data()
    asked = [] if told["drafts"] else [told["question"][: teaching.LONGEST_PHRASE]]
    draft = Draft(told["language"], told["title"], told["answer"], (*asked, *phrases))
    await _next_language(state, {**told, "drafts": [*told["drafts"], draft]})


async def _next_language(state: FSMContext, told: dict[str, Any]) -> None:
    """The next one that was neither written nor skipped, if there is one."""
    done = [*told.get("done", ()), told["language"]]
    left = [language for language in LANGUAGES if language not in done]
    await state.set_data({**told, "done": done, "language": left[0] if left else told["language"]})
    await state.set_state(Teaching.other if left else Teaching.sure)


async def _go_on(
    message: Message, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, faq: Faq
) -> None:
    """Ask for one more language; after the last one save, unless something speaks against it."""
    told = await state.get_data()
    if await state.get_state() == Teaching.other.state:
        await ask(message, Teaching.other, texts, tongue=texts(f"language.{told['language']}"))
        return
    taught = _lessons(told)
    against = await asyncio.to_thread(objections, faq, teaching.OWN, taught.phrases, taught.entries)
    if against:
        back = OnMiss(action=MissAction.OPEN, miss_id=told["miss_id"])
        keyboard = anyway(against, SaveEntry(), back, texts)
        await message.answer(objecting(against, texts, faq), reply_markup=keyboard, protect_content=True)
        return
    await message.answer(await _save(actor, state, texts, effects))


def _drafts(told: dict[str, Any]) -> list[Draft]:
    return [Draft(language, title, answer, tuple(phrases)) for language, title, answer, phrases in told["drafts"]]


def _lessons(told: dict[str, Any]) -> Lessons:
    return teaching.lessons_of(teaching.OWN, _drafts(told))


@does(Verb.TEACH_FAQ)
async def save_entry(
    query: CallbackQuery, actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects, faq: Faq
) -> None:
    taught = _lessons(await state.get_data())
    if any(forbids(faq, one.phrase) for one in taught.phrases):
        raise StaleAction
    await edit(query, await _save(actor, state, texts, effects))


async def _save(actor: Actor | None, state: FSMContext, texts: Texts, effects: Effects) -> Html:
    async with effects.begin() as session:
        told = await state.get_data()
        drafts = _drafts(told)
        await teaching.teach_topic(session, known(actor), told["miss_id"], drafts, effects.at)
        await state.clear()
    return texts("teach.learned", question=told["question"], topic=drafts[0].title)


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(begin_entry, OnMiss.filter(F.action == MissAction.ENTRY))
    router.message.register(take_title, StateFilter(Teaching.title, Teaching.other), WORDS)
    router.message.register(take_answer, StateFilter(Teaching.answer), WORDS)
    router.message.register(take_phrases, StateFilter(Teaching.phrases), WORDS)
    router.callback_query.register(skip_language, keyboards.Skip.filter(), StateFilter(Teaching.other))
    router.callback_query.register(skip_phrases, keyboards.Skip.filter(), StateFilter(Teaching.phrases))
    router.callback_query.register(save_entry, SaveEntry.filter(), StateFilter(Teaching.sure))
    return router
