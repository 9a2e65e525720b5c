"""Fixtures for every test: a clinic, a database of each kind, a radiograph."""

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.app import Engines, load_engines
from bot.dev.demo import sample
from bot.settings import Settings
from models.base import Sessions, open_engine
from tests.support.databases import MASTERS, create_postgres, drop_postgres, new_postgres
from tests.support.once import share_signatures
from tests.support.people import Clinic, open_clinic
from tests.support.s3 import FileService, file_service
from tests.support.template import drop_template, migrate, postgres_template
from tests.support.tools import absent, missing
from workflow.audit.chain import Source, audited_sessions


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--strict-tools", action="store_true", help="fail instead of skipping where a program is absent")
    parser.addoption("--thorough", action="store_true", help="type every hostile input into every form, not a third")


def pytest_configure(config: pytest.Config) -> None:
    share_signatures()
    config.addinivalue_line("markers", "needs(*programs): skipped, or failed with --strict-tools, where one is absent")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests, those with a timeout of their own, so that no process ends alone with one."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


def pytest_collection_finish() -> None:
    """Keep what importing made out of every later garbage collection."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            if shutil.which(program) is None:
                absent(program, item.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    line = missing(str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    if line:
        terminalreporter.write_line(f"skipped for want of a program: {line}", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """A developer's own CSSS_… variables change no test."""
    for name in [name for name in os.environ if name.startswith("CSSS_") and name != "CSSS_TEST_POSTGRES"]:
        del os.environ[name]


@pytest.fixture(scope="session", autouse=True)
def _no_template_stays() -> Iterator[None]:
    yield
    asyncio.run(drop_template())


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A real chest radiograph (pydicom-data's RG1_UNCR.dcm, MIT) as the JPEG that a phone would send."""
    return sample().data


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """Classifier, FAQ and PDF pool, loaded once."""
    loaded = asyncio.run(load_engines(Settings(_env_file=None, bot_token="42:SANDBOX-test")))
    yield loaded
    asyncio.run(loaded.close())


@pytest.fixture(scope="session")
def running_file_service() -> Iterator[FileService]:
    with file_service() as running:
        yield running


@pytest.fixture
def files(running_file_service: FileService) -> FileService:
    """An S3 service that checks each signature, with an empty folder of its bucket."""
    return running_file_service.elsewhere()


@pytest.fixture
async def clinic(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of an empty database, SQLite and PostgreSQL; with its tables where the test asks for its engine."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('db') / 'clinic.db'}"
        return
    name, url = new_postgres()
    try:
        await create_postgres(name, *([await postgres_template()] if "engine" in request.fixturenames else []))
    except OperationalError:
        absent("PostgreSQL", request.config)
    yield url
    await drop_postgres(name)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database)
    await migrate(opened)
    yield opened
    await opened.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> Sessions:
    return audited_sessions(engine, b"the tests' own key", Source.CHAT, MASTERS)


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """One transaction, rolled back at the end."""
    async with sessions() as opened:
        yield opened
