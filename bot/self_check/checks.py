"""All checks in the order of the page, and their run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.self_check import files, machine, records, services
from bot.self_check.outcome import Context, NoDatabase, Outcome, red, yellow
from bot.settings import Settings
from models.base import open_engine

TIMEOUT: Final = 60.0  # seconds for one check
CHECKS: Final[Mapping[str, Callable[[Context], Awaitable[Outcome]]]] = {
    "data folder": machine.data_folder,
    "disk": machine.disk,
    "memory": machine.memory,
    "port": machine.port,
    "operator port": machine.operator_port,
    "libraries": machine.libraries,
    "model": machine.model,
    "database": records.database,
    "migrations": records.migrations,
    "keys": records.keys,
    "signing": records.signing,
    "anchors": records.anchors,
    "files": files.files,
    "backups": records.backups,
    "jobs": records.jobs,
    "telegram": services.telegram,
    "clock": services.clock,
    "mail": services.mail,
}


async def run_checks(settings: Settings) -> dict[str, Outcome]:
    """Run every check, one after the other; none of them sends anything or leaves anything behind."""
    async with _engine(settings) as engine, aiohttp.ClientSession() as http:
        context = Context(settings, engine, http, datetime.now(UTC))
        return {name: await _run(check, context) for name, check in CHECKS.items()}


async def _run(check: Callable[[Context], Awaitable[Outcome]], context: Context) -> Outcome:
    """Any error is an outcome; its text may hold an address or a secret and is not shown."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return await check(context)
    except (NoDatabase, DBAPIError):
        return yellow("not looked at: the database cannot be used", "Mend `database` and `migrations` first.")
    except TimeoutError:
        return red(f"no answer within {TIMEOUT:.0f} seconds", "Look at the load of the machine and the network.")
    except Exception as error:  # noqa: BLE001 - as the docstring says
        return red(f"the check failed ({type(error).__name__})", "Look at the bot's log.")


@asynccontextmanager
async def _engine(settings: Settings) -> AsyncIterator[AsyncEngine | None]:
    """None where the SQLite file does not exist: connecting would create it."""
    if not _has_database(settings.database_url):
        yield None
        return
    engine = open_engine(settings.database_url)
    try:
        yield engine
    finally:
        await engine.dispose()


def _has_database(address: str) -> bool:
    url = make_url(address)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()
