"""The bot and its HTTP session to Telegram's Bot API."""

from functools import cache
from typing import Any

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.telegram.send_limiter import SendLimiter


class TelegramSession(AiohttpSession):
    """Keeps the model of each kind of response: pydantic drops unreferenced ones, and building one takes 4 ms."""

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        _response_model(method.__returning__)
        return super().check_response(bot, method, status_code, content)


@cache
def _response_model(returning: Any) -> type[Response[Any]]:  # noqa: ANN401 - aiogram's own annotation
    return Response[returning]


def open_bot(token: str, api: str, limiter: SendLimiter) -> Bot:
    """The bot on the Bot API server at `api`, within Telegram's limits."""
    session = TelegramSession(api=TelegramAPIServer.from_base(api.rstrip("/")))
    session.middleware(limiter)
    return Bot(token, session=session, default=DefaultBotProperties(parse_mode="HTML"))
