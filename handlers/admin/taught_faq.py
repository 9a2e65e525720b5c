"""/faqtaught: what administrators taught the FAQ, with buttons that delete it."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from faq.answer import Faq
from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks.faq import OnPhrase, OnTopic, ShowTaught
from handlers.ui.keyboards import Buttons
from handlers.ui.replies import edit_message, reply
from handlers.ui.texts import Html, Texts
from handlers.views.paging import PAGE_SIZE, page_keyboard
from models.tables.faq import TaughtEntry, TaughtPhrase
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.faq import teaching
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


@requires(Permission.TEACH_FAQ)
async def show_taught(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork, faq: Faq) -> None:
    text, keyboard = await _taught(actor, 0, texts, uow, faq)
    await message.answer(text, reply_markup=keyboard)


@requires(Permission.TEACH_FAQ)
async def turn_page(
    query: CallbackQuery, callback_data: ShowTaught, actor: Actor, texts: Texts, uow: UnitOfWork, faq: Faq
) -> None:
    await edit_message(query, *await _taught(actor, callback_data.page, texts, uow, faq))


async def _taught(
    actor: Actor, page: int, texts: Texts, uow: UnitOfWork, faq: Faq
) -> tuple[Html, InlineKeyboardMarkup | None]:
    """A page of the taught content: added topics first, then phrases."""
    async with uow.read() as session:
        entries = await teaching.taught_entries(session, actor)
        phrases = await teaching.taught_phrases(session, actor)
    topics = dict.fromkeys(one.topic for one in entries)
    rows = [
        (texts("taught.topic", title=faq.entry(topic, texts.language).title), OnTopic(topic=topic)) for topic in topics
    ] + [(_phrase(one, texts, faq), OnPhrase(phrase_id=one.id)) for one in phrases]
    shown = list(enumerate(rows, 1))[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
    if not shown:
        return texts("taught.none"), None
    buttons: Buttons = [(str(place), button) for place, (_, button) in shown]
    lines = [Html(f"{place}. {line}") for place, (line, _) in shown]
    return Html("\n".join([texts("taught.head"), *lines])), page_keyboard(buttons, page, len(rows), ShowTaught)


def _phrase(one: TaughtPhrase, texts: Texts, faq: Faq) -> Html:
    topic = faq.entry(one.topic, texts.language).title
    return texts("taught.phrase", phrase=one.phrase, topic=topic, tongue=texts(f"language.{one.language}"))


@requires(Permission.TEACH_FAQ)
async def open_phrase(
    query: CallbackQuery, callback_data: OnPhrase, actor: Actor, texts: Texts, uow: UnitOfWork, faq: Faq
) -> None:
    async with uow.read() as session:
        found = [one for one in await teaching.taught_phrases(session, actor) if one.id == callback_data.phrase_id]
    if not found:
        raise StaleAction
    delete = (texts.plain("button.forget"), OnPhrase(phrase_id=callback_data.phrase_id, forget=True))
    await reply(query, _phrase(found[0], texts, faq), keyboards.rows([delete]))


@requires(Permission.TEACH_FAQ)
async def delete_phrase(
    query: CallbackQuery, callback_data: OnPhrase, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        await teaching.delete_phrase(session, actor, callback_data.phrase_id, uow.at)
    await edit_message(query, texts("taught.forgotten"))


@requires(Permission.TEACH_FAQ)
async def open_topic(
    query: CallbackQuery, message: Message, callback_data: OnTopic, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.read() as session:
        entries = await teaching.taught_entries(session, actor, callback_data.topic)
    if not entries:
        raise StaleAction
    await query.answer()
    delete = (texts.plain("button.forget"), OnTopic(topic=callback_data.topic, forget=True))
    for at, entry in enumerate(entries, 1):
        is_last = at == len(entries)
        await message.answer(_entry(entry, texts), reply_markup=keyboards.rows([delete]) if is_last else None)


def _entry(entry: TaughtEntry, texts: Texts) -> Html:
    tongue = texts(f"language.{entry.language}")
    return texts("taught.entry", title=entry.title, answer=entry.answer, tongue=tongue)


@requires(Permission.TEACH_FAQ)
async def delete_topic(
    query: CallbackQuery, callback_data: OnTopic, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        await teaching.delete_topic(session, actor, callback_data.topic, uow.at)
    await edit_message(query, texts("taught.forgotten"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show_taught, Command("faqtaught", ignore_case=True))
    router.callback_query.register(turn_page, ShowTaught.filter())
    router.callback_query.register(open_phrase, OnPhrase.filter(~F.forget))
    router.callback_query.register(delete_phrase, OnPhrase.filter(F.forget))
    router.callback_query.register(open_topic, OnTopic.filter(~F.forget))
    router.callback_query.register(delete_topic, OnTopic.filter(F.forget))
    return router
