"""Upgrade a database to the schema of this version, and check which version it has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from models.base import Base
from models.crypto import keys
from models.crypto.keys import KeyEncryptionKeys
from models.tables import (
    accounts,
    amendments,
    audit,
    chats,
    claims,
    clarifications,
    codes,
    deliveries,
    desk,
    faq,
    jobs,
    model_watch,
    proxies,
    readings,
    scans,
)

metadata = Base.metadata
# importing a module registers its tables
TABLES = (
    *(accounts, amendments, audit, chats, claims, clarifications, codes, deliveries, desk),
    *(faq, jobs, keys, model_watch, proxies, readings, scans),
)


def config(connection: Connection | None = None, keks: KeyEncryptionKeys | None = None) -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    alembic.attributes["connection"] = connection
    alembic.attributes["masters"] = keks
    return alembic


async def upgrade(engine: AsyncEngine, keks: KeyEncryptionKeys | None = None, revision: str = "head") -> bool:
    """Run the pending migrations in one transaction; returns whether an existing database was changed.

    `keks` is required for a database that already holds accounts: migrations encrypt their columns."""
    before = await revision_of(engine)
    async with _with_rebuilding(engine) as connection:
        await connection.run_sync(lambda sync: command.upgrade(config(sync, keks), revision))
    return before not in {None, await revision_of(engine)}


@asynccontextmanager
async def _with_rebuilding(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction in which SQLite's foreign keys are checked at the end instead of at each statement.

    SQLite alters a table by rebuilding it, which immediate checks would refuse
    (https://sqlite.org/lang_altertable.html, section 7). Raises RuntimeError for dangling references."""
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        on_sqlite = engine.dialect.name == "sqlite"
        if on_sqlite:
            await driver.execute("PRAGMA foreign_keys = OFF")
        try:
            async with connection.begin():
                yield connection
                if on_sqlite and (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first():
                    raise RuntimeError("a migration left rows with dangling foreign keys")
        finally:
            if on_sqlite:
                await driver.execute("PRAGMA foreign_keys = ON")


class SchemaState(StrEnum):
    """How a database's schema compares with this program's."""

    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    AHEAD = "ahead"  # a newer version of the program upgraded it


async def schema_state(engine: AsyncEngine) -> SchemaState:
    """Compare the database's revision with the migrations of this program."""
    revision = await revision_of(engine)
    if revision is None:
        return SchemaState.EMPTY
    if revision == _newest_revision():
        return SchemaState.CURRENT
    return SchemaState.BEHIND if is_known(revision) else SchemaState.AHEAD


def is_known(revision: str) -> bool:
    """Whether this program has the migration; False for one of a newer version."""
    return revision in {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


async def pending_migrations(engine: AsyncEngine) -> list[str]:
    """One line for each migration that `upgrade` would run, oldest first."""
    scripts = ScriptDirectory.from_config(config()).iterate_revisions("head", await revision_of(engine) or "base")
    return [f"{script.revision}: {script.doc}" for script in reversed([*scripts])]


async def is_current(engine: AsyncEngine) -> bool:
    """Whether the database is at the newest migration; the bot starts on no other."""
    return _newest_revision() == await revision_of(engine)


@cache
def _newest_revision() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()


async def revision_of(engine: AsyncEngine) -> str | None:
    """The newest migration that has run; None for an empty database."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
