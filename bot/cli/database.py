"""Database access of commands, in the audit record as the command line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

import models.schema  # noqa: F401 - registers every table: their relations name one another
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.data_folder import open_data_folder
from bot.secrets import derive, master_keys, secret_key
from bot.settings import Settings
from models.base import Sessions, open_engine
from workflow.audit.chain import Source, audited_sessions

Result = TypeVar("Result")


def with_engine(work: Callable[[Settings, AsyncEngine], Awaitable[Result]]) -> Result:
    """Run `work` with the settings and an engine that is disposed afterwards."""
    settings = settings_or_exit()
    open_data_folder(settings.data)

    async def run() -> Result:
        engine = open_engine(settings.database_url)
        try:
            return await work(settings, engine)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def audit_key(settings: Settings) -> bytes:
    """The key of the audit chain's HMACs."""
    return derive(secret_key(settings), "audit")


def command_line_sessions(settings: Settings, engine: AsyncEngine) -> Sessions:
    """Audited sessions whose events name the command line as their source."""
    return audited_sessions(engine, audit_key(settings), Source.COMMAND_LINE, master_keys(settings))


def with_session(work: Callable[[AsyncSession], Awaitable[Result]], taken: str = "") -> Result:
    """Run `work` in one transaction. Exits where the database cannot be used or the address `taken` has an account."""

    async def run(settings: Settings, engine: AsyncEngine) -> Result:
        async with command_line_sessions(settings, engine).begin() as session:
            return await work(session)

    try:
        return with_engine(run)
    except IntegrityError:
        fail(f"there is an account with {taken} already")
    except (OperationalError, ProgrammingError):
        fail("the database cannot be used: run `csss db upgrade` first, and look at CSSS_DATABASE")
