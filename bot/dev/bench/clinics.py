"""A sandbox with a prepared database, and a bot process that uses it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.dev.bench.children import Child, working
from bot.dev.demo import CAST, Cast, add_cast
from bot.dev.sandbox import Sandbox
from bot.secrets import derive, parse_master_keys
from models.base import Sessions, open_engine
from models.schema import upgrade
from workflow.audit.chain import Source, audited_sessions

PRODUCTION: Final = ("-m", "bot", "run", "--allow-root")  # `csss run`

KEY: Final = "the bench keeps no secret so everybody may know its key"
CHAIN_KEY: Final = derive(KEY.encode(), "audit")
Prepare = Callable[[Sessions], Awaitable[None]]


class BenchClinic(NamedTuple):
    """A sandbox and the process of the bot that is connected to it."""

    sandbox: Sandbox
    bot: Child


@asynccontextmanager
async def clinic(
    folder: Path, arguments: Sequence[str] = PRODUCTION, cast: Sequence[Cast] = CAST, prepare: Prepare | None = None
) -> AsyncIterator[BenchClinic]:
    """A bot in its own process with registered people, connected to a sandbox in this process.

    `prepare` adds rows before the bot starts."""
    async with Sandbox() as sandbox:
        await _furnish(folder, sandbox, cast, prepare)
        async with working([sys.executable, "-P", *arguments], settings(folder, sandbox), folder) as bot:
            yield BenchClinic(sandbox, bot)


def settings(folder: Path, sandbox: Sandbox) -> dict[str, str]:
    """Environment variables that connect a bot to the sandbox's Bot API and mail server."""
    return {
        "CSSS_BOT_TOKEN": sandbox.token,
        "CSSS_BOT_API": sandbox.base,
        "CSSS_DATA": str(folder),
        "CSSS_SECRET_KEY": KEY,
        "CSSS_MASTER_KEY": KEY,
        "CSSS_SMTP_HOST": sandbox.mailbox.host,
        "CSSS_SMTP_PORT": str(sandbox.mailbox.port),
        "CSSS_SMTP_STARTTLS": "false",
        "CSSS_WEB_PORT": "0",
        "CSSS_LOG": "json",
        "CSSS_MESSAGES_PER_MINUTE": "600",  # its people type faster than people
        "CSSS_PICTURES_PER_HOUR": "6000",
    }


async def _furnish(folder: Path, sandbox: Sandbox, cast: Sequence[Cast], prepare: Prepare | None) -> None:
    await asyncio.to_thread(folder.mkdir)
    async with _database(folder) as engine:
        await upgrade(engine)
        sessions = open_sessions(engine)
        await add_cast(sessions, sandbox, cast)
        if prepare:
            await prepare(sessions)


def open_sessions(engine: AsyncEngine) -> Sessions:
    """Sessions with the bench's keys."""
    return audited_sessions(engine, CHAIN_KEY, Source.COMMAND_LINE, parse_master_keys(KEY))


@asynccontextmanager
async def _database(folder: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite+aiosqlite:///{folder / 'clinic.db'}")
    try:
        yield engine
    finally:
        await engine.dispose()
