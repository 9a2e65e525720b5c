"""Long polling that confirms an update to Telegram only after its effect is in the database."""

import asyncio
import logging
from contextlib import suppress
from itertools import count
from typing import Final

from aiogram import Bot, Dispatcher
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramConflictError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import TelegramMethod
from aiogram.types import Update

logger = logging.getLogger(__name__)
LONG_POLL_SECONDS: Final = 25  # how long Telegram holds one request open
POLL_INTERVAL: Final = 0.3  # seconds between two polls while updates are in progress
MAX_PENDING: Final = 50  # updates in progress; another poll would mostly return these again
BACKOFF: Final = (1, 2, 5, 10, 30)  # seconds between attempts to reach Telegram
MAX_ATTEMPTS: Final = 20  # at one update that Telegram outages interrupt: about eight minutes
OUTAGES: Final = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter)
UNREACHABLE: Final = (*OUTAGES, TelegramConflictError, ClientDecodeError)  # a gateway's error page cannot be decoded


class Polling:
    """Polls from the oldest update still in progress and handles those not seen before, several at a time.

    aiogram's own polling confirms an update when its handling begins, so that a kill loses a patient's picture."""

    def __init__(self, bot: Bot, dispatcher: Dispatcher) -> None:
        self._bot, self._dispatcher = bot, dispatcher
        self._pending: dict[int, asyncio.Task[object]] = {}
        self._last = 0
        self._failures = 0
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Poll until `stop` is called; then finish and confirm the updates in progress."""
        allowed = self._dispatcher.resolve_used_update_types()
        async with asyncio.TaskGroup() as group:
            while not self._stopping.is_set():
                for update in await self._get(allowed) if len(self._pending) < MAX_PENDING else ():
                    self._last = max(self._last, update.update_id)
                    self._pending[update.update_id] = group.create_task(self._handle(update))
                if self._pending:
                    await asyncio.wait(
                        set(self._pending.values()), timeout=POLL_INTERVAL, return_when=asyncio.ALL_COMPLETED
                    )
        with suppress(*UNREACHABLE):
            await self._bot.get_updates(offset=min(self._pending, default=self._last + 1), timeout=0, limit=1)

    async def call_until_answered(self, method: TelegramMethod[bool]) -> None:
        """Repeat the call through an outage until Telegram answers or `stop` is called."""
        for attempt in count():
            try:
                await self._bot(method)
            except (*OUTAGES, ClientDecodeError) as error:
                await self._pause(error, attempt)
            else:
                return
            if self._stopping.is_set():
                return

    def stop(self) -> None:
        self._stopping.set()

    async def _handle(self, update: Update) -> None:
        """Handle an update, again after each Telegram outage; its database effect happens once anyway.

        An update still failing at `stop` stays unconfirmed, so that the next start receives it again."""
        for attempt in range(MAX_ATTEMPTS):
            try:
                await self._dispatcher.feed_update(
                    self._bot, update, may_retry=attempt < MAX_ATTEMPTS - 1, is_retry=attempt > 0
                )
                break
            except OUTAGES as error:
                await self._pause(error, attempt)
                if self._stopping.is_set():
                    return
            except Exception as error:
                logger.exception("update dropped", extra={"update_id": update.update_id, "error": type(error).__name__})
                break
        del self._pending[update.update_id]

    async def _get(self, allowed: list[str]) -> list[Update]:
        """Updates not seen before; none when `stop` is called meanwhile."""
        async with asyncio.TaskGroup() as group:
            poll = group.create_task(self._poll(allowed))
            stopped = group.create_task(self._stopping.wait())
            await asyncio.wait((poll, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not poll.done():
                poll.cancel()
                return []
        return [update for update in poll.result() if update.update_id > self._last]

    async def _poll(self, allowed: list[str]) -> list[Update]:
        """Poll once. Returns nothing when Telegram cannot be reached, after a growing pause."""
        offset, wait = min(self._pending, default=self._last + 1), 0 if self._pending else LONG_POLL_SECONDS
        try:
            updates = await self._bot.get_updates(offset, None, wait, allowed, request_timeout=LONG_POLL_SECONDS + 10)
        except UNREACHABLE as error:
            self._failures += 1
            await self._pause(error, self._failures - 1)
            return []
        self._failures = 0
        return updates

    async def _pause(self, error: Exception, attempt: int) -> None:
        pause = BACKOFF[min(attempt, len(BACKOFF) - 1)]
        logger.warning("Telegram cannot be reached", extra={"error": type(error).__name__, "seconds": pause})
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)
