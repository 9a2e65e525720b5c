"""Long polling that confirms an update to Telegram only when its effect is in the database."""

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
WAIT: Final = 25  # seconds of one long poll
GLANCE: Final = 0.3  # seconds until the next look while updates are under way
ENOUGH: Final = 50  # updates under way; another look would bring mostly these again
PAUSES: Final = (1, 2, 5, 10, 30)  # seconds, when Telegram cannot be reached
TRIES: Final = 20  # of one update that Telegram's failures interrupt: some eight minutes
OUTAGES: Final = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter)
UNHEARD: Final = (*OUTAGES, TelegramConflictError, ClientDecodeError)  # a gateway's error page cannot be decoded


class Polling:
    """aiogram's own polling confirms what it has only begun to handle; a kill then loses a patient's picture.

    Ours asks again from the oldest update still under way, hands over what it has not seen, and so loses nothing.
    A slow download delays nobody else: the others are handled meanwhile."""

    def __init__(self, bot: Bot, dispatcher: Dispatcher) -> None:
        self._bot, self._dispatcher = bot, dispatcher
        self._pending: dict[int, asyncio.Task[object]] = {}
        self._last = 0
        self._misses = 0
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`; then what is under way is finished and confirmed."""
        allowed = self._dispatcher.resolve_used_update_types()
        async with asyncio.TaskGroup() as group:
            while not self._stopping.is_set():
                for update in await self._get(allowed) if len(self._pending) < ENOUGH else ():
                    self._last = max(self._last, update.update_id)
                    self._pending[update.update_id] = group.create_task(self._handle(update))
                if self._pending:
                    await asyncio.wait(set(self._pending.values()), timeout=GLANCE, return_when=asyncio.ALL_COMPLETED)
        with suppress(*UNHEARD):
            await self._bot.get_updates(offset=min(self._pending, default=self._last + 1), timeout=0, limit=1)

    async def insist(self, method: TelegramMethod[bool]) -> None:
        """Call until Telegram answers or a stop comes: a start may fall into an outage."""
        for miss in count():
            try:
                await self._bot(method)
            except (*OUTAGES, ClientDecodeError) as error:
                await self._pause(error, miss)
            else:
                return
            if self._stopping.is_set():
                return

    def stop(self) -> None:
        self._stopping.set()

    async def _handle(self, update: Update) -> None:
        """What Telegram's own failure interrupts, a download above all, is begun again; effects happen once anyway.

        A stop meanwhile leaves the update unconfirmed, for the next start."""
        for miss in range(TRIES):
            try:
                await self._dispatcher.feed_update(self._bot, update, again=miss < TRIES - 1, retried=miss > 0)
                break
            except OUTAGES as error:
                await self._pause(error, miss)
                if self._stopping.is_set():
                    return
            except Exception as error:
                logger.exception("update dropped", extra={"update_id": update.update_id, "error": type(error).__name__})
                break
        del self._pending[update.update_id]

    async def _get(self, allowed: list[str]) -> list[Update]:
        """Updates not seen before; none when a stop comes first."""
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(self._ask(allowed))
            stopped = group.create_task(self._stopping.wait())
            await asyncio.wait((asked, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not asked.done():
                asked.cancel()
                return []
        return [update for update in asked.result() if update.update_id > self._last]

    async def _ask(self, allowed: list[str]) -> list[Update]:
        """Empty when Telegram cannot be reached, after a pause that grows."""
        oldest, wait = min(self._pending, default=self._last + 1), 0 if self._pending else WAIT
        try:
            updates = await self._bot.get_updates(oldest, None, wait, allowed, request_timeout=WAIT + 10)
        except UNHEARD as error:
            self._misses += 1
            await self._pause(error, self._misses - 1)
            return []
        self._misses = 0
        return updates

    async def _pause(self, error: Exception, miss: int) -> None:
        pause = PAUSES[min(miss, len(PAUSES) - 1)]
        logger.warning("Telegram cannot be reached", extra={"error": type(error).__name__, "seconds": pause})
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)
