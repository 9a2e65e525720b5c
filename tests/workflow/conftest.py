"""A migrated database of each kind, made once for this folder and emptied after every test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from models.base import open_engine
from models.schema import metadata, upgrade
from tests.support.databases import new_postgres, run_on_server
from tests.support.tools import absent


async def _migrate(url: str) -> None:
    engine = open_engine(url)
    await upgrade(engine)
    await engine.dispose()


@pytest.fixture(scope="package", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a migrated database, SQLite and PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('workflow') / 'clinic.db'}"
        asyncio.run(_migrate(url))
        yield url
        return
    name, url = new_postgres()
    try:
        asyncio.run(run_on_server(f"CREATE DATABASE {name}"))
    except OperationalError:
        absent("PostgreSQL", request.config)
    asyncio.run(_migrate(url))
    yield url
    asyncio.run(run_on_server(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database)
    yield opened
    async with opened.begin() as connection:
        if opened.dialect.name == "postgresql":
            names = ", ".join(name for name in metadata.tables if name != "audit")  # the audit record cannot be emptied
            await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        else:
            await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for table in reversed(metadata.sorted_tables):
                if table.name != "audit":
                    await connection.execute(table.delete())
    await opened.dispose()
