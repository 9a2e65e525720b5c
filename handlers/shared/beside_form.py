"""Messages that come while a form is open and do not answer it. The form stays open, with a button back to it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any, Final
from unicodedata import category

from aiogram import BaseMiddleware, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, TelegramObject

from faq.answer import SURE_SCORE, Faq
from faq.asking import is_question
from faq.entries import Topic
from faq.urgency import Urgency
from handlers.access import requires
from handlers.shared import faq as faq_room
from handlers.shared.my_case import is_staff
from handlers.ui import keyboards
from handlers.ui.callbacks.form import BackToForm
from handlers.ui.forms import (
    CODE_STATES,
    SECRET_STATES,
    AnsweringTicket,
    Clarifying,
    FindingPatient,
    Prescribing,
    Teaching,
)
from handlers.ui.replies import delete_message, private_chat_id, show_alert
from handlers.ui.taken_words import DESK, TakenWords, remember
from handlers.ui.texts import Catalogues, Texts
from handlers.views.paging import join_blocks
from handlers.views.questions import repeat_question
from workflow.actors import Actor
from workflow.desk.hours import DeskHours
from workflow.desk.tickets import accepts_messages, message_staff, open_ticket
from workflow.permissions import Permission
from workflow.text_thread import read_text
from workflow.unit_of_work import UnitOfWork

CODES: Final = frozenset(state.state for state in CODE_STATES)
PASSWORDS: Final = frozenset(state.state for state in SECRET_STATES) - CODES
# their answers may be questions, or are read as questions by their own handlers
TAKE_QUESTIONS: Final = frozenset(
    state.state
    for group in (Clarifying, Teaching, AnsweringTicket, FindingPatient, Prescribing)
    for state in group.__all_states__
)
WORDS_FOR_STAFF: Final = 3  # from so many on a text is no password and no code
OPENING: Final = frozenset(  # commands that open a form of their own, or say themselves what becomes of the open one
    {"register", "link", "reset", "password", "patient", "invite", "authenticator", "forget", "export", "unlock"}
    | {"cancel", "human", "whatsapp", "unlink"}
)


def is_typed(message: Message, raw_state: str | None) -> bool:
    """Whether the message is text, no command, in an open form."""
    return raw_state is not None and bool(message.text) and not (message.text or "").startswith("/")


async def is_for_desk(
    message: Message, actor: Actor | None, state: FSMContext, uow: UnitOfWork, raw_state: str | None = None
) -> bool:
    """A filter: the chat talks to the staff, which pauses its form until the person goes back to it.

    Where a password or code is asked for, one or two words answer the form."""
    if not is_typed(message, raw_state) or is_staff(actor):
        return False
    if raw_state in PASSWORDS | CODES and len((message.text or "").split()) < WORDS_FOR_STAFF:
        return False
    async with uow.read() as session:
        ticket = await open_ticket(session, private_chat_id(message))
    if ticket is None or not accepts_messages(ticket):
        return False
    return (await _notes(state).get_data()).get("form_first") != ticket.id


def is_only_signs(message: Message, raw_state: str | None = None) -> bool:
    """A filter: an emoji or other signs without a letter or digit; a password may be of them."""
    if not is_typed(message, raw_state) or raw_state in PASSWORDS:
        return False
    kinds = {category(sign) for sign in message.text or ""}
    return "So" in kinds and not any(kind[0] in "LN" for kind in kinds)


async def is_question_beside(
    message: Message, actor: Actor | None, state: FSMContext, faq: Faq, raw_state: str | None = None
) -> bool:
    """A filter: a question that the FAQ knows, not the form's answer; sent once more it is the answer.

    Where a code is asked for, words without a digit count; of staff, who write about patients, only a question mark."""
    text = message.text or ""
    if not is_typed(message, raw_state) or raw_state in PASSWORDS | TAKE_QUESTIONS:
        return False
    if (raw_state in CODES and any(map(str.isdecimal, text))) or (is_staff(actor) and "?" not in text):
        return False
    if not await read_text(text, partial(is_question, text)):
        return False
    found = await read_text(text, partial(faq.answer, text))
    known = found.topic not in {Topic.FALLBACK, Topic.GREETING} and found.score >= SURE_SCORE
    return found.urgency is Urgency.NONE and known and (await _notes(state).get_data()).get("asked") != _digest(text)


@requires(Permission.PUBLIC_INFO)
async def pass_on(
    message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork, raw_state: str | None = None
) -> None:
    """Forward the text to the staff. Where a password or code is asked for it may be one: it is deleted instead."""
    keyboard = keyboards.stack(keyboards.back_to_form(texts), keyboards.leave_desk(texts))
    if raw_state in PASSWORDS | CODES:
        await delete_message(message)
        await message.answer(texts("form.secret_withheld"), reply_markup=keyboard)
        return
    async with uow.begin() as session:
        stored = await message_staff(session, private_chat_id(message), message.text or "", uow.at)
        await remember(message, TakenWords(DESK, stored, message.text or ""), state, uow)
    await message.answer(join_blocks(texts("desk.passed_on"), texts("form.paused")), reply_markup=keyboard)


@requires(Permission.PUBLIC_INFO)
async def ask_for_words(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await message.answer(texts("form.words"))
    async with uow.begin():
        await repeat_question(message, state, texts)


@requires(Permission.PUBLIC_INFO)
async def answer_question(
    message: Message,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    catalogues: Catalogues,
    uow: UnitOfWork,
    faq: Faq,
    desk_hours: DeskHours,
    raw_state: str | None = None,
) -> None:
    async with uow.begin():
        await _notes(state).update_data(asked=_digest(message.text or ""))
    await faq_room.answer(message, actor, state, texts, catalogues, uow, faq, desk_hours, raw_state, "form.question")


@requires(Permission.PUBLIC_INFO)
async def go_back(query: CallbackQuery, message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    """Ask the question of the open form again; in a conversation with the staff the form comes first from now on."""
    async with uow.begin() as session:
        current = await state.get_state()
        ticket = await open_ticket(session, private_chat_id(query)) if current else None
        if ticket is not None:
            await _notes(state).update_data(form_first=ticket.id)
    if current is None:
        await show_alert(query, texts("form.none"))
        return
    await query.answer()
    async with uow.begin():
        asked = await repeat_question(message, state, texts)
    if not asked:
        await message.answer(texts("form.go_on"))


class FormReminderMiddleware(BaseMiddleware):
    """After a command that left the form open: says so, with the button back to it."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:  # noqa: ANN401 - aiogram's interface
        result = await handler(event, data)
        before, text = data.get("raw_state"), event.text or "" if isinstance(event, Message) else ""
        name = text.removeprefix("/").split(maxsplit=1)[0].partition("@")[0].lower() if text.startswith("/") else ""
        if name and before is not None and name not in OPENING and await data["state"].get_state() == before:
            texts: Texts = data["texts"]
            assert isinstance(event, Message)
            await event.answer(texts("form.open"), reply_markup=keyboards.back_to_form(texts))
        return result


def _digest(text: str) -> str:
    return sha256(text.strip().encode()).hexdigest()


def _notes(state: FSMContext) -> FSMContext:
    """A further FSM context of the chat: the form's own data stay as they are."""
    return FSMContext(state.storage, replace(state.key, destiny="beside"))


def routes() -> Router:
    """Registered before all forms, after the emergencies."""
    router = Router(name=__name__)
    router.message.register(pass_on, is_for_desk)
    router.message.register(ask_for_words, is_only_signs)
    router.message.register(answer_question, is_question_beside)
    router.callback_query.register(go_back, BackToForm.filter())
    return router
