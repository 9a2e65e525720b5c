"""Typed text that is neither a command nor the answer to a form is a question to the FAQ."""

from collections.abc import Sequence
from functools import partial
from secrets import token_hex
from typing import Final

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, ReplyParameters

from faq.answer import Answer, Faq
from faq.asking import questions_in
from faq.entries import Topic
from faq.urgency import Urgency
from handlers.access import requires
from handlers.shared import desk
from handlers.shared.my_case import CASE_TOPICS, is_staff, own_case
from handlers.ui import callbacks, keyboards
from handlers.ui.callbacks.faq import WrongAnswer
from handlers.ui.callbacks.form import BackToForm
from handlers.ui.keyboards import Buttons
from handlers.ui.replies import display_name, private_chat_id
from handlers.ui.taken_words import DESK, TakenWords, remember
from handlers.ui.texts import Catalogues, Html, Texts, escaped
from handlers.views.desk.hours import with_hours
from handlers.views.paging import join_blocks
from workflow.actors import Actor
from workflow.desk.hours import DeskHours
from workflow.desk.tickets import accepts_messages, message_staff, open_ticket
from workflow.faq import unanswered
from workflow.faq.unanswered import UnansweredQuestion
from workflow.permissions import Permission
from workflow.text_thread import read_text
from workflow.unit_of_work import UnitOfWork

MOST_QUESTIONS: Final = 3  # of one message that are answered
DESK_TOPICS: Final = frozenset({Topic.CONTACT, Topic.FALLBACK})  # topics that offer the help desk
NEVER_WRONG: Final = frozenset({Topic.EMERGENCY, Topic.GREETING, Topic.FALLBACK})  # answers that nobody calls wrong


@requires(Permission.PUBLIC_INFO)
async def answer(
    message: Message,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    catalogues: Catalogues,
    uow: UnitOfWork,
    faq: Faq,
    desk_hours: DeskHours,
    raw_state: str | None = None,
    beside: str = "form.open",
) -> None:
    """Forward to an open help desk conversation, else ask the FAQ. Emergencies were heard before; staff get the answer.

    The answer is in the language of the question; English words in a Tamil or Hindi chat do not change it.
    While a form is open the sentence `beside` and a button back to it stand below."""
    question = message.text or ""
    language = await read_text(question, partial(faq.language, question, otherwise=texts.language))
    texts = catalogues.of(language)
    found = await read_text(question, partial(faq.answer, question, language=texts.language))
    if not is_staff(actor):
        if await _forward_to_desk(message, state, texts, uow):
            return
        if found.wants_person:
            await desk.call_desk(message, actor, texts, uow, desk_hours)
            return
    several = await read_text(question, partial(_topics_of, question, texts.language, faq))
    text, buttons = await _text_of(found, several, actor, texts, uow, faq)
    text = await with_hours(text, texts, uow, desk_hours)
    if raw_state is not None:
        text, buttons = join_blocks(text, texts(beside)), [*buttons, (texts.plain("button.back_to_form"), BackToForm())]
    sure = found.sure or bool(several)
    near = [] if sure else [topic for topic in found.suggestions if topic != found.topic]
    token = "" if sure or found.topic == Topic.FALLBACK else token_hex(6)
    buttons += _wrong_answer(found.topic, actor, texts, token)
    keyboard = _keyboard(buttons, near, texts, faq, token)
    await _send_answer(message, message.message_id, text, keyboard, private=_shows_queue(found.topic, actor))
    if not sure:
        await _record_unanswered(message, actor, texts.language, uow, faq, token)


async def _send_answer(
    message: Message, question_id: int | None, text: Html, keyboard: InlineKeyboardMarkup | None, *, private: bool
) -> None:
    """Send the answer as a reply to its question, by which the button of a wrong answer finds the question again."""
    asked = None
    if question_id is not None:
        asked = ReplyParameters(message_id=question_id, allow_sending_without_reply=True)
    await message.answer(text, reply_markup=keyboard, protect_content=private or None, reply_parameters=asked)


def _wrong_answer(topic: str, actor: Actor | None, texts: Texts, token: str = "") -> Buttons:
    if topic in NEVER_WRONG or is_staff(actor):
        return []
    return [(texts.plain("button.wrong_answer"), WrongAnswer(token=token))]


async def _text_of(
    found: Answer, several: Sequence[str], actor: Actor | None, texts: Texts, uow: UnitOfWork, faq: Faq
) -> tuple[Html, Buttons]:
    """The answer, or those of several topics; an emergency's answer alone."""
    if found.urgency is not Urgency.NONE:
        return escaped(found.text), []
    text, buttons = await _topic_answer(several[0] if several else found.topic, actor, texts, uow, faq)
    return join_blocks(text, *(escaped(faq.entry(one, texts.language).text) for one in several[1:])), buttons


def _topics_of(question: str, language: str, faq: Faq) -> Sequence[str]:
    """The topics of several questions in one message, each found surely; none for a message with one."""
    parts = [faq.answer(part, language=language) for part in questions_in(question)[:MOST_QUESTIONS]]
    sure = (one.topic for one in parts if one.sure and one.urgency is Urgency.NONE and one.topic != Topic.GREETING)
    topics = list(dict.fromkeys(sure))
    return topics if len(topics) > 1 else ()


async def _forward_to_desk(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> bool:
    """Forward the text to an open help desk conversation; returns whether there is one."""
    async with uow.read() as session:
        ticket = await open_ticket(session, private_chat_id(message))
    if ticket is None or not accepts_messages(ticket):
        return False
    async with uow.begin() as session:
        stored = await message_staff(session, private_chat_id(message), message.text or "", uow.at)
        await remember(message, TakenWords(DESK, stored, message.text or ""), state, uow)
    await message.answer(texts("desk.passed_on"), reply_markup=keyboards.leave_desk(texts))
    return True


async def _record_unanswered(
    message: Message, actor: Actor | None, language: str, uow: UnitOfWork, faq: Faq, token: str
) -> None:
    """Record the question for the administrators who teach the FAQ, after it was answered."""
    names = [display_name(message), actor.name if actor else ""]
    async with uow.begin() as session:
        await unanswered.record_question(
            session, UnansweredQuestion(message.text or "", language, names, token), faq.kept_words, uow.at
        )


@requires(Permission.PUBLIC_INFO)
async def answer_topic(
    query: CallbackQuery,
    message: Message,
    callback_data: callbacks.ChooseTopic,
    actor: Actor | None,
    texts: Texts,
    uow: UnitOfWork,
    faq: Faq,
    desk_hours: DeskHours,
) -> None:
    if callback_data.topic not in set(faq.topics):
        await query.answer()
        return
    topic = callback_data.topic
    text, buttons = await _topic_answer(topic, actor, texts, uow, faq)
    text = await with_hours(text, texts, uow, desk_hours)
    question = message.reply_to_message
    keyboard = _keyboard([*buttons, *_wrong_answer(topic, actor, texts)], (), texts, faq)
    await query.answer()
    question_id = question.message_id if question else None
    await _send_answer(message, question_id, text, keyboard, private=_shows_queue(topic, actor))
    if callback_data.token:
        async with uow.begin() as session:
            await unanswered.mark_answered(session, callback_data.token)


@requires(Permission.CALL_DESK)
async def call_wrong(
    query: CallbackQuery,
    message: Message,
    callback_data: WrongAnswer,
    actor: Actor | None,
    texts: Texts,
    catalogues: Catalogues,
    uow: UnitOfWork,
    faq: Faq,
    desk_hours: DeskHours,
    raw_state: str | None = None,
) -> None:
    """Open a conversation with the staff, who get the question, and count it as unanswered; once, however often."""
    question = message.reply_to_message
    words = question.text if question is not None else None
    if words is not None:
        texts = catalogues.of(await read_text(words, partial(faq.language, words, otherwise=texts.language)))
    text = await desk.open_conversation(query, actor, texts, uow, desk_hours)
    if question is not None and words is not None:
        if await _pass_on_question(question, callback_data.token, uow):
            await _record_unanswered(question, actor, texts.language, uow, faq, "")
        text = join_blocks(text, texts("desk.question_passed_on"))
    await query.answer()
    await desk.send_called(message, text, texts, paused=raw_state is not None)


async def _pass_on_question(question: Message, token: str, uow: UnitOfWork) -> bool:
    """Give the question to the staff unless they have it; returns whether it is still to be counted."""
    async with uow.begin() as session:
        ticket = await open_ticket(session, private_chat_id(question))
        if ticket is not None and any(one.text == question.text for one in ticket.messages):
            return False
        await message_staff(session, private_chat_id(question), question.text or "", uow.at)
        return not await unanswered.is_counted(session, token)


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
    router.callback_query.register(call_wrong, WrongAnswer.filter())
    return router
