"""The declarative base, the clinic's column types and the engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from sqlite3 import Connection as SqliteConnection
from typing import Final

from sqlalchemy import Connection, DateTime, Dialect, Enum, MetaData, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

Sessions = async_sessionmaker[AsyncSession]
LOOKS: Final = "csss_looks"  # execution option of a connection that will not write


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant. SQLite forgets the zone, so it is written and read as UTC; a naive value is a bug."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can find it again on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 - SQLAlchemy's own attribute


def stored(choices: type[StrEnum]) -> Enum:
    """A column of one of these values, kept as readable text on both databases."""
    return Enum(choices, native_enum=False, length=32, values_callable=lambda kind: [choice.value for choice in kind])


def connect(url: str) -> AsyncEngine:
    """Open the clinic's database: `sqlite+aiosqlite:///…` or `postgresql+psycopg://…`."""
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True)
    engine = create_async_engine(url, connect_args={"timeout": 30})
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_at_once)
    return engine


@asynccontextmanager
async def looking(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A session that only reads: on SQLite it waits for no writer and keeps none waiting."""
    async with sessions() as session:
        await session.connection(execution_options={LOOKS: True})
        yield session


def _prepare_sqlite(connection: SqliteConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_at_once(connection: Connection) -> None:
    """Take the write lock first: a transaction that reads and then writes can never lose a race half-way."""
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(LOOKS) else "BEGIN IMMEDIATE")
