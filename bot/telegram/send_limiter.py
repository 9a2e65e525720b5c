"""Keeps outgoing messages within Telegram's rate limits."""

import asyncio
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.telegram.round_robin import RoundRobin
from bot.telegram.shared_rates import Rate, SharedRates
from models.side_connection import SideConnection
from workflow.requester import IS_URGENT
from workflow.token_bucket import TokenBucket, TokenBuckets

CHAT_BURST: Final = 20  # messages to one chat at once; after that one a second
MESSAGES_PER_SECOND: Final = 30  # over all chats
STRANGERS_PER_SECOND: Final = MESSAGES_PER_SECOND / 2  # of these, answers to chats without an account
ANSWERS_A_STRANGER: Final = ContextVar("answers_a_stranger", default=False)  # set while an update is handled
KEPT_FOR_CHAT: Final = 5  # tokens that cards leave to urgent messages: of each chat
KEPT: Final = 10  # and of all chats
MAX_WAIT: Final = 5  # seconds of a 429 that are waited out here
SHARED: Final = (
    Rate(MESSAGES_PER_SECOND, timedelta(seconds=1 / MESSAGES_PER_SECOND)),
    Rate(CHAT_BURST, timedelta(seconds=1)),
)


class SendLimiter(BaseRequestMiddleware):
    """Delays requests to the rates above and waits out a short 429; a longer one is raised for the worker to retry.

    Answers to strangers wait for a rate of their own first, so that they delay nobody else's messages. Their chats take
    turns at it, and answers to emergencies go before the others."""

    def __init__(self, connection: SideConnection | None = None) -> None:
        """`connection`: to the database of several processes, which share the rates."""
        self._overall = TokenBucket(MESSAGES_PER_SECOND, MESSAGES_PER_SECOND)
        self._strangers = RoundRobin(TokenBucket(STRANGERS_PER_SECOND, STRANGERS_PER_SECOND))
        self._chats = TokenBuckets(CHAT_BURST, 1)
        self._shared = SharedRates(connection, *SHARED) if connection else None

    def card_delay(self, chat_id: int) -> float:
        """Seconds until a card may be sent to the chat without taking what is kept for urgent messages."""
        elsewhere = self._shared.wait(KEPT + 1) if self._shared else 0.0
        return max(self._chats[chat_id].wait(KEPT_FOR_CHAT + 1), self._overall.wait(KEPT + 1), elsewhere)

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        chat_id: Any = getattr(method, "chat_id", None)
        if chat_id is not None:
            await self._chats[chat_id].take()
            if ANSWERS_A_STRANGER.get():
                await self._strangers.take(chat_id, urgent=IS_URGENT.get())
            await self._overall.take()
            if self._shared:
                await self._shared.take(chat_id)
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as limited:
            if limited.retry_after > MAX_WAIT:
                raise
            await asyncio.sleep(limited.retry_after)
            return await make_request(bot, method)
