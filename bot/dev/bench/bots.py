"""The two bots whose updates are counted, each in a process of its own."""

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
from bot.observability.logs import set_up
from bot.settings import Settings
from bot.telegram.rate_limit import Turnstile
from bot.telegram.send_limiter import Limiter

logger = logging.getLogger(__name__)


def csss() -> None:
    """What `csss run` runs, without its limiter and its turnstile."""
    _run(_csss)


def echo() -> None:
    """The least that aiogram can do."""
    _run(_echo)


async def _csss(settings: Settings) -> None:
    """The limiter waits, as Telegram demands, and would hide the work; the turnstile would leave a flood unanswered,
    and the bench would wait for ever."""
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with build_app(settings) as app:
        requests, updates = app.clinic.bot.session.middleware, app.dispatcher.update.outer_middleware
        for waiting in [one for one in requests if isinstance(one, Limiter)]:
            requests.unregister(waiting)
        for refusing in [one for one in updates if isinstance(one, Turnstile)]:
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
    set_up(settings.log)
    asyncio.run(bot(settings))
