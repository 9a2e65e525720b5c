"""Answers to messages and pressed buttons."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers.ui.texts import Html, escaped, plain_text
from models.plain_words import visible

Handler = Callable[..., Awaitable[None]]
ALERT_LIMIT: Final = 200  # characters of an alert, by the Bot API


class View(NamedTuple):
    """The text of a message and the keyboard below it; `protected` forbids forwarding, for health data."""

    text: Html
    keyboard: InlineKeyboardMarkup | None = None
    protected: bool = True


def private_chat_id(event: Message | CallbackQuery) -> int:
    """Id of the private chat; the middleware admits no other, so it is the person's own."""
    if isinstance(event, Message):
        return event.chat.id
    return event.from_user.id


def display_name(event: Message | CallbackQuery) -> str:
    """Full name and username at Telegram, as a label that tells one linked chat from another; may be empty.

    Its owner chooses it: what is invisible or begins a line is removed."""
    user = event.from_user
    if user is None:
        return ""
    return visible(f"{user.full_name} @{user.username}" if user.username else user.full_name)


def message_of(query: CallbackQuery) -> Message:
    """The message that carries the pressed button.

    Telegram no longer hands over an old one; a message with the same id stands in for it, which can be answered."""
    if isinstance(query.message, Message):
        return query.message
    assert query.message is not None
    old = Message(message_id=query.message.message_id, date=datetime.fromtimestamp(0, UTC), chat=query.message.chat)
    return old.as_(query.bot)


async def edit_message(query: CallbackQuery, text: Html, keyboard: InlineKeyboardMarkup | None = None) -> None:
    """Acknowledge the button and replace its message, so that the buttons cannot be pressed again."""
    protected = isinstance(query.message, Message) and bool(query.message.has_protected_content)
    await replace_view(query, View(text, keyboard, protected))


async def respond(event: Message | CallbackQuery, text: Html, keyboard: InlineKeyboardMarkup | None = None) -> None:
    """Answer a message, or replace that of a pressed button."""
    if isinstance(event, Message):
        await event.answer(text, reply_markup=keyboard)
    else:
        await edit_message(event, text, keyboard)


async def reply(
    query: CallbackQuery, text: Html, keyboard: InlineKeyboardMarkup | None = None, protected: bool = False
) -> None:
    """Acknowledge the button and send a new message; `protected` forbids forwarding, for health data."""
    await query.answer()
    await message_of(query).answer(text, reply_markup=keyboard, protect_content=protected or None)


async def send_view(message: Message, view: View) -> None:
    await message.answer(view.text, reply_markup=view.keyboard, protect_content=view.protected or None)


async def replace_view(query: CallbackQuery, view: View) -> None:
    """Replace the message of the button. Pressing twice changes nothing; an uneditable message is sent anew."""
    await query.answer()
    if not isinstance(query.message, Message):
        await send_view(message_of(query), view)
        return
    try:
        await query.message.edit_text(view.text, reply_markup=view.keyboard)
    except TelegramBadRequest as refused:
        if "not modified" not in refused.message:
            await send_view(query.message, view)


async def close_signed(query: CallbackQuery, sentence: str) -> None:
    """Acknowledge a button that signed, and take the buttons off a draft; a job redraws the card of a scan."""
    await show_toast(query, sentence)
    if isinstance(query.message, Message) and not query.message.photo:
        with suppress(TelegramBadRequest):
            await query.message.edit_reply_markup()


async def acknowledge(event: Message | CallbackQuery) -> Message:
    """Acknowledge a pressed button, if it is one; returns the message to answer."""
    if isinstance(event, Message):
        return event
    await event.answer()
    return message_of(event)


async def show_toast(query: CallbackQuery, sentence: str) -> None:
    """Show words at the top of the chat, or send them when Telegram no longer accepts them: the button was pressed
    long ago, or its answer before a crash arrived."""
    try:
        await query.answer(sentence)
    except TelegramBadRequest:
        await message_of(query).answer(escaped(sentence))


async def show_alert(query: CallbackQuery, sentence: Html) -> None:
    """Show an alert, or send a message when the sentence is too long or Telegram no longer accepts the alert."""
    plain = plain_text(sentence)
    with suppress(TelegramBadRequest):
        if len(plain) <= ALERT_LIMIT:
            await query.answer(plain, show_alert=True)
            return
        await query.answer()
    await message_of(query).answer(sentence)


async def delete_message(message: Message) -> None:
    """Delete a message that holds a secret; no error when it is gone already."""
    with suppress(TelegramBadRequest):
        await message.delete()
