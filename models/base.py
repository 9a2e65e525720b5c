"""The declarative base, the column types and the database engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from sqlite3 import SQLITE_BUSY
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from typing import Final

from sqlalchemy import Connection, DateTime, Dialect, Enum, MetaData, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from models.sqlite import open_connection

Sessions = async_sessionmaker[AsyncSession]
READ_ONLY: Final = "csss_looks"  # execution option of a read-only connection
SQLITE_OPTIONS: Final = {"timeout": 30, "async_creator_fn": open_connection}  # seconds that a writer waits for another


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware datetime, stored and returned as UTC because SQLite keeps no zone.

    Raises ValueError when a naive datetime is bound."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


class Base(DeclarativeBase):
    """Base of all tables. Every constraint has a name, so that migrations can refer to it on both databases."""

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


def enum_column(choices: type[StrEnum]) -> Enum:
    """Column type for a StrEnum: its value as text (at most 32 characters) on both databases."""
    return Enum(choices, native_enum=False, length=32, values_callable=lambda enum: [member.value for member in enum])


def open_engine(url: str) -> AsyncEngine:
    """Create the engine for `sqlite+aiosqlite:///…` or `postgresql+psycopg://…`."""
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_async_engine(url, connect_args=SQLITE_OPTIONS, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed when it runs again.

    True for a lost or refused connection, a deadlock, a serialization failure, a lock that was not freed in time and a
    row that another transaction changed since it was read."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeout | StaleDataError)
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(error.orig, SqliteError):
        return getattr(error.orig, "sqlite_errorcode", None) == SQLITE_BUSY
    return error.connection_invalidated or state is None or state[:2] in {"08", "40", "57"}


@asynccontextmanager
async def read_only(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Open a read-only session. On SQLite it takes no write lock: it neither waits for a writer nor blocks one."""
    async with sessions() as session:
        await session.connection(execution_options={READ_ONLY: True})
        yield session


def _prepare_sqlite(connection: SqliteConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are begun by the "begin" listener
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at BEGIN, so that a read-then-write transaction never fails on lock upgrade."""
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(READ_ONLY) else "BEGIN IMMEDIATE")
