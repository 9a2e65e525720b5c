"""Scratch databases on a PostgreSQL server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine


async def run_on_server(server: str, sentence: str) -> None:
    """Run a statement outside a transaction. Raises OperationalError where no PostgreSQL answers."""
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(sentence))
    finally:
        await engine.dispose()


def new_database(server: str, prefix: str) -> tuple[str, str]:
    """A new database's name and address; `run_on_server` creates it."""
    name = f"{prefix}_{uuid4().hex}"
    return name, make_url(server).set(database=name).render_as_string(hide_password=False)


async def end_connections(server: str, database: str) -> None:
    """End every connection to the database, as an operator or a restart does."""
    ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname"
    await run_on_server(server, f"{ends} = '{database}'")


@asynccontextmanager
async def scratch_database(server: str, prefix: str) -> AsyncIterator[str]:
    """The address of an empty database that is dropped at the end. Raises OperationalError."""
    name, url = new_database(server, prefix)
    await run_on_server(server, f"CREATE DATABASE {name}")
    try:
        yield url
    finally:
        await run_on_server(server, f"DROP DATABASE {name} WITH (FORCE)")
