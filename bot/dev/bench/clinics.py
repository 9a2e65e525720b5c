"""Sandboxes with a furnished database, and the bots that work in them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.dev.bench.children import Child, working
from bot.dev.demo import CAST, Cast, move_in
from bot.dev.sandbox import Sandbox
from bot.secrets import derive, master_of
from models.base import connect
from models.schema import upgrade
from models.tables.codes import Code
from workflow.audit.chain import Source, audited

PRODUCTION: Final = ("-m", "bot", "run")  # `csss run`

KEY: Final = "the bench keeps no secret so everybody may know its key"


class Place(NamedTuple):
    """A sandbox and the process whose bot lives in it."""

    sandbox: Sandbox
    bot: Child


@asynccontextmanager
async def clinic(
    folder: Path, arguments: Sequence[str] = PRODUCTION, cast: Sequence[Cast] = CAST
) -> AsyncIterator[Place]:
    """A bot in a process of its own, its people registered, over a sandbox in this process."""
    async with Sandbox() as sandbox:
        await _furnish(folder, sandbox, cast)
        async with working([sys.executable, *arguments], settings(folder, sandbox), folder) as bot:
            yield Place(sandbox, bot)


def settings(folder: Path, sandbox: Sandbox) -> dict[str, str]:
    """The environment of a bot whose Telegram and mail server are the sandbox."""
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


async def forget_codes(folder: Path) -> None:
    """Nobody has asked for a one-time code yet: the next may be asked for at once."""
    async with _database(folder) as engine, engine.begin() as connection:
        await connection.execute(delete(Code))


async def _furnish(folder: Path, sandbox: Sandbox, cast: Sequence[Cast]) -> None:
    await asyncio.to_thread(folder.mkdir)
    async with _database(folder) as engine:
        await upgrade(engine)
        sessions = audited(engine, derive(KEY.encode(), "audit"), Source.COMMAND_LINE, master_of(KEY))
        await move_in(sessions, sandbox, cast)


@asynccontextmanager
async def _database(folder: Path) -> AsyncIterator[AsyncEngine]:
    engine = connect(f"sqlite+aiosqlite:///{folder / 'clinic.db'}")
    try:
        yield engine
    finally:
        await engine.dispose()
