"""`csss run`: the bot itself."""

from bot.telegram import lazy_types  # noqa: F401 - before aiogram

# isort: split

import asyncio
import errno
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from typing import Annotated

import typer
from aiogram.exceptions import TelegramUnauthorizedError
from aiogram.utils.token import TokenValidationError
from sqlalchemy.exc import OperationalError

from bot.app import App, NotUpgraded, build_app
from bot.backup.database import is_sqlite
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.data_folder import InUse, only_bot
from bot.observability.logs import configure_logging
from bot.observability.process_tuning import uncollected
from bot.settings import Settings
from inference.confinement import hide_memory, landlock_version
from inference.errors import BundleError
from workflow.jobs import JobKind

logger = logging.getLogger(__name__)


AllowRoot = Annotated[
    bool, typer.Option("--allow-root", help="Start although the user is root, as in a container of its own.")
]


def run(
    allow_root: AllowRoot = False,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Leave the jobs to `csss worker` (PostgreSQL).")
    ] = False,
) -> None:
    """Run the bot: polling by default, webhook when CSSS_WEBHOOK_URL is set.

    On PostgreSQL several may run: one polls, the others wait as spares and take over within 15 seconds."""
    settings = settings_or_exit()
    require_user(allow_root)
    if no_worker and is_sqlite(settings.database_url):
        fail("--no-worker needs PostgreSQL (CSSS_DATABASE): with SQLite one process does everything")
    serve(settings, lambda app, stop: app.run(stop, lambda _: None, with_worker=not no_worker))


def require_user(allow_root: bool) -> None:
    """Exits where the process runs as root."""
    if os.name == "posix" and os.geteuid() == 0 and not allow_root:
        fail("the bot does not run as root: start it as a user of its own, or with --allow-root in a container")


def serve(
    settings: Settings,
    work: Callable[[App, asyncio.Event], Awaitable[None]],
    kinds: Collection[JobKind] = tuple(JobKind),
) -> None:
    """Build the application and do `work` until SIGINT or SIGTERM. Exits with a sentence where it cannot start."""
    configure_logging(settings.log)
    hide_memory()
    if sys.platform == "linux" and not landlock_version():
        logger.warning("the kernel has no Landlock: a picture that takes over its decoder can read the bot's files")
    shared = not is_sqlite(settings.database_url)
    try:
        with only_bot(settings.data, settings.database_url, shared=shared), asyncio.Runner() as runner:
            runner.run(_serve(settings, work, kinds))
    except* (TelegramUnauthorizedError, TokenValidationError):
        fail("Telegram does not know this CSSS_BOT_TOKEN: copy it again from @BotFather")
    except* (NotUpgraded, BundleError, InUse) as refused:
        fail(str(refused.exceptions[0]))
    except* (OSError, OperationalError) as refused:
        sentence = _sentence(refused.exceptions[0], settings)
        if sentence is None:
            raise
        fail(sentence)


def _sentence(error: BaseException, settings: Settings) -> str | None:
    """The cause that the operator can mend; None for any other."""
    match error:
        case OSError(errno=errno.EADDRINUSE):
            number, name = settings.web_port, "CSSS_WEB_PORT"
            if settings.own_operator_port and f", {settings.own_operator_port})" in str(error):
                number, name = settings.own_operator_port, "CSSS_OPERATOR_PORT"
            return f"port {number} is in use by another program: stop it, or choose another {name}"
        case OSError(errno=errno.ENOSPC):
            return f"the disk of {settings.data} is full: make room on it"
        case OperationalError() if "disk is full" in str(error.orig):
            return f"the disk of {settings.data} is full: make room on it"
    return None


async def _serve(
    settings: Settings, work: Callable[[App, asyncio.Event], Awaitable[None]], kinds: Collection[JobKind]
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        with uncollected():
            app = await stack.enter_async_context(build_app(settings, kinds=kinds))
        await work(app, stop)
