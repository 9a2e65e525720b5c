"""The addresses and keys of the tests' databases."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.dev import postgres
from bot.secrets import parse_master_keys
from models.schema import metadata

MASTERS = parse_master_keys("the tests' own master key of thirty-two characters")
POSTGRES = os.environ.get("CSSS_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


Statement = tuple[str, Any]


@asynccontextmanager
async def statements(engine: AsyncEngine) -> AsyncIterator[list[Statement]]:
    """The SELECT statements that are executed inside, each with its parameters."""
    seen: list[Statement] = []

    def note(_c: object, _cursor: DBAPICursor, statement: str, parameters: Any, _x: object, _many: bool) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def run_on_server(sentence: str) -> None:
    """Raises OperationalError where no PostgreSQL answers."""
    await postgres.run_on_server(POSTGRES, sentence)


async def create_postgres(name: str, template: str = "template0") -> None:
    """Create a database whose commits wait for no disk: no test ends the server. Raises OperationalError."""
    await run_on_server(f"CREATE DATABASE {name} TEMPLATE {template}")
    await run_on_server(f"ALTER DATABASE {name} SET synchronous_commit = off")


async def drop_postgres(name: str) -> None:
    await run_on_server(f"DROP DATABASE {name} WITH (FORCE)")


async def empty(engine: AsyncEngine) -> None:
    """Delete every row but the audit record's, which cannot be deleted, and number new rows from one."""
    tables = [table for table in reversed(metadata.sorted_tables) if table.name != "audit"]
    async with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for table in tables:
                await connection.execute(table.delete())
            return
        numbered = "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relname <> 'audit_seq_seq'"
        deletions = [f"DELETE FROM {table.name}" for table in tables]
        await connection.exec_driver_sql(
            "; ".join(("SET LOCAL session_replication_role = replica", *deletions, numbered))
        )


def new_postgres() -> tuple[str, str]:
    """A new database's name and address; `run_on_server` creates it."""
    return postgres.new_database(POSTGRES, "csss_test")
