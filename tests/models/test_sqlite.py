"""SQLAlchemy on the connection that brings rows along with the statement: nothing is lost, doubled or left open."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from models.base import open_engine
from models.sqlite import FIRST_ROWS, OneTripConnection

SIZES = [0, 1, FIRST_ROWS - 1, FIRST_ROWS, FIRST_ROWS + 1, 3 * FIRST_ROWS]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'numbers.db'}")
    async with opened.begin() as connection:
        await connection.execute(text("CREATE TABLE numbers (number INTEGER PRIMARY KEY CHECK (number >= 0))"))
    yield opened
    await opened.dispose()


async def _fill(connection: AsyncConnection, size: int) -> None:
    if size:
        await connection.execute(text("INSERT INTO numbers VALUES (:number)"), [{"number": n} for n in range(size)])


@pytest.mark.parametrize("size", SIZES)
async def test_every_row_comes_once_and_in_order(engine: AsyncEngine, size: int) -> None:
    everything = text("SELECT number FROM numbers ORDER BY number")
    async with engine.begin() as connection:
        await _fill(connection, size)
    async with engine.connect() as connection:
        assert (await connection.scalars(everything)).all() == list(range(size))
        assert [number async for number in await connection.stream_scalars(everything)] == list(range(size))
        parts = (await connection.stream(everything)).scalars().partitions(7)
        assert [number async for part in parts for number in part] == list(range(size))
        assert (await connection.scalars(everything)).first() == (0 if size else None)


async def test_a_table_that_is_not_read_to_its_end_can_be_dropped(engine: AsyncEngine) -> None:
    """SQLite refuses it while a statement is still reading."""
    async with engine.begin() as connection:
        await _fill(connection, 3 * FIRST_ROWS)
        result = await connection.stream(text("SELECT number FROM numbers"))
        assert await result.fetchone() is not None
        await result.close()
        await connection.execute(text("DROP TABLE numbers"))


async def test_counts_and_new_ids_are_known(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await _fill(connection, 5)
        assert (await connection.execute(text("DELETE FROM numbers WHERE number < 3"))).rowcount == 3
        added = await connection.execute(text("INSERT INTO numbers VALUES (41) RETURNING number + 1"))
        assert added.scalar_one() == 42
        assert (await connection.execute(text("INSERT INTO numbers VALUES (NULL)"))).lastrowid == 42


async def test_a_refused_statement_raises_and_the_connection_goes_on(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(text("INSERT INTO numbers VALUES (-1)"))
        with pytest.raises(OperationalError):
            await connection.execute(text("SELECT number FROM nowhere"))
        await _fill(connection, 1)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM numbers")) == 1


async def test_a_statement_that_nobody_waits_for_any_more_leaves_nothing_behind(engine: AsyncEngine) -> None:
    """The thread goes on with what it was asked; the rollback comes after it."""
    numbers = "WITH RECURSIVE up(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM up WHERE n < 1000000) SELECT n FROM up"

    async def insert() -> None:
        async with engine.begin() as connection:
            await connection.execute(text(f"INSERT INTO numbers {numbers}"))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await insert()
    async with engine.begin() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM numbers")) == 0
        await _fill(connection, 1)


async def test_a_short_statement_asks_the_thread_once(tmp_path: Path) -> None:
    asked = 0

    class Counting(OneTripConnection):
        async def in_thread(self, function):  # type: ignore[no-untyped-def]
            nonlocal asked
            asked += 1
            await super().in_thread(function)

    async with Counting(lambda: sqlite3.connect(tmp_path / "one.db")) as connection:
        cursor = await connection.cursor()
        await cursor.execute("SELECT 1 UNION SELECT 2")
        assert await cursor.fetchall() == [(1,), (2,)]
        await cursor.close()
    assert asked == 1
