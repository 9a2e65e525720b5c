"""SQLite connections that ask their thread once for each statement."""

from collections.abc import Callable, Sequence
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Cursor as SqliteCursor
from sqlite3 import connect
from typing import Any, Final

import aiosqlite

FIRST_ROWS: Final = 200  # fetched together with the statement


class OneTripCursor:
    """aiosqlite's cursor as far as SQLAlchemy uses it.

    aiosqlite hands each of cursor, execute, fetchall and close over to the connection's thread, and a short statement
    costs less than these handovers. Here `execute` brings the first rows along, so that most statements cost one."""

    def __init__(self, connection: "OneTripConnection") -> None:
        self.description: tuple[Any, ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self._unread: SqliteCursor | None = None

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        await self._connection.in_thread(lambda: self._run(self._connection.raw.execute(sql, parameters)))

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        await self._connection.in_thread(lambda: self._run(self._connection.raw.executemany(sql, parameters)))

    async def fetchone(self) -> tuple[Any, ...] | None:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        while len(self._rows) < size and self._unread is not None:
            await self._connection.in_thread(lambda: self._read_on(max(size, FIRST_ROWS)))
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    async def fetchall(self) -> list[tuple[Any, ...]]:
        if self._unread is not None:
            await self._connection.in_thread(lambda: self._read_on(None))
        taken, self._rows = self._rows, []
        return taken

    async def close(self) -> None:
        if self._unread is not None:
            await self._connection.in_thread(self._unread.close)
            self._unread = None

    def _run(self, cursor: SqliteCursor) -> None:
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        self._unread = cursor
        self._read_on(FIRST_ROWS)

    def _read_on(self, size: int | None) -> None:
        assert self._unread is not None
        rows = self._unread.fetchall() if size is None else self._unread.fetchmany(size)
        self._rows += rows
        if size is None or len(rows) < size:
            self._unread.close()
            self._unread = None


class OneTripConnection(aiosqlite.Connection):
    """aiosqlite's connection with the cursor above."""

    def __init__(self, connector: Callable[[], SqliteConnection]) -> None:
        super().__init__(connector, FIRST_ROWS)
        self._thread.daemon = True  # as SQLAlchemy's dialect makes those of its own connections

    @property
    def raw(self) -> SqliteConnection:
        """sqlite3's connection, for use in the connection's thread."""
        return self._conn

    async def in_thread(self, function: Callable[[], None]) -> None:
        """Run the function in the connection's thread, after whatever was handed to it before."""
        await self._execute(function)  # type: ignore[no-untyped-call]

    async def cursor(self) -> OneTripCursor:  # type: ignore[override]
        return OneTripCursor(self)


def open_connection(path: str, **options: Any) -> OneTripConnection:  # noqa: ANN401 - sqlite3.connect's own
    """Connection for SQLAlchemy's `async_creator_fn`; `options` are those of sqlite3.connect."""
    return OneTripConnection(lambda: connect(path, **options))
