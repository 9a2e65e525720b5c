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
)
from aiogram.methods import DeleteWebhook, TelegramMethod
from aiogram.types import Update
from sqlalchemy.orm.exc import StaleDataError

from bot.process_role import RoleHolder
from handlers.errors import TELEGRAM_OUTAGES, is_outage
from models.base import is_transient

logger = logging.getLogger(__name__)
LONG_POLL_SECONDS: Final = 25  # how long Telegram holds one request open
POLL_INTERVAL: Final = 0.3  # seconds between two polls while updates are in progress
SPARE_INTERVAL: Final = 0.3  # seconds between two looks of a spare for its turn
MAX_PENDING: Final = 100  # updates in progress: as many as a poll returns, or Telegram posts to a webhook at once
BACKOFF: Final = (1, 2, 5, 10, 30)  # seconds between attempts to reach Telegram
DATABASE_BACKOFF: Final = (0.2, 0.5, 1, 2, 5, 30)  # mostly one lost connection
MAX_ATTEMPTS: Final = 20  # at one update that Telegram outages interrupt: about eight minutes
UNREACHABLE: Final = (
    *TELEGRAM_OUTAGES,
    TelegramConflictError,
    ClientDecodeError,
)  # a gateway's error page cannot be decoded


def unreachable(error: Exception) -> str:
    """The log's sentence for an outage."""
    if isinstance(error, TelegramConflictError):
        return "another program polls with this bot's token, or a webhook is set: stop it"
    if isinstance(error, StaleDataError):
        return "another transaction changed the same row first"
    return "the database cannot be reached" if is_transient(error) else "Telegram cannot be reached"


def log_dropped(update: Update, error: Exception) -> None:
    logger.error("update dropped", extra={"update_id": update.update_id, "error": type(error).__name__}, exc_info=error)


class Polling:
    """Polls from the oldest update still in progress and handles those not seen before, several at a time.

    aiogram's own polling confirms an update when its handling begins, so that a kill loses a patient's picture."""

    def __init__(self, bot: Bot, dispatcher: Dispatcher, role: RoleHolder | None = None) -> None:
        """`role`: polls only while this process holds it, where several share a database."""
        self._bot, self._dispatcher, self._role = bot, dispatcher, role
        self._pending: dict[int, asyncio.Task[object]] = {}
        self._last = 0
        self._failures = 0
        self._stopping = asyncio.Event()
        self._polls = False

    async def run(self) -> None:
        """Poll until `stop` is called; then finish and confirm the updates in progress."""
        allowed = self._dispatcher.resolve_used_update_types()
        async with asyncio.TaskGroup() as group:
            while not self._stopping.is_set():
                if self._role and not (self._polls and self._role.is_held):
                    await self._take_turn(self._role)
                    continue
                for update in await self._get(allowed) if len(self._pending) < MAX_PENDING else ():
                    self._last = max(self._last, update.update_id)
                    self._pending[update.update_id] = group.create_task(self._handle(update))
                if self._pending:
                    await asyncio.wait(
                        set(self._pending.values()), timeout=POLL_INTERVAL, return_when=asyncio.ALL_COMPLETED
                    )
        if not self._polls and self._role:
            return
        with suppress(*UNREACHABLE):
            await self._bot.get_updates(offset=min(self._pending, default=self._last + 1), timeout=0, limit=1)

    async def _take_turn(self, role: RoleHolder) -> None:
        """Wait for the role as a spare; with it, take updates by polling."""
        self._polls = False
        if role.is_held:
            await self.call_until_answered(DeleteWebhook())
            self._polls = not self._stopping.is_set()
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), SPARE_INTERVAL)

    async def call_until_answered(self, method: TelegramMethod[bool]) -> None:
        """Repeat the call through an outage until Telegram answers or `stop` is called."""
        for attempt in count():
            try:
                await self._bot(method)
            except (*TELEGRAM_OUTAGES, ClientDecodeError) as error:
                await self._pause(error, attempt)
            else:
                return
            if self._stopping.is_set():
                return

    def stop(self) -> None:
        self._stopping.set()

    async def _handle(self, update: Update) -> None:
        """Handle an update, again after each outage of Telegram or of the database; its effect happens once anyway.

        An update still failing at `stop` stays unconfirmed, so that the next start receives it again."""
        for attempt in range(MAX_ATTEMPTS):
            try:
                await self._dispatcher.feed_update(
                    self._bot, update, may_retry=attempt < MAX_ATTEMPTS - 1, is_retry=attempt > 0
                )
                break
            except Exception as error:  # noqa: BLE001 - no update ends the polling
                if not is_outage(error):
                    log_dropped(update, error)
                    break
                await self._pause(error, attempt)
                if self._stopping.is_set():
                    return
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
        pauses = DATABASE_BACKOFF if is_transient(error) else BACKOFF
        pause = pauses[min(attempt, len(pauses) - 1)]
        logger.warning(unreachable(error), extra={"error": type(error).__name__, "seconds": pause})
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)
