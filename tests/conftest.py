"""What every test may ask for: a house, a database on either carrier, a radiograph."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from bot.app import Engines, load_engines
from bot.dev.demo import sample
from bot.secrets import master_of
from bot.settings import Settings
from models.base import Sessions, connect
from models.schema import upgrade
from tests.support.people import House, open_house
from workflow.audit.chain import Source, audited

MASTERS = master_of("the tests' own master key, thirty-two characters")
POSTGRES = os.environ.get("CSSS_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """A developer's own CSSS_… variables change no test."""
    for name in [name for name in os.environ if name.startswith("CSSS_") and name != "CSSS_TEST_POSTGRES"]:
        del os.environ[name]


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A real chest radiograph (pydicom-data's RG1_UNCR.dcm, MIT) as the JPEG that a phone would send."""
    return sample().data


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """Model, FAQ and press, loaded once."""
    loaded = asyncio.run(load_engines(Settings(_env_file=None, bot_token="42:SANDBOX-test")))
    yield loaded
    asyncio.run(loaded.close())


@pytest.fixture
async def house(engines: Engines) -> AsyncIterator[House]:
    async with open_house(engines) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of an empty database on either carrier."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('db') / 'clinic.db'}"
        return
    name = f"csss_test_{uuid4().hex}"
    server = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    try:
        async with server.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        await server.dispose()
        pytest.skip("no PostgreSQL answers at CSSS_TEST_POSTGRES: its half of the database tests did not run")
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    async with server.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await server.dispose()


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = connect(database)
    await upgrade(opened)
    yield opened
    await opened.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> Sessions:
    return audited(engine, b"the tests' own key", Source.CHAT, MASTERS)


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """One transaction, rolled back at the end."""
    async with sessions() as opened:
        yield opened
