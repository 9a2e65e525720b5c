"""The queue of updates, read by long polling or delivered to a webhook."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from bot.dev.sandbox.api.responses import ApiError, Json, conflict

FIRST_UPDATE: Final = 870_000_001
UNASKED: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds that a bot receives only when it names them in `allowed_updates`."""
OTHER_POLL: Final = "terminated by other getUpdates request; make sure that only one bot instance is running"
HOOKED: Final = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


@dataclass(slots=True)
class Pending:
    """An unconfirmed update; `repeats` is how often it is delivered again despite confirmation."""

    update_id: int
    chat_id: int
    body: Json
    repeats: int = 0


@dataclass
class Updates:
    """The update queue with increasing ids; `deliver` is called for each new update, and is None while polling."""

    allowed: Collection[str] | None = None
    deliver: Callable[[Pending], None] | None = None
    pending: OrderedDict[int, Pending] = field(default_factory=OrderedDict)
    _last: int = FIRST_UPDATE - 1
    _poll: asyncio.Future[None] | None = None

    def add(self, kind: str, chat_id: int, content: Json, repeats: int = 0) -> None:
        """Add an update, unless allowed_updates excludes its kind."""
        if not self._wanted(kind):
            return
        self._last += 1
        new = Pending(self._last, chat_id, {"update_id": self._last, kind: content}, repeats)
        self.pending[new.update_id] = new
        if self.deliver:
            self.deliver(new)
        self.wake()

    def confirm(self, update_id: int) -> bool:
        """Confirm an update; False when a fault demands another delivery."""
        known = self.pending.get(update_id)
        if known and known.repeats:
            known.repeats -= 1
            return False
        self.pending.pop(update_id, None)
        return True

    async def poll(self, offset: int, limit: int, wait: float) -> list[Json]:
        """Wait for updates. Raises ApiError 409 while a webhook is set, and in a poll that another one ends."""
        if self.deliver:
            raise conflict(HOOKED)
        self._confirm_before(offset)
        self.wake(conflict(OTHER_POLL))
        if not self.pending and wait > 0:
            await self._arrival(wait)
        return [waiting.body for waiting in islice(self.pending.values(), limit)]

    def wake(self, error: ApiError | None = None) -> None:
        """End the waiting poll, with the available updates or with an error."""
        poll, self._poll = self._poll, None
        if poll is None or poll.done():
            return
        if error:
            poll.set_exception(error)
        else:
            poll.set_result(None)

    def _wanted(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in UNASKED

    def _confirm_before(self, offset: int) -> None:
        if offset < 0:
            ids = list(self.pending)[: max(0, len(self.pending) + offset)]
        else:
            ids = []
            for update_id in self.pending:
                if update_id >= offset:
                    break
                ids.append(update_id)
        for update_id in ids:
            self.confirm(update_id)

    async def _arrival(self, wait: float) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(wait):
                await poll
        except TimeoutError:
            pass
        finally:
            if self._poll is poll:
                self._poll = None
