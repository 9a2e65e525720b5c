"""`csss run`: the bot itself."""

import asyncio
import signal

from aiogram.exceptions import TelegramUnauthorizedError
from aiogram.utils.token import TokenValidationError

from bot.app import NotUpgraded, build_app
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.observability.logs import configure_logging
from bot.settings import Settings
from inference.errors import BundleError


def run() -> None:
    """Run the bot: polling by default, webhook when CSSS_WEBHOOK_URL is set."""
    settings = settings_or_exit()
    configure_logging(settings.log)
    try:
        with asyncio.Runner() as runner:
            runner.run(_run(settings))
    except* (TelegramUnauthorizedError, TokenValidationError):
        fail("Telegram does not know this CSSS_BOT_TOKEN: copy it again from @BotFather")
    except* (NotUpgraded, BundleError) as refused:
        fail(str(refused.exceptions[0]))


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with build_app(settings) as app:
        await app.run(stop, lambda _: None)
