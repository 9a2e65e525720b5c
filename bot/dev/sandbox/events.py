"""A numbered event log, so that clients can wait for the next event without a gap."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bot.dev.sandbox.api.responses import Json, Unchecked

REMEMBERED: Final = 50_000


class Event(NamedTuple):
    """`number` counts from 1; `body` is the object that the client API shows."""

    number: int
    body: Json


@dataclass
class Events:
    """The event log and its waiters."""

    last: int = 0
    _log: deque[Event] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def publish(self, kind: str, chat_id: int | None = None, **data: Unchecked) -> int:
        self.last += 1
        place: Json = {} if chat_id is None else {"chat_id": chat_id}
        self._log.append(Event(self.last, {"kind": kind} | place | data))
        self.wake()
        return self.last

    def wake(self) -> None:
        """Wake all waiters, also when the server stops."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def after(self, number: int) -> list[Event]:
        """Events later than `number`, oldest first."""
        count = min(self.last - number, len(self._log))
        if count <= 0:
            return []
        return [self._log[index] for index in range(len(self._log) - count, len(self._log))]

    async def grow(self) -> None:
        """Wait until something is published."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future
