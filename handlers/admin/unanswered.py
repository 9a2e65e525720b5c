"""/faqmisses: questions without an FAQ answer; an administrator assigns a topic, writes an entry or dismisses them."""

import asyncio
from collections.abc import Sequence
from functools import partial

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from faq.answer import Faq, LearnedPhrase
from faq.entries import Topic
from faq.teaching import PROHIBITIVE, Objection, find_objections
from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks.faq import MissAction, OnMiss, SaveEntry, ShowMisses, TeachTopic
from handlers.ui.keyboards import Buttons
from handlers.ui.replies import edit_message, reply
from handlers.ui.texts import Html, Texts
from handlers.views.paging import PAGE_SIZE, page_keyboard
from models.tables.faq import MissedQuestion
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.faq import teaching, unanswered
from workflow.permissions import Permission, require_proof
from workflow.text_thread import read_text
from workflow.unit_of_work import UnitOfWork


@requires(Permission.TEACH_FAQ)
async def show_misses(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    text, keyboard = await _misses(actor, 0, texts, uow)
    await message.answer(text, reply_markup=keyboard, protect_content=True)


@requires(Permission.TEACH_FAQ)
async def turn_page(
    query: CallbackQuery, callback_data: ShowMisses, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    await edit_message(query, *await _misses(actor, callback_data.page, texts, uow))


async def _misses(actor: Actor, page: int, texts: Texts, uow: UnitOfWork) -> tuple[Html, InlineKeyboardMarkup | None]:
    async with uow.read() as session:
        found, total = await unanswered.most_frequent(session, actor, page * PAGE_SIZE, PAGE_SIZE)
    if not found:
        return texts("misses.none"), None
    lines = [texts("misses.line", place=page * PAGE_SIZE + at, **_facts(one, texts)) for at, one in enumerate(found, 1)]
    buttons: Buttons = [
        (f"{page * PAGE_SIZE + at}", OnMiss(action=MissAction.OPEN, miss_id=one.id)) for at, one in enumerate(found, 1)
    ]
    return Html("\n\n".join([texts("misses.head"), *lines])), page_keyboard(buttons, page, total, ShowMisses)


def _facts(miss: MissedQuestion, texts: Texts) -> dict[str, object]:
    tongue = texts(f"language.{miss.language}")
    return {"question": miss.text, "times": miss.times, "tongue": tongue, "time": texts.time(miss.last_at)}


@requires(Permission.TEACH_FAQ)
async def open_miss(
    query: CallbackQuery, callback_data: OnMiss, actor: Actor, texts: Texts, uow: UnitOfWork, faq: Faq
) -> None:
    """Show the question with its three nearest topics."""
    async with uow.read() as session:
        miss = await unanswered.get_question(session, actor, callback_data.miss_id)
    found = await read_text(miss.text, partial(faq.answer, miss.text, miss.language))
    near = [topic for topic in found.suggestions if topic != Topic.FALLBACK]
    more: Buttons = [
        (texts.plain(f"button.miss_{action}"), OnMiss(action=action, miss_id=miss.id))
        for action in (MissAction.TOPICS, MissAction.ENTRY, MissAction.DISMISS)
    ]
    keyboard = keyboards.stack(_topics(near, miss.id, texts, faq, width=1), keyboards.rows(more))
    await reply(query, texts("misses.one", **_facts(miss, texts)), keyboard, protected=True)


@requires(Permission.TEACH_FAQ)
async def show_topics(
    query: CallbackQuery, callback_data: OnMiss, actor: Actor, texts: Texts, uow: UnitOfWork, faq: Faq
) -> None:
    async with uow.read() as session:
        miss = await unanswered.get_question(session, actor, callback_data.miss_id)
    topics = [topic for topic in faq.topics if topic != Topic.FALLBACK]
    keyboard = _topics(topics, miss.id, texts, faq, width=2)
    await edit_message(query, texts("misses.one", **_facts(miss, texts)), keyboard)


def _topics(topics: Sequence[str], miss_id: int, texts: Texts, faq: Faq, width: int) -> InlineKeyboardMarkup:
    buttons: Buttons = [
        (f"➕ {faq.entry(topic, texts.language).title}", TeachTopic(miss_id=miss_id, topic=topic)) for topic in topics
    ]
    return keyboards.rows(buttons, width=width)


@requires(Permission.TEACH_FAQ)
async def teach(
    query: CallbackQuery, callback_data: TeachTopic, actor: Actor, texts: Texts, uow: UnitOfWork, faq: Faq
) -> None:
    """Teach the question as a phrase of the topic, or show the objections with a button that saves in spite of them."""
    topic = callback_data.topic
    if topic not in faq.topics or topic == Topic.FALLBACK:
        raise StaleAction
    require_proof(actor, Permission.TEACH_FAQ, uow.at)  # before the check, which takes seconds
    async with uow.read() as session:
        miss = await unanswered.get_question(session, actor, callback_data.miss_id)
    phrase = LearnedPhrase(topic, miss.language, miss.text)
    against = await asyncio.to_thread(find_objections, faq, topic, [phrase])
    if _prevents(against, callback_data.sure):
        save = TeachTopic(miss_id=miss.id, topic=topic, sure=True)
        back = OnMiss(action=MissAction.OPEN, miss_id=miss.id)
        await reply(
            query,
            objections_text(against, texts, faq),
            save_anyway_keyboard(against, save, back, texts),
            protected=True,
        )
        return
    async with uow.begin() as session:
        await teaching.teach_phrase(session, actor, miss.id, topic, uow.at)
    await edit_message(query, texts("teach.learned", question=miss.text, topic=faq.entry(topic, texts.language).title))


def _prevents(against: Sequence[Objection], sure: bool) -> bool:
    """Whether the objections prevent the phrase from being saved."""
    return any(not sure or one.kind in PROHIBITIVE for one in against)


def objections_text(against: Sequence[Objection], texts: Texts, faq: Faq) -> Html:
    lines = [
        texts(
            f"teach.{one.kind}",
            phrase=one.example,
            topic=faq.entry(one.topic, texts.language).title if one.topic else "",
            times=one.questions,
        )
        for one in against
    ]
    return Html("\n\n".join([texts("teach.wait"), *lines]))


def save_anyway_keyboard(
    against: Sequence[Objection], save: TeachTopic | SaveEntry, back: OnMiss, texts: Texts
) -> InlineKeyboardMarkup:
    """Buttons to save in spite of the objections, unless one of them forbids it, and to go back."""
    forbidden = any(one.kind in PROHIBITIVE for one in against)
    choices: Buttons = [] if forbidden else [(texts.plain("button.save_anyway"), save)]
    return keyboards.rows([*choices, (texts.plain("button.back"), back)])


@requires(Permission.TEACH_FAQ)
async def dismiss(query: CallbackQuery, callback_data: OnMiss, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.begin() as session:
        await unanswered.dismiss(session, actor, callback_data.miss_id, uow.at)
    await edit_message(query, texts("misses.dismissed"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show_misses, Command("faqmisses", ignore_case=True))
    router.callback_query.register(turn_page, ShowMisses.filter())
    router.callback_query.register(teach, TeachTopic.filter())
    router.callback_query.register(open_miss, OnMiss.filter(F.action == MissAction.OPEN))
    router.callback_query.register(show_topics, OnMiss.filter(F.action == MissAction.TOPICS))
    router.callback_query.register(dismiss, OnMiss.filter(F.action == MissAction.DISMISS))
    return router
