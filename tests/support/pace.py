"""How much slower this machine is now than the one on which a bound of CPU time was chosen."""

from time import thread_time
from typing import Final

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
