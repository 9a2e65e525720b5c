"""How much slower this machine is now than the one on which a bound was chosen; Telegram's rates lifted for stories."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from time import thread_time
from typing import Any, Final, TypeVar
from unittest.mock import patch

from bot.telegram import send_limiter
from bot.telegram.shared_rates import Rate

T = TypeVar("T")
MANY: Final = 1_000_000
AT_ONCE: Final[dict[str, Any]] = {  # in place of Telegram's rates
    **dict.fromkeys(("CHAT_BURST", "MESSAGES_PER_SECOND", "STRANGERS_PER_SECOND"), MANY),
    "SHARED": (Rate(MANY, timedelta(microseconds=1)),) * 2,
}
REFERENCE: Final = 0.009  # seconds of CPU time that `_work` took where the bounds were chosen


def slowness() -> float:
    """Factor of at least 1 to multiply a bound with; the same work measured in the same run, best of three."""
    return max(1.0, min(_cost() for _ in range(3)) / REFERENCE)


def _cost() -> float:
    before = thread_time()
    _work()
    return thread_time() - before


def _work() -> None:
    words = [f"{number:x}" for number in range(20_000)]
    sorted(words, key=lambda word: word[::-1])


@asynccontextmanager
async def unpaced(opening: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Open an application that sends as fast as it goes: a story whose subject is not the rates waits for none."""
    async with AsyncExitStack() as stack:
        with patch.multiple(send_limiter, **AT_ONCE):
            opened = await stack.enter_async_context(opening)
        yield opened
