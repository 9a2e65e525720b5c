"""PostgreSQL beside the pool: single statements on a connection of the process's own, and notifications."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

logger = logging.getLogger(__name__)
PAUSE: Final = 1.0  # seconds after a lost connection
AUTOCOMMIT: Final = {"isolation_level": "AUTOCOMMIT"}
# the server frees the advisory locks of a machine that has vanished after half a minute, not after two hours
KEEPALIVE: Final = text(
    "SELECT set_config('tcp_keepalives_idle', '15', false), set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)


class SideConnection:
    """Runs statements one after the other, each committed at once.

    A lost connection raises DBAPIError once and is opened anew by the next statement; its advisory locks are gone."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(**AUTOCOMMIT)
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()

    async def ask(self, statement: TextClause, values: Mapping[str, object]) -> Sequence[Any]:
        """The rows of the statement. Raises DBAPIError, or TimeoutError of SQLAlchemy where the pool has no place."""
        async with self._turn:
            try:
                if self._connection is None:
                    self._connection = await self._engine.connect()
                    await self._connection.execute(KEEPALIVE)
                return (await self._connection.execute(statement, values)).all()
            except BaseException:  # a cancelled statement leaves the connection in the middle of its answer, too
                await self._drop()
                raise

    async def close(self) -> None:
        async with self._turn:
            await self._drop()

    async def _drop(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.invalidate()
            await connection.close()


class Listener:
    """Calls `heard` for each NOTIFY of a channel, and whenever it begins to listen, since it may have missed some.

    `is_listening` is false while the database cannot be reached: then look for news instead."""

    def __init__(self, engine: AsyncEngine, channel: str, heard: Callable[[], None]) -> None:
        self._engine = engine.execution_options(**AUTOCOMMIT)
        self._channel, self._heard = channel, heard
        self.is_listening = False

    async def keep(self) -> None:
        """Listen until cancelled, on a connection of its own that is opened anew when it is lost."""
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever the database or its driver raise
                logger.warning("notifications cannot be heard", extra={"error": type(error).__name__})
            await asyncio.sleep(PAUSE)

    async def _listen(self) -> None:
        connection = await self._engine.connect()
        try:
            await connection.execute(text(f"LISTEN {self._channel}"))
            driver: Any = (await connection.get_raw_connection()).driver_connection
            self.is_listening = True
            self._heard()
            async for _ in driver.notifies():
                self._heard()
        finally:
            self.is_listening = False
            await connection.invalidate()
            await connection.close()
