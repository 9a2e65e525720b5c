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


def new_postgres() -> tuple[str, str]:
    """A new database's name and address; `run_on_server` creates it."""
    return postgres.new_database(POSTGRES, "csss_test")
