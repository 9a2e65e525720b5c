"""The two bots whose updates are counted, each in its own process."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from bot.app import build_app
from bot.observability.logs import configure_logging
from bot.settings import Settings
from bot.telegram.rate_limit import RateLimitMiddleware
from bot.telegram.send_limiter import SendLimiter

logger = logging.getLogger(__name__)


def csss() -> None:
    """The bot of `csss run` without its send limiter and rate limit."""
    _run(_csss)


def echo() -> None:
    """A minimal aiogram echo bot."""
    _run(_echo)


async def _csss(settings: Settings) -> None:
    """Run without send limiter, whose waits would hide the work, and without rate limit, which would leave messages
    unanswered."""
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with build_app(settings) as app:
        requests, updates = app.services.bot.session.middleware, app.dispatcher.update.outer_middleware
        for waiting in [one for one in requests if isinstance(one, SendLimiter)]:
            requests.unregister(waiting)
        for refusing in [one for one in updates if isinstance(one, RateLimitMiddleware)]:
            updates.unregister(refusing)
        await app.run(stop, lambda _: None)


async def _echo(settings: Settings) -> None:
    """No database, no languages, no rules, its own polling."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.bot_api))
    dispatcher = Dispatcher()
    dispatcher.message.register(_repeat)
    dispatcher.startup.register(_say_ready)
    await dispatcher.start_polling(Bot(settings.bot_token.get_secret_value(), session=session))


async def _repeat(message: Message) -> None:
    await message.answer(message.text or "")


async def _say_ready() -> None:
    logger.info("ready")


def _run(bot: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    settings = Settings()
    configure_logging(settings.log)
    asyncio.run(bot(settings))
