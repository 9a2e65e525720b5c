"""Typed text that is neither a command nor the answer to a form is a question to the FAQ."""

from collections.abc import Sequence
from functools import partial
from secrets import token_hex
from typing import Final

from aiogram import F, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from faq.answer import Faq
from faq.entries import Topic
from faq.urgency import Urgency
from handlers.access import requires
from handlers.shared import desk
from handlers.shared.my_case import CASE_TOPICS, is_staff, own_case
from handlers.ui import callbacks, keyboards
from handlers.ui.keyboards import Buttons
from handlers.ui.replies import display_name, private_chat_id, reply
from handlers.ui.texts import Catalogues, Html, Texts, escaped
from workflow.actors import Actor
from workflow.desk.hours import DeskHours
from workflow.desk.tickets import accepts_messages, message_staff, open_ticket
from workflow.faq import unanswered
from workflow.faq.unanswered import UnansweredQuestion
from workflow.permissions import Permission
from workflow.text_thread import read_text
from workflow.unit_of_work import UnitOfWork

DESK_TOPICS: Final = frozenset({Topic.CONTACT, Topic.FALLBACK})  # topics that offer the help desk


@requires(Permission.PUBLIC_INFO)
async def answer(
    message: Message,
    actor: Actor | None,
    texts: Texts,
    catalogues: Catalogues,
    uow: UnitOfWork,
    faq: Faq,
    desk_hours: DeskHours,
) -> None:
    """Forward to an open help desk conversation, else ask the FAQ. Emergencies were heard before; staff get the answer.

    The answer is in the language of the question; English words in a Tamil or Hindi chat do not change it."""
    question = message.text or ""
    language = await read_text(question, partial(faq.language, question, otherwise=texts.language))
    texts = catalogues.of(language)
    found = await read_text(question, partial(faq.answer, question, language=texts.language))
    if not is_staff(actor):
        if await _forward_to_desk(message, texts, uow):
            return
        if found.wants_person:
            await desk.call_desk(message, actor, texts, uow, desk_hours)
            return
    text, buttons = await _topic_answer(found.topic, actor, texts, uow, faq)
    if found.urgency is not Urgency.NONE:
        text = escaped(found.text)
    private = _shows_queue(found.topic, actor)
    if found.sure:
        await message.answer(text, reply_markup=_keyboard(buttons, (), texts, faq), protect_content=private)
        return
    near = [topic for topic in found.suggestions if topic != found.topic]
    token = "" if found.topic == Topic.FALLBACK else token_hex(6)
    await message.answer(text, reply_markup=_keyboard(buttons, near, texts, faq, token), protect_content=private)
    await _record_unanswered(message, actor, texts.language, uow, faq, token)


async def _forward_to_desk(message: Message, texts: Texts, uow: UnitOfWork) -> bool:
    """Forward the text to an open help desk conversation; returns whether there is one."""
    async with uow.read() as session:
        ticket = await open_ticket(session, private_chat_id(message))
    if ticket is None or not accepts_messages(ticket):
        return False
    async with uow.begin() as session:
        await message_staff(session, private_chat_id(message), message.text or "", uow.at)
    await message.answer(texts("desk.passed_on"), reply_markup=keyboards.leave_desk(texts))
    return True


async def _record_unanswered(
    message: Message, actor: Actor | None, language: str, uow: UnitOfWork, faq: Faq, token: str
) -> None:
    """Record the question for the administrators who teach the FAQ, after it was answered."""
    names = [display_name(message), actor.name if actor else ""]
    async with uow.begin() as session:
        await unanswered.record_question(
            session, UnansweredQuestion(message.text or "", language, names, token), faq.is_known, uow.at
        )


@requires(Permission.PUBLIC_INFO)
async def answer_topic(
    query: CallbackQuery,
    callback_data: callbacks.ChooseTopic,
    actor: Actor | None,
    texts: Texts,
    uow: UnitOfWork,
    faq: Faq,
) -> None:
    if callback_data.topic not in set(faq.topics):
        await query.answer()
        return
    text, buttons = await _topic_answer(callback_data.topic, actor, texts, uow, faq)
    await reply(query, text, _keyboard(buttons, (), texts, faq), protected=_shows_queue(callback_data.topic, actor))
    if callback_data.token:
        async with uow.begin() as session:
            await unanswered.mark_answered(session, callback_data.token)


@requires(Permission.PUBLIC_INFO)
async def unknown_command(message: Message, texts: Texts) -> None:
    await message.answer(texts("unknown_command"))


async def _topic_answer(
    topic: str, actor: Actor | None, texts: Texts, uow: UnitOfWork, faq: Faq
) -> tuple[Html, Buttons]:
    """The FAQ entry; before it, for topics about the person's own scans, their current state."""
    entry = escaped(faq.entry(topic, texts.language).text)
    if topic in DESK_TOPICS and not is_staff(actor):
        return entry, [(texts.plain("button.human"), callbacks.CallDesk())]
    if actor is None or topic not in CASE_TOPICS:
        return entry, []
    case, buttons = await own_case(uow, actor, texts)
    return (case if is_staff(actor) else Html(f"{case}\n\n{entry}")), buttons


def _shows_queue(topic: str, actor: Actor | None) -> bool:
    """Whether the answer names patients, so is protected."""
    return is_staff(actor) and topic in CASE_TOPICS


def _keyboard(
    buttons: Buttons, near: Sequence[str], texts: Texts, faq: Faq, token: str = ""
) -> InlineKeyboardMarkup | None:
    topics: Buttons = [
        (faq.entry(topic, texts.language).title, callbacks.ChooseTopic(topic=topic, token=token)) for topic in near
    ]
    rows = [*keyboards.rows(topics, width=1).inline_keyboard, *keyboards.rows(buttons).inline_keyboard]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def routes() -> Router:
    """Registered last: whatever no other router takes."""
    router = Router(name=__name__)
    router.message.register(unknown_command, F.text.startswith("/"))
    router.message.register(answer, F.text)
    router.callback_query.register(answer_topic, callbacks.ChooseTopic.filter())
    return router
