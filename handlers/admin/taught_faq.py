"""/faqtaught: what administrators taught the FAQ, and how to take it back."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from faq.answer import Faq
from handlers.access import does
from handlers.shared.my_case import Buttons
from handlers.ui import keyboards
from handlers.ui.lessons import PAGE, OnPhrase, OnTopic, ShowTaught, pages
from handlers.ui.replies import edit, known, say
from handlers.ui.texts import Html, Texts
from models.tables.misses import TaughtEntry, TaughtPhrase
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.faq import teaching
from workflow.permissions import Verb
from workflow.unit_of_work import Effects


@does(Verb.TEACH_FAQ)
async def show_taught(message: Message, actor: Actor | None, texts: Texts, effects: Effects, faq: Faq) -> None:
    text, keyboard = await _taught(known(actor), 0, texts, effects, faq)
    await message.answer(text, reply_markup=keyboard)


@does(Verb.TEACH_FAQ)
async def turn_taught(
    query: CallbackQuery, callback_data: ShowTaught, actor: Actor | None, texts: Texts, effects: Effects, faq: Faq
) -> None:
    await edit(query, *await _taught(known(actor), callback_data.page, texts, effects, faq))


async def _taught(
    actor: Actor, page: int, texts: Texts, effects: Effects, faq: Faq
) -> tuple[Html, InlineKeyboardMarkup | None]:
    """Added topics first, then phrases."""
    async with effects.look() as session:
        entries = await teaching.entries(session, actor)
        phrases = await teaching.phrases(session, actor)
    topics = dict.fromkeys(one.topic for one in entries)
    rows = [
        (texts("taught.topic", title=faq.entry(topic, texts.language).title), OnTopic(topic=topic)) for topic in topics
    ] + [(_phrase(one, texts, faq), OnPhrase(phrase_id=one.id)) for one in phrases]
    shown = list(enumerate(rows, 1))[page * PAGE : (page + 1) * PAGE]
    if not shown:
        return texts("taught.none"), None
    opens: Buttons = [(str(place), button) for place, (_, button) in shown]
    lines = [Html(f"{place}. {line}") for place, (line, _) in shown]
    return Html("\n".join([texts("taught.head"), *lines])), pages(opens, page, len(rows), ShowTaught)


def _phrase(one: TaughtPhrase, texts: Texts, faq: Faq) -> Html:
    topic = faq.entry(one.topic, texts.language).title
    return texts("taught.phrase", phrase=one.phrase, topic=topic, tongue=texts(f"language.{one.language}"))


@does(Verb.TEACH_FAQ)
async def open_phrase(
    query: CallbackQuery, callback_data: OnPhrase, actor: Actor | None, texts: Texts, effects: Effects, faq: Faq
) -> None:
    async with effects.look() as session:
        found = [one for one in await teaching.phrases(session, known(actor)) if one.id == callback_data.phrase_id]
    if not found:
        raise StaleAction
    forget = (texts.plain("button.forget"), OnPhrase(phrase_id=callback_data.phrase_id, forget=True))
    await say(query, _phrase(found[0], texts, faq), keyboards.rows([forget]))


@does(Verb.TEACH_FAQ)
async def forget_phrase(
    query: CallbackQuery, callback_data: OnPhrase, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await teaching.forget_phrase(session, known(actor), callback_data.phrase_id, effects.at)
    await edit(query, texts("taught.forgotten"))


@does(Verb.TEACH_FAQ)
async def open_topic(
    query: CallbackQuery, callback_data: OnTopic, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.look() as session:
        entries = await teaching.entries(session, known(actor), callback_data.topic)
    if not entries:
        raise StaleAction
    await query.answer()
    if isinstance(query.message, Message):
        for at, entry in enumerate(entries, 1):
            forget = (texts.plain("button.forget"), OnTopic(topic=entry.topic, forget=True))
            last = at == len(entries)
            await query.message.answer(_entry(entry, texts), reply_markup=keyboards.rows([forget]) if last else None)


def _entry(entry: TaughtEntry, texts: Texts) -> Html:
    tongue = texts(f"language.{entry.language}")
    return texts("taught.entry", title=entry.title, answer=entry.answer, tongue=tongue)


@does(Verb.TEACH_FAQ)
async def forget_topic(
    query: CallbackQuery, callback_data: OnTopic, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await teaching.forget_topic(session, known(actor), callback_data.topic, effects.at)
    await edit(query, texts("taught.forgotten"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show_taught, Command("faqtaught"))
    router.callback_query.register(turn_taught, ShowTaught.filter())
    router.callback_query.register(open_phrase, OnPhrase.filter(~F.forget))
    router.callback_query.register(forget_phrase, OnPhrase.filter(F.forget))
    router.callback_query.register(open_topic, OnTopic.filter(~F.forget))
    router.callback_query.register(forget_topic, OnTopic.filter(F.forget))
    return router
