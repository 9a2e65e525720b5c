"""Token buckets: so many at once, and so many a second after that."""

import asyncio
from collections.abc import Callable
from time import monotonic

Clock = Callable[[], float]


class Bucket:
    """`size` at once, `rate` a second. Who takes waits for his turn; who spends is refused instead."""

    def __init__(self, size: float, rate: float, clock: Clock = monotonic) -> None:
        self._size, self._rate, self._clock = float(size), rate, clock
        self._tokens, self._at = self._size, clock()

    async def take(self) -> None:
        self._refill()
        self._tokens -= 1
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._rate)

    def spend(self) -> bool:
        self._refill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def is_full(self) -> bool:
        self._refill()
        return self._tokens >= self._size

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self._size, self._tokens + (now - self._at) * self._rate)
        self._at = now
