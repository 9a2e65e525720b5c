"""`csss run`: the bot itself."""

import asyncio
import errno
import logging
import signal
import sys

from aiogram.exceptions import TelegramUnauthorizedError
from aiogram.utils.token import TokenValidationError
from sqlalchemy.exc import OperationalError

from bot.app import NotUpgraded, build_app
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.data_folder import InUse, only_bot
from bot.observability.logs import configure_logging
from bot.settings import Settings
from inference.confinement import hide_memory, landlock_version
from inference.errors import BundleError

logger = logging.getLogger(__name__)


def run() -> None:
    """Run the bot: polling by default, webhook when CSSS_WEBHOOK_URL is set."""
    settings = settings_or_exit()
    configure_logging(settings.log)
    hide_memory()
    if sys.platform == "linux" and not landlock_version():
        logger.warning("the kernel has no Landlock: a picture that takes over its decoder can read the bot's files")
    try:
        with only_bot(settings.data), asyncio.Runner() as runner:
            runner.run(_run(settings))
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
            return f"port {settings.web_port} is in use by another program: stop it, or choose another CSSS_WEB_PORT"
        case OSError(errno=errno.ENOSPC):
            return f"the disk of {settings.data} is full: make room on it"
        case OperationalError() if "disk is full" in str(error.orig):
            return f"the disk of {settings.data} is full: make room on it"
    return None


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with build_app(settings) as app:
        await app.run(stop, lambda _: None)
