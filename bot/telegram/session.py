"""The bot and its HTTP session to Telegram's Bot API."""

from functools import cache
from typing import Any, cast

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import AnswerCallbackQuery, Response, TelegramMethod
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


class LateAnswers(BaseRequestMiddleware):
    """Ignores that a button can no longer be acknowledged: it was pressed before a restart, or is handled again.

    An answer with words still raises TelegramBadRequest: `show_toast` and `show_alert` send its words."""

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        try:
            return await make_request(bot, method)
        except TelegramBadRequest as refused:
            if isinstance(method, AnswerCallbackQuery) and not method.text and "query is too old" in refused.message:
                return cast("Response[TelegramType]", True)
            raise


def open_bot(token: str, api: str, limiter: SendLimiter) -> Bot:
    """The bot on the Bot API server at `api`, within Telegram's limits."""
    session = TelegramSession(api=TelegramAPIServer.from_base(api.rstrip("/")))
    session.middleware(limiter)
    session.middleware(LateAnswers())
    return Bot(token, session=session, default=DefaultBotProperties(parse_mode="HTML"))
