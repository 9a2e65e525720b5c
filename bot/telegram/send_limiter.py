"""Chat leaves the house through a limiter that Telegram tolerates."""

import asyncio
from typing import Any, Final

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.telegram.buckets import Bucket

BURST: Final = 20  # messages that a chat may get at once; after that one a second
OVERALL: Final = 30  # a second, over all chats
PATIENCE: Final = 5  # seconds that a handler waits out a 429 itself


class Limiter(BaseRequestMiddleware):
    """Keeps to what Telegram tolerates, and waits out a short 429. A longer one is for the worker to wait out."""

    def __init__(self) -> None:
        self._overall = Bucket(OVERALL, OVERALL)
        self._chats: dict[int, Bucket] = {}

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        chat_id: Any = getattr(method, "chat_id", None)
        if chat_id is not None:
            await self._chats.setdefault(chat_id, Bucket(BURST, 1)).take()
            await self._overall.take()
            self._forget_idle()
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as full:
            if full.retry_after > PATIENCE:
                raise
            await asyncio.sleep(full.retry_after)
            return await make_request(bot, method)

    def _forget_idle(self) -> None:
        if len(self._chats) > 1000:
            self._chats = {chat: bucket for chat, bucket in self._chats.items() if not bucket.is_full()}
