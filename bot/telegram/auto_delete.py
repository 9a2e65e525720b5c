"""Deletes messages with health data from the chats, within the 48 hours in which Telegram lets a bot do so."""

from collections.abc import Callable
from datetime import datetime, timedelta

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Message

from models.base import Sessions
from workflow.jobs import JobKind, enqueue


class AutoDeleteMiddleware(BaseRequestMiddleware):
    """Enqueues a REMOVE_MESSAGE job for every message sent with `protect_content`: those hold health data."""

    def __init__(self, sessions: Sessions, delay: timedelta, now: Callable[[], datetime]) -> None:
        self._sessions, self._delay, self._now = sessions, delay, now

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        sent = await make_request(bot, method)
        if isinstance(sent, Message) and getattr(method, "protect_content", None) is True:
            due = self._now() + self._delay
            async with self._sessions.begin() as session:
                enqueue(session, JobKind.REMOVE_MESSAGE, due, chat_id=sent.chat.id, message_id=sent.message_id)
        return sent
