"""Telegram's rates over all processes of one bot that share a PostgreSQL database."""

import asyncio
import logging
from datetime import timedelta
from time import monotonic
from typing import Final, NamedTuple
from zlib import crc32

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.side_connection import SideConnection

logger = logging.getLogger(__name__)
PATIENCE: Final = 2.0  # seconds that a message waits for a database that does not answer
ALL_CHATS: Final = 0  # the slot of the rate over all chats; a chat's own is the checksum of its number, from 1


class Rate(NamedTuple):
    """`burst` messages at once, then one each `pause`."""

    burst: int
    pause: timedelta


# the generic cell rate algorithm: a slot holds the time at which the last of its messages was due. A reservation moves
# it by one pause, and is not due earlier than a burst allows. The clock is the server's.
RESERVE: Final = text(
    "INSERT INTO send_slots AS slot (number, due)"
    " VALUES (:all, clock_timestamp() - :all_idle), (:chat, clock_timestamp() - :chat_idle)"
    " ON CONFLICT (number) DO UPDATE SET due = greatest(excluded.due,"
    " slot.due + CASE slot.number WHEN :all THEN CAST(:all_pause AS interval) ELSE CAST(:chat_pause AS interval) END)"
    " RETURNING number, extract(epoch FROM due - clock_timestamp())"
)


class SharedRates:
    """Reserves a place for each message. Where the database cannot be reached, the process's own rates stand alone."""

    def __init__(self, connection: SideConnection, overall: Rate, chat: Rate) -> None:
        self._connection, self._pause = connection, overall.pause.total_seconds()
        self._values: dict[str, object] = {
            "all": ALL_CHATS,
            "all_pause": overall.pause,
            "all_idle": overall.pause * (overall.burst - 1),
            "chat_pause": chat.pause,
            "chat_idle": chat.pause * (chat.burst - 1),
        }
        self._due = -float("inf")  # of the last message over all chats, on this process's clock

    async def take(self, chat_id: int | str) -> None:
        """Wait until a message to the chat is due."""
        values = self._values | {"chat": 1 + crc32(str(chat_id).encode())}
        try:
            async with asyncio.timeout(PATIENCE):
                rows = await self._connection.ask(RESERVE, values)
        except (DBAPIError, PoolTimeout, TimeoutError) as error:
            logger.warning("Telegram's rates are not shared", extra={"error": type(error).__name__})
            return
        waits = {number: float(wait) for number, wait in rows}
        self._due = monotonic() + waits[ALL_CHATS]
        await asyncio.sleep(max(0.0, *waits.values()))

    def wait(self, messages: int) -> float:
        """Seconds until so many messages to all chats could go at once, as the last reservation here knew it."""
        return max(0.0, self._due - monotonic() + messages * self._pause)
