"""Fair queueing: of several chats that wait for tokens of one bucket, each gets one in its turn."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final

from workflow.token_bucket import TokenBucket

MIN_PAUSE: Final = 0.001  # seconds: a timer that rings early does not spin

Request = asyncio.Future[None]


class RoundRobin:
    """Grants the tokens of a bucket. Requests wait in a queue for each key, and the keys take turns.

    A key waits for one request of every other key at most, however many those have. Urgent requests take turns among
    themselves, before all others. Belongs to one event loop."""

    def __init__(self, bucket: TokenBucket) -> None:
        self._bucket = bucket
        self._urgent, self._others = _Queues(), _Queues()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, key: Hashable, *, urgent: bool = False) -> None:
        """Wait for a token. A request that is cancelled while it waits takes none."""
        if not (self._urgent or self._others) and self._bucket.spend():
            return
        request: Request = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._others).add(key, request)
        self._set_timer()
        await request

    def _set_timer(self) -> None:
        if self._timer is None and (self._urgent or self._others):
            pause = max(self._bucket.wait(1), MIN_PAUSE)
            self._timer = asyncio.get_running_loop().call_later(pause, self._grant)

    def _grant(self) -> None:
        self._timer = None
        while (self._urgent or self._others) and self._bucket.wait(1) == 0:
            request = (self._urgent or self._others).pop()
            if not request.done():
                self._bucket.spend()
                request.set_result(None)
        self._set_timer()


class _Queues:
    """Requests by key; `pop` takes the first one of the key whose turn is longest ago."""

    def __init__(self) -> None:
        self._queues: OrderedDict[Hashable, deque[Request]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def add(self, key: Hashable, request: Request) -> None:
        self._queues.setdefault(key, deque()).append(request)

    def pop(self) -> Request:
        key, queue = self._queues.popitem(last=False)
        request = queue.popleft()
        if queue:
            self._queues[key] = queue
        return request
