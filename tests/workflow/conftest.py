"""A migrated database for each carrier, made once for this folder and emptied after every test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from models.base import connect
from models.schema import metadata, upgrade
from tests.conftest import POSTGRES

NAME = "csss_test_workflow"


async def _say(sentence: str) -> None:
    server = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    try:
        async with server.connect() as connection:
            await connection.execute(text(sentence))
    finally:
        await server.dispose()


async def _migrate(url: str) -> None:
    engine = connect(url)
    await upgrade(engine)
    await engine.dispose()


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a migrated database on either carrier."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('workflow') / 'clinic.db'}"
        asyncio.run(_migrate(url))
        yield url
        return
    name = f"{NAME}_{uuid4().hex}"
    try:
        asyncio.run(_say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    except OperationalError:
        pytest.skip("no PostgreSQL answers at CSSS_TEST_POSTGRES: its half of the workflow tests did not run")
    asyncio.run(_say(f"CREATE DATABASE {name}"))
    url = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    asyncio.run(_migrate(url))
    yield url
    asyncio.run(_say(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = connect(database)
    yield opened
    async with opened.begin() as connection:
        if opened.dialect.name == "postgresql":
            names = ", ".join(name for name in metadata.tables if name != "audit")  # nobody empties the record
            await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        else:
            await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for table in reversed(metadata.sorted_tables):
                if table.name != "audit":
                    await connection.execute(table.delete())
    await opened.dispose()
