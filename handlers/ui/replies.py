"""Small certainties about what Telegram hands over."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers.ui.texts import Html, bare
from workflow.actors import Actor
from workflow.errors import NotLinked

Handler = Callable[..., Awaitable[None]]
LONGEST_POPUP: Final = 200


def private_chat(event: Message | CallbackQuery) -> int:
    """The chat's id; only private chats get this far, where it is the person's own."""
    if isinstance(event, Message):
        return event.chat.id
    return event.from_user.id


def shown_name(event: Message | CallbackQuery) -> str:
    """What Telegram calls the person in this chat, by which its owner will know it among others."""
    who = event.from_user
    if who is None:
        return ""
    return f"{who.full_name} @{who.username}" if who.username else who.full_name


def known(actor: Actor | None) -> Actor:
    """Raises NotLinked for a chat that speaks for nobody yet."""
    if actor is None:
        raise NotLinked
    return actor


async def edit(query: CallbackQuery, text: Html, keyboard: InlineKeyboardMarkup | None = None) -> None:
    """Put the answer where the buttons were, so that they cannot be pressed again."""
    await query.answer()
    if isinstance(query.message, Message):
        await query.message.edit_text(text, reply_markup=keyboard)


async def say(
    query: CallbackQuery, text: Html, keyboard: InlineKeyboardMarkup | None = None, private: bool = False
) -> None:
    """Answer a press with a message of its own; `private`: it says something about somebody's health."""
    await query.answer()
    if isinstance(query.message, Message):
        await query.message.answer(text, reply_markup=keyboard, protect_content=private or None)


async def heard(event: Message | CallbackQuery) -> Message | None:
    """The message to answer: a command's own, or the one under whose button was pressed; the press is acknowledged."""
    if isinstance(event, Message):
        return event
    await event.answer()
    return event.message if isinstance(event.message, Message) else None


async def pop_up(query: CallbackQuery, sentence: Html) -> None:
    """A press that was answered already, or waited too long, takes no pop-up: then the sentence comes as a message."""
    plain = bare(sentence)
    with suppress(TelegramBadRequest):
        if len(plain) <= LONGEST_POPUP:
            await query.answer(plain, show_alert=True)
            return
        await query.answer()
    if isinstance(query.message, Message):
        await query.message.answer(sentence)


async def hide(message: Message) -> None:
    """Take a typed secret out of the chat. One that is gone already is as good as deleted."""
    with suppress(TelegramBadRequest):
        await message.delete()
