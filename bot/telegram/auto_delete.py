"""Health data leaves the chats again, before Telegram's 48 hours are over and no bot may delete any more."""

from datetime import UTC, datetime, timedelta

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Message

from bot.services import Clinic
from models.base import Sessions
from workflow.jobs import JobKind, enqueue


class Forgetting(BaseRequestMiddleware):
    """What is sent protected holds health data: its removal is owed from the moment it was sent."""

    def __init__(self, sessions: Sessions, after: timedelta) -> None:
        self._sessions, self._after = sessions, after

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        sent = await make_request(bot, method)
        if isinstance(sent, Message) and getattr(method, "protect_content", None) is True:
            due = datetime.now(UTC) + self._after
            async with self._sessions.begin() as session:
                enqueue(session, JobKind.REMOVE_MESSAGE, due, chat_id=sent.chat.id, message_id=sent.message_id)
        return sent


async def remove_message(clinic: Clinic, chat_id: int, message_id: int) -> None:
    """One that is gone already, or whose chat is closed to us, is as good as removed."""
    try:
        await clinic.bot.delete_message(chat_id, message_id)
    except (TelegramBadRequest, TelegramForbiddenError):
        return
