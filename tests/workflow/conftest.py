"""A migrated database of each kind, made once for this folder and emptied after every test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from models.base import open_engine
from models.schema import upgrade
from tests.support.databases import create_postgres, drop_postgres, empty, new_postgres
from tests.support.once import share_statements
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
        asyncio.run(create_postgres(name))
    except OperationalError:
        absent("PostgreSQL", request.config)
    asyncio.run(_migrate(url))
    yield url
    asyncio.run(drop_postgres(name))


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database)
    async with opened.connect():
        share_statements(opened)
    yield opened
    await empty(opened)
    await opened.dispose()
