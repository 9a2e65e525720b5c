"""A turnstile before everything else: who sends too much is told once and not heard, and the others are served."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import Any, Final, NamedTuple

from aiogram import BaseMiddleware
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Message, TelegramObject, Update
from prometheus_client import Counter

from bot.telegram.buckets import Bucket, Clock
from bot.telegram.send_limiter import BURST
from faq.answer import Faq
from faq.emergency import Danger
from handlers.ui.replies import pop_up
from handlers.ui.texts import Catalogues
from models.base import Sessions, looking
from workflow.accounts import registration

Next = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]
MESSAGES_AT_ONCE: Final = BURST  # each can be answered at once
PICTURES_AT_ONCE: Final = 30  # three albums
UNDER_WAY: Final = BURST  # messages and presses of one person
PICTURES_UNDER_WAY: Final = 40  # of all people together
CALM: Final = 10.0  # seconds without a refusal after which a flood is over
MANY: Final = 1000  # people remembered before those who are calm are forgotten


class Flood(StrEnum):
    """What there was too much of; the key of the sentence."""

    MESSAGES = "flood.messages"
    PICTURES = "flood.pictures"
    BUSY = "flood.busy"


class Rates(NamedTuple):
    """Of one person, after what may come at once."""

    messages_per_minute: float
    pictures_per_hour: float


@dataclass
class Visitor:
    """What one person has left, and when something of theirs was refused last."""

    messages: Bucket
    pictures: Bucket
    under_way: int = 0
    refused_at: dict[Flood, float] = field(default_factory=dict)
    cried_at: float = -CALM

    def floods(self, flood: Flood, now: float) -> bool:
        return now - self.refused_at.get(flood, -CALM) < CALM

    def is_calm(self, now: float) -> bool:
        full = self.messages.is_full() and self.pictures.is_full()
        return full and not self.under_way and not any(self.floods(flood, now) for flood in Flood)


class Turnstile(BaseMiddleware):
    """Stands before the lock of the chat and before any look into the database: to refuse costs next to nothing.

    While a flood of messages goes on nothing more of it is heard: its answers, of which Telegram takes one a second,
    would pile up, and the feed shows a hundred updates from the oldest that is under way. Over all people it is the
    pictures under way that are bounded; whatever else is under way is bounded by the feed.

    A cry for help is heard even so, once in a while, and does not end the flood."""

    def __init__(
        self,
        sessions: Sessions,
        catalogues: Catalogues,
        refused: Counter,
        rates: Rates,
        faq: Faq,
        clock: Clock = monotonic,
    ) -> None:
        self._faq = faq
        self._sessions, self._catalogues, self._refused = sessions, catalogues, refused
        self._rates, self._clock = rates, clock
        self._visitors: dict[int, Visitor] = {}
        self._under_way = 0  # pictures

    async def __call__(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's interface
        assert isinstance(event, Update)
        happened = event.message or event.callback_query
        if happened is None or happened.from_user is None:
            return None
        now, picture = self._clock(), _is_picture(happened)
        visitor = self._visitor(happened.from_user.id, now)
        flood = None if data.get("retried") else self._judge(visitor, picture, now)
        if flood is None or self._is_cry(happened, visitor, now):
            with self._inside(visitor, picture):
                return await handler(event, data)
        goes_on, visitor.refused_at[flood] = visitor.floods(flood, now), now
        self._refused.labels(kind=flood.name.lower()).inc()
        if not goes_on:
            await self._tell(happened, flood)
        return None

    def _judge(self, visitor: Visitor, picture: bool, now: float) -> Flood | None:
        if picture and self._under_way >= PICTURES_UNDER_WAY:
            return Flood.BUSY
        if picture:
            return None if visitor.pictures.spend() else Flood.PICTURES
        heard = visitor.under_way < UNDER_WAY and not visitor.floods(Flood.MESSAGES, now) and visitor.messages.spend()
        return None if heard else Flood.MESSAGES

    def _is_cry(self, happened: Message | CallbackQuery, visitor: Visitor, now: float) -> bool:
        """Words of an emergency, if none of his were heard just now."""
        words = happened.text or happened.caption if isinstance(happened, Message) else None
        if not words or now - visitor.cried_at < CALM or self._faq.danger(words) is not Danger.CRY:
            return False
        visitor.cried_at = now
        return True

    @contextmanager
    def _inside(self, visitor: Visitor, picture: bool) -> Iterator[None]:
        self._under_way += picture
        visitor.under_way += not picture
        try:
            yield
        finally:
            self._under_way -= picture
            visitor.under_way -= not picture

    async def _tell(self, happened: Message | CallbackQuery, flood: Flood) -> None:
        """In the person's language, which is worth one look into the database."""
        assert happened.from_user is not None
        async with looking(self._sessions) as session:
            actor = await registration.actor_for(session, happened.from_user.id)
        texts = self._catalogues.of(actor.language if actor else happened.from_user.language_code)
        with suppress(TelegramAPIError):  # it is no reason to hear the update after all
            if isinstance(happened, CallbackQuery):
                await pop_up(happened, texts(flood))
            elif happened.chat.type == "private":
                await happened.answer(texts(flood))

    def _visitor(self, user_id: int, now: float) -> Visitor:
        if len(self._visitors) > MANY:
            self._visitors = {user: one for user, one in self._visitors.items() if not one.is_calm(now)}
        messages = Bucket(MESSAGES_AT_ONCE, self._rates.messages_per_minute / 60, self._clock)
        pictures = Bucket(PICTURES_AT_ONCE, self._rates.pictures_per_hour / 3600, self._clock)
        return self._visitors.setdefault(user_id, Visitor(messages, pictures))


def _is_picture(happened: Message | CallbackQuery) -> bool:
    return isinstance(happened, Message) and bool(happened.photo or happened.document)
