"""Long polling that confirms an update to Telegram only when its effect is in the database."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramConflictError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.types import Update

logger = logging.getLogger(__name__)
WAIT: Final = 25  # seconds of one long poll
GLANCE: Final = 0.3  # seconds until the next look while updates are under way
PAUSES: Final = (1, 2, 5, 10, 30)  # seconds, when Telegram cannot be reached


class Polling:
    """aiogram's own polling confirms what it has only begun to handle; a kill then loses a patient's picture.

    Ours asks again from the oldest update still under way, hands over what it has not seen, and so loses nothing.
    A slow download delays nobody else: the others are handled meanwhile."""

    def __init__(self, bot: Bot, dispatcher: Dispatcher, heard: Callable[[], None]) -> None:
        self._bot, self._dispatcher, self._heard = bot, dispatcher, heard
        self._pending: dict[int, asyncio.Task[object]] = {}
        self._last = 0
        self._misses = 0
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`; then what is under way is finished and confirmed."""
        allowed = self._dispatcher.resolve_used_update_types()
        async with asyncio.TaskGroup() as group:
            while not self._stopping.is_set():
                for update in await self._get(allowed):
                    self._last = max(self._last, update.update_id)
                    self._pending[update.update_id] = group.create_task(self._handle(update))
                if self._pending:
                    await asyncio.wait(set(self._pending.values()), timeout=GLANCE, return_when=asyncio.ALL_COMPLETED)
        with suppress(TelegramNetworkError, TelegramServerError, TelegramRetryAfter, TelegramConflictError):
            await self._bot.get_updates(offset=self._last + 1, timeout=0, limit=1)

    def stop(self) -> None:
        self._stopping.set()

    async def _handle(self, update: Update) -> None:
        try:
            await self._dispatcher.feed_update(self._bot, update)
        finally:
            del self._pending[update.update_id]

    async def _get(self, allowed: list[str]) -> list[Update]:
        """Updates not seen before. Empty when Telegram cannot be reached, after a pause that grows."""
        oldest = min(self._pending, default=self._last + 1)
        poll = self._bot.get_updates(
            offset=oldest, timeout=0 if self._pending else WAIT, allowed_updates=allowed, request_timeout=WAIT + 10
        )
        try:
            updates = await self._unless_stopped(poll)
        except (TelegramNetworkError, TelegramServerError, TelegramRetryAfter, TelegramConflictError) as error:
            await self._pause(error)
            return []
        self._misses = 0
        self._heard()
        return [update for update in updates if update.update_id > self._last]

    async def _unless_stopped(self, poll: Coroutine[Any, Any, list[Update]]) -> list[Update]:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(poll)
            stopped = group.create_task(self._stopping.wait())
            await asyncio.wait((asked, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not asked.done():
                asked.cancel()
                return []
        return asked.result()

    async def _pause(self, error: Exception) -> None:
        pause = PAUSES[min(self._misses, len(PAUSES) - 1)]
        self._misses += 1
        logger.warning("Telegram cannot be reached", extra={"error": type(error).__name__, "seconds": pause})
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)
