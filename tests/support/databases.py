"""The addresses and keys of the tests' databases."""

import os
from uuid import uuid4

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.secrets import parse_master_keys

MASTERS = parse_master_keys("the tests' own master key of thirty-two characters")
POSTGRES = os.environ.get("CSSS_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


async def run_on_server(sentence: str) -> None:
    """Raises OperationalError where no PostgreSQL answers."""
    server = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    try:
        async with server.connect() as connection:
            await connection.execute(text(sentence))
    finally:
        await server.dispose()


def new_postgres() -> tuple[str, str]:
    """A new database's name and address; `run_on_server` creates it."""
    name = f"csss_test_{uuid4().hex}"
    return name, make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
