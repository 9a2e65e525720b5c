"""Webhook: 200 after commit, 503 on an outage of Telegram or the database, so that Telegram redelivers the update.

Several processes on one PostgreSQL database may receive it behind a balancer."""

import asyncio
import hmac
import json
import logging
from collections import Counter
from typing import Final

from aiogram import Bot, Dispatcher
from aiogram.methods import SetWebhook
from aiogram.types import Update
from aiohttp import web
from pydantic import ValidationError

from bot.telegram.polling import MAX_ATTEMPTS, MAX_PENDING, log_dropped, unreachable
from handlers.errors import is_outage

logger = logging.getLogger(__name__)
WEBHOOK_PATH: Final = "/telegram"
AUTH_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"


def request_updates(address: str, secret: str, kinds: list[str]) -> SetWebhook:
    """The call by which Telegram posts updates to this web app, as many at once as polling would handle."""
    url = address.rstrip("/") + WEBHOOK_PATH
    return SetWebhook(url=url, secret_token=secret, allowed_updates=kinds, max_connections=MAX_PENDING)


class Webhook:
    """Feeds updates to the dispatcher: 401 for a wrong secret, 400 for an invalid update, 503 after an outage.

    Once `stop` is set, it answers 503 to every new update; those in progress end.
    The last of MAX_ATTEMPTS deliveries sends the person a failure notice and is answered 200."""

    def __init__(self, dispatcher: Dispatcher, bot: Bot, secret: str, stop: asyncio.Event) -> None:
        if not secret:
            raise ValueError("a webhook without a secret would accept updates from anybody")
        self._dispatcher, self._bot, self._secret = dispatcher, bot, secret.encode()
        self._failures: Counter[int] = Counter()
        self._stop = stop

    async def handle(self, request: web.Request) -> web.Response:
        given = request.headers.get(AUTH_HEADER, "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, self._secret):  # before the body is read
            return web.Response(status=401)
        if self._stop.is_set():
            return web.Response(status=503)
        try:
            update = Update.model_validate(json.loads(await request.read()), context={"bot": self._bot})
        except (ValidationError, ValueError, RecursionError):
            return web.Response(status=400)
        return web.Response(status=200 if await self._feed(update) else 503)

    async def _feed(self, update: Update) -> bool:
        """Handle the update. False when Telegram shall deliver it again."""
        failures = self._failures[update.update_id]
        try:
            await self._dispatcher.feed_update(
                self._bot, update, may_retry=failures < MAX_ATTEMPTS - 1, is_retry=failures > 0
            )
        except Exception as error:  # noqa: BLE001 - Telegram gets an answer in any case
            if is_outage(error):
                logger.warning(unreachable(error), extra={"error": type(error).__name__})
                self._failures[update.update_id] += 1
                return False
            log_dropped(update, error)
        del self._failures[update.update_id]
        return True
