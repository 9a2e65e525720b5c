"""Strangers at full rate for an hour, with the clock moved."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from tests.support.rows import NOW

STRANGERS: Final = range(10_001, 10_031)
HOUR: Final = timedelta(hours=1)


def each_minute() -> Iterator[tuple[int, datetime]]:
    """Two strangers' chats for each minute of an hour."""
    for minute in range(60):
        for chat_id in STRANGERS[2 * minute % 30 : 2 * minute % 30 + 2]:
            yield chat_id, NOW + timedelta(minutes=minute)
