"""Bring a database to the schema that this version of the code expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from models import audit, chats, codes, jobs, people, quality, scans
from models.base import Base

metadata = Base.metadata
TABLES = (audit, chats, codes, jobs, people, quality, scans)  # importing a module enters its tables


def config(connection: Connection | None = None) -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    alembic.attributes["connection"] = connection
    return alembic


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(config(sync), revision))


async def is_current(engine: AsyncEngine) -> bool:
    """Whether the database stands at the newest migration; the bot does not start on any other."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    async with engine.connect() as connection:
        return head == await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
