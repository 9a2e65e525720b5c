"""Small certainties about what Telegram hands over."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers.texts import Html
from workflow.actors import Actor
from workflow.errors import NotLinked

Handler = Callable[..., Awaitable[None]]


def private_chat(event: Message | CallbackQuery) -> int:
    """The chat's id; only private chats get this far, where it is the person's own."""
    if isinstance(event, Message):
        return event.chat.id
    return event.from_user.id


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


async def say(query: CallbackQuery, text: Html, keyboard: InlineKeyboardMarkup | None = None) -> None:
    """Answer a press with a message of its own."""
    await query.answer()
    if isinstance(query.message, Message):
        await query.message.answer(text, reply_markup=keyboard)


async def hide(message: Message) -> None:
    """Take a typed secret out of the chat. One that is gone already is as good as deleted."""
    with suppress(TelegramBadRequest):
        await message.delete()
