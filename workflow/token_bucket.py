"""Token buckets: a burst at once, then a steady rate."""

import asyncio
from collections.abc import Callable, Hashable
from time import monotonic

Clock = Callable[[], float]


class TokenBucket:
    """`size` tokens at once, refilled at `rate` tokens per second of `clock`.

    `take` waits for a token; `spend` returns False when there is none."""

    def __init__(self, size: float, rate: float, clock: Clock = monotonic) -> None:
        self._size, self._rate, self._clock = float(size), rate, clock
        self._tokens, self._refilled_at = self._size, clock()

    async def take(self) -> None:
        self._refill()
        self._tokens -= 1
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._rate)

    def spend(self, reserve: float = 0.0) -> bool:
        """`reserve`: the share of the bucket, in whole tokens, that is left to others."""
        self._refill()
        if self._tokens < 1 + int(self._size * reserve):
            return False
        self._tokens -= 1
        return True

    def wait(self, tokens: float) -> float:
        """Seconds until there are this many tokens; takes none."""
        self._refill()
        return max(0.0, (tokens - self._tokens) / self._rate)

    def is_full(self) -> bool:
        self._refill()
        return self._tokens >= self._size

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self._size, self._tokens + (now - self._refilled_at) * self._rate)
        self._refilled_at = now


class TokenBuckets:
    """One bucket per key, kept in this process. Full ones are dropped while there are more than `max_keys`."""

    def __init__(self, size: float, rate: float, clock: Clock = monotonic, max_keys: int = 1000) -> None:
        self._size, self._rate, self._clock, self._max_keys = size, rate, clock, max_keys
        self._buckets: dict[Hashable, TokenBucket] = {}

    def __getitem__(self, key: Hashable) -> TokenBucket:
        if len(self._buckets) > self._max_keys:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full()}
        return self._buckets.setdefault(key, TokenBucket(self._size, self._rate, self._clock))

    def __len__(self) -> int:
        return len(self._buckets)
