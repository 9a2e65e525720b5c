"""/faqmisses: an administrator sees what the FAQ did not know, and says which topic answers it."""

import asyncio
from collections.abc import Sequence

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from faq.answer import Faq, Learned
from faq.entries import Topic
from faq.teaching import FORBIDS, Objection, objections
from handlers.access import does
from handlers.shared.my_case import Buttons
from handlers.ui import keyboards
from handlers.ui.lessons import PAGE, MissAction, OnMiss, SaveEntry, ShowMisses, TeachTopic, pages
from handlers.ui.replies import edit, known, say
from handlers.ui.texts import Html, Texts
from models.tables.misses import Miss
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.faq import teaching, unanswered
from workflow.permissions import Verb
from workflow.unit_of_work import Effects


@does(Verb.TEACH_FAQ)
async def show_misses(message: Message, actor: Actor | None, texts: Texts, effects: Effects) -> None:
    text, keyboard = await _misses(known(actor), 0, texts, effects)
    await message.answer(text, reply_markup=keyboard, protect_content=True)


@does(Verb.TEACH_FAQ)
async def turn_misses(
    query: CallbackQuery, callback_data: ShowMisses, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    await edit(query, *await _misses(known(actor), callback_data.page, texts, effects))


async def _misses(actor: Actor, page: int, texts: Texts, effects: Effects) -> tuple[Html, InlineKeyboardMarkup | None]:
    async with effects.look() as session:
        found, total = await unanswered.frequent(session, actor, page * PAGE, PAGE)
    if not found:
        return texts("misses.none"), None
    lines = [texts("misses.line", place=page * PAGE + at, **_facts(one, texts)) for at, one in enumerate(found, 1)]
    opens: Buttons = [
        (f"{page * PAGE + at}", OnMiss(action=MissAction.OPEN, miss_id=one.id)) for at, one in enumerate(found, 1)
    ]
    return Html("\n\n".join([texts("misses.head"), *lines])), pages(opens, page, total, ShowMisses)


def _facts(miss: Miss, texts: Texts) -> dict[str, object]:
    tongue = texts(f"language.{miss.language}")
    return {"question": miss.text, "times": miss.times, "tongue": tongue, "time": texts.time(miss.last_at)}


@does(Verb.TEACH_FAQ)
async def open_miss(
    query: CallbackQuery, callback_data: OnMiss, actor: Actor | None, texts: Texts, effects: Effects, faq: Faq
) -> None:
    """The three nearest topics first."""
    async with effects.look() as session:
        miss = await unanswered.one(session, known(actor), callback_data.miss_id)
    near = [topic for topic in faq.answer(miss.text, miss.language).suggestions if topic != Topic.FALLBACK]
    more: Buttons = [
        (texts.plain(f"button.miss_{action}"), OnMiss(action=action, miss_id=miss.id))
        for action in (MissAction.TOPICS, MissAction.ENTRY, MissAction.DISMISS)
    ]
    keyboard = keyboards.stack(_topics(near, miss.id, texts, faq, width=1), keyboards.rows(more))
    await say(query, texts("misses.one", **_facts(miss, texts)), keyboard, private=True)


@does(Verb.TEACH_FAQ)
async def show_topics(
    query: CallbackQuery, callback_data: OnMiss, actor: Actor | None, texts: Texts, effects: Effects, faq: Faq
) -> None:
    async with effects.look() as session:
        miss = await unanswered.one(session, known(actor), callback_data.miss_id)
    topics = [topic for topic in faq.topics if topic != Topic.FALLBACK]
    keyboard = _topics(topics, miss.id, texts, faq, width=2)
    await edit(query, texts("misses.one", **_facts(miss, texts)), keyboard)


def _topics(topics: Sequence[str], miss_id: int, texts: Texts, faq: Faq, width: int) -> InlineKeyboardMarkup:
    picks: Buttons = [
        (f"➕ {faq.entry(topic, texts.language).title}", TeachTopic(miss_id=miss_id, topic=topic)) for topic in topics
    ]
    return keyboards.rows(picks, width=width)


@does(Verb.TEACH_FAQ)
async def teach(
    query: CallbackQuery, callback_data: TeachTopic, actor: Actor | None, texts: Texts, effects: Effects, faq: Faq
) -> None:
    """Saved at once where nothing speaks against it; else it is said what does."""
    topic = callback_data.topic
    if topic not in faq.topics or topic == Topic.FALLBACK:
        raise StaleAction
    async with effects.look() as session:
        miss = await unanswered.one(session, known(actor), callback_data.miss_id)
    phrase = Learned(topic, miss.language, miss.text)
    against = await asyncio.to_thread(objections, faq, topic, [phrase])
    if _stops(against, callback_data.sure):
        press = TeachTopic(miss_id=miss.id, topic=topic, sure=True)
        back = OnMiss(action=MissAction.OPEN, miss_id=miss.id)
        await say(query, objecting(against, texts, faq), anyway(against, press, back, texts), private=True)
        return
    async with effects.begin() as session:
        await teaching.teach_phrase(session, known(actor), miss.id, topic, effects.at)
    await edit(query, texts("teach.learned", question=miss.text, topic=faq.entry(topic, texts.language).title))


def _stops(against: Sequence[Objection], sure: bool) -> bool:
    return any(not sure or one.doubt in FORBIDS for one in against)


def objecting(against: Sequence[Objection], texts: Texts, faq: Faq) -> Html:
    lines = [
        texts(
            f"teach.{one.doubt}",
            phrase=one.example,
            topic=faq.entry(one.topic, texts.language).title if one.topic else "",
            times=one.times,
        )
        for one in against
    ]
    return Html("\n\n".join([texts("teach.wait"), *lines]))


def anyway(
    against: Sequence[Objection], save: TeachTopic | SaveEntry, back: OnMiss, texts: Texts
) -> InlineKeyboardMarkup:
    """What cannot be taught has no such button."""
    forbidden = any(one.doubt in FORBIDS for one in against)
    choices: Buttons = [] if forbidden else [(texts.plain("button.save_anyway"), save)]
    return keyboards.rows([*choices, (texts.plain("button.back"), back)])


@does(Verb.TEACH_FAQ)
async def dismiss(
    query: CallbackQuery, callback_data: OnMiss, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await unanswered.dismiss(session, known(actor), callback_data.miss_id, effects.at)
    await edit(query, texts("misses.dismissed"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show_misses, Command("faqmisses"))
    router.callback_query.register(turn_misses, ShowMisses.filter())
    router.callback_query.register(teach, TeachTopic.filter())
    router.callback_query.register(open_miss, OnMiss.filter(F.action == MissAction.OPEN))
    router.callback_query.register(show_topics, OnMiss.filter(F.action == MissAction.TOPICS))
    router.callback_query.register(dismiss, OnMiss.filter(F.action == MissAction.DISMISS))
    return router
