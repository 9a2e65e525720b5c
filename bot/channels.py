"""How things leave the house: mail by SMTP, chat through a limiter that Telegram tolerates."""

import asyncio
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, Final, NamedTuple

import aiosmtplib
from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.settings import Settings


class Letter(NamedTuple):
    """A mail. `message_id` is fixed by its cause, so that a second copy is known for what it is."""

    to: str
    subject: str
    text: str
    message_id: str
    attachments: Sequence[tuple[str, bytes]] = ()  # file name, PDF


class Unmailable(Exception):
    """The mail server refused for good: another try would be refused too. Carries the reply code alone."""


class Mail:
    """Sends letters. Raises Unmailable where a retry is useless; anything else may be tried again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, letter: Letter) -> None:
        settings = self._settings
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = str(settings.mail_from), letter.to, letter.subject
        message["Message-ID"], message["Date"] = letter.message_id, formatdate()
        message.set_content(letter.text)
        for name, pdf in letter.attachments:
            message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user,
                password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
                use_tls=False,
                start_tls=settings.smtp_starttls,
                tls_context=ssl.create_default_context() if settings.smtp_starttls else None,
                timeout=30,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [one.code for one in refused.recipients]
            raise (Unmailable(max(codes)) if min(codes) >= 500 else TimeoutError) from None
        except aiosmtplib.SMTPResponseException as refused:
            if refused.code >= 500:
                raise Unmailable(refused.code) from None
            raise


BURST: Final = 20  # messages that a chat may get at once; after that one a second
OVERALL: Final = 30  # a second, over all chats
PATIENCE: Final = 5  # seconds that a handler waits out a 429 itself


class Limiter(BaseRequestMiddleware):
    """Keeps to what Telegram tolerates, and waits out a short 429. A longer one is for the worker to wait out."""

    def __init__(self) -> None:
        self._overall = Bucket(OVERALL, OVERALL)
        self._chats: dict[int, Bucket] = {}

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        chat_id: Any = getattr(method, "chat_id", None)
        if chat_id is not None:
            await self._chats.setdefault(chat_id, Bucket(BURST, 1)).take()
            await self._overall.take()
            self._forget_idle()
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as full:
            if full.retry_after > PATIENCE:
                raise
            await asyncio.sleep(full.retry_after)
            return await make_request(bot, method)

    def _forget_idle(self) -> None:
        if len(self._chats) > 1000:
            self._chats = {chat: bucket for chat, bucket in self._chats.items() if not bucket.is_full()}


class Bucket:
    """A token bucket: `size` at once, `rate` a second."""

    def __init__(self, size: int, rate: float) -> None:
        self._size, self._rate = size, rate
        self._tokens, self._at = float(size), asyncio.get_running_loop().time()

    async def take(self) -> None:
        self._refill()
        self._tokens -= 1
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._rate)

    def is_full(self) -> bool:
        self._refill()
        return self._tokens >= self._size

    def _refill(self) -> None:
        now = asyncio.get_running_loop().time()
        self._tokens = min(self._size, self._tokens + (now - self._at) * self._rate)
        self._at = now
