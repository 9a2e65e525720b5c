"""Telegram's door: an update is answered when its effect is kept, and comes again when Telegram failed under it."""

import hmac
import logging
from collections import Counter
from typing import Final

from aiogram import Bot, Dispatcher
from aiogram.types import Update
from aiohttp import web
from pydantic import ValidationError

from bot.telegram.polling import OUTAGES, TRIES

logger = logging.getLogger(__name__)
WEBHOOK: Final = "/telegram"
HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"


class Webhook:
    """200 means handled. An update that an outage interrupts, a download above all, is answered 503: Telegram sends
    it again, later each time, and the last time the person hears that it failed."""

    def __init__(self, dispatcher: Dispatcher, bot: Bot, secret: str) -> None:
        if not secret:
            raise ValueError("a webhook without a secret would take anybody's word")
        self._dispatcher, self._bot, self._secret = dispatcher, bot, secret.encode()
        self._misses: Counter[int] = Counter()

    async def take(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), self._secret):
            return web.Response(status=401)
        try:
            update = Update.model_validate(await request.json(), context={"bot": self._bot})
        except (ValidationError, ValueError):
            return web.Response(status=400)
        return web.Response(status=200 if await self._feed(update) else 503)

    async def _feed(self, update: Update) -> bool:
        """Whether the update is over, handled or beyond help."""
        misses = self._misses[update.update_id]
        try:
            await self._dispatcher.feed_update(self._bot, update, again=misses < TRIES - 1, retried=misses > 0)
        except OUTAGES as error:
            logger.warning("Telegram cannot be reached", extra={"error": type(error).__name__})
            self._misses[update.update_id] += 1
            return False
        except Exception as error:
            logger.exception("update dropped", extra={"update_id": update.update_id, "error": type(error).__name__})
        del self._misses[update.update_id]
        return True
