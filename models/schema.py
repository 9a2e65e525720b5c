"""Bring a database to the schema that this version of the code expects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from models.base import Base
from models.crypto import keys
from models.crypto.keys import Masters
from models.tables import amendments, audit, chats, codes, desk, jobs, misses, people, quality, scans

metadata = Base.metadata
# importing a module enters its tables
TABLES = (amendments, audit, chats, codes, desk, jobs, keys, misses, people, quality, scans)


def config(connection: Connection | None = None, masters: Masters | None = None) -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    alembic.attributes["connection"] = connection
    alembic.attributes["masters"] = masters
    return alembic


async def upgrade(engine: AsyncEngine, masters: Masters | None = None, revision: str = "head") -> bool:
    """Whether there was anything to do. What holds people already needs the master keys."""
    before = await _revision(engine)
    async with _with_rebuilding(engine) as connection:
        await connection.run_sync(lambda sync: command.upgrade(config(sync, masters), revision))
    return before not in {None, await _revision(engine)}


@asynccontextmanager
async def _with_rebuilding(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction. On SQLite a table is changed by making it anew, which rows that refer to it would forbid
    (https://sqlite.org/lang_altertable.html, section 7): they are checked at the end instead."""
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
                    raise RuntimeError("a migration left rows that refer to nothing")
        finally:
            if on_sqlite:
                await driver.execute("PRAGMA foreign_keys = ON")


async def is_current(engine: AsyncEngine) -> bool:
    """Whether the database stands at the newest migration; the bot does not start on any other."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    return head == await _revision(engine)


async def _revision(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
