"""The stored bytes of a database, as a thief would get them."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


def every_byte(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()


async def as_text(engine: AsyncEngine) -> str:
    """Every row of a PostgreSQL database as pg_dump would print it."""
    async with engine.connect() as connection:
        names = await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        rows = [await connection.scalars(text(f'SELECT t::text FROM "{name}" t')) for name in names]
        return "\n".join(row for found in rows for row in found)


async def dump(engine: AsyncEngine, folder: Path) -> bytes:
    """All bytes that a thief of the database gets: its files where it has some here, its rows otherwise."""
    if engine.dialect.name == "sqlite":
        return b"".join(data for _, data in every_byte(folder))
    return (await as_text(engine)).encode()


def place(engine: AsyncEngine) -> Path:
    return Path(engine.url.database or "").parent
