"""Rate limits per person, checked before every other middleware: excess updates are dropped after one notice."""

from asyncio import Lock
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from time import monotonic
from typing import Any, Final, NamedTuple

from aiogram import BaseMiddleware
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Message, TelegramObject, Update
from prometheus_client import Counter

from bot.services import PICTURE_BURST
from bot.telegram.send_limiter import ANSWERS_A_STRANGER, CHAT_BURST
from faq.answer import Faq
from faq.emergency import Emergency
from handlers.ui.replies import show_alert
from handlers.ui.texts import Catalogues
from models.base import Sessions, read_only
from workflow.accounts.sessions import actor_for
from workflow.actors import Actor
from workflow.requester import Requester, requester_of
from workflow.text_thread import read_text
from workflow.token_bucket import Clock, TokenBucket

Next = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]
MESSAGE_BURST: Final = CHAT_BURST  # each of them can be answered at once
MAX_MESSAGES_IN_PROGRESS: Final = CHAT_BURST  # messages and button presses of one person
MAX_PICTURES_IN_PROGRESS: Final = 40  # over all people; part of them is left to patients and staff
MAX_STRANGERS_IN_PROGRESS: Final = 50  # messages in progress above which no stranger's is accepted
MAX_MESSAGES_OF_STRANGER: Final = 5  # in progress; a chat's are handled one after the other
MAX_PICTURES_OF_STRANGER: Final = 10  # in progress: an album
MAX_NOTICES: Final = 15  # to strangers, on their way at once; a refusal beyond them is not said
KNOWN_FOR: Final = 60.0  # seconds for which a sender's account is remembered
QUIET_PERIOD: Final = 10.0  # seconds without a dropped update after which a flood is over
MAX_ID: Final = 2**63 - 1
MAX_TRACKED_SENDERS: Final = 1000  # people remembered before the idle ones are dropped


class Flood(StrEnum):
    """The exceeded limit; the value is the catalogue key of its notice."""

    MESSAGES = "flood.messages"
    PICTURES = "flood.pictures"
    BUSY = "flood.busy"


class Rates(NamedTuple):
    """Sustained rates per person, after the burst."""

    messages_per_minute: float
    pictures_per_hour: float


@dataclass
class SenderLimits:
    """One person's remaining tokens, updates in progress, and times of the last drop per limit."""

    messages: TokenBucket
    pictures: TokenBucket
    in_progress: int = 0
    pictures_in_progress: int = 0
    refused_at: dict[Flood, float] = field(default_factory=dict)
    emergency_at: float = -QUIET_PERIOD
    reading: bool = False  # a text beyond the limit is searched for an emergency
    requester: Requester = Requester.STRANGER
    known_at: float = -KNOWN_FOR  # when `requester` was read
    lookup: Lock = field(default_factory=Lock)  # held while it is read

    def is_flooding(self, flood: Flood, now: float) -> bool:
        return now - self.refused_at.get(flood, -QUIET_PERIOD) < QUIET_PERIOD

    def is_idle(self, now: float) -> bool:
        busy = self.in_progress or self.pictures_in_progress or any(self.is_flooding(flood, now) for flood in Flood)
        return not busy and self.messages.is_full() and self.pictures.is_full()


class RateLimitMiddleware(BaseMiddleware):
    """Runs before the chat's lock and before any database access, so that dropping an update costs next to nothing.

    During a flood every further message is dropped: Telegram accepts one answer a second per chat, and polling
    returns a hundred updates from the oldest in progress. Pictures in progress are limited over all people, and
    messages of strangers; each stranger has a few of them, and the second half is left to those with none in progress,
    so that a few strangers keep no other one out. Only where a stranger would be refused is the account looked up.

    An emergency message passes even so, once in QUIET_PERIOD, and does not end the flood."""

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
        self._senders: dict[int, SenderLimits] = {}
        self._pictures_in_progress = self._messages_in_progress = self._notices = 0

    async def __call__(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's interface
        assert isinstance(event, Update)
        inner = event.message or event.edited_message or event.callback_query
        if inner is None or inner.from_user is None:
            return None
        if not _fits_database(event.update_id, inner):
            return None
        now, picture = self._clock(), _is_picture(inner)
        ANSWERS_A_STRANGER.set(True)  # until the account is read
        limits = self._limits_of(inner.from_user.id, now)
        if self._exceeded(limits, picture, Requester.STRANGER) is not None:
            await self._look_up(limits, inner.from_user.id, now)
        flood = None if data.get("is_retry") else self._check(limits, picture, now)
        if flood is None or await self._is_emergency(inner, limits, now):
            with self._counted(limits, picture):
                return await handler(event, data)
        was_flooding, limits.refused_at[flood] = limits.is_flooding(flood, now), now
        self._refused.labels(kind=flood.name.lower()).inc()
        if not was_flooding and (limits.requester is not Requester.STRANGER or self._notices < MAX_NOTICES):
            await self._notify(inner, flood)
        return None

    def _check(self, limits: SenderLimits, picture: bool, now: float) -> Flood | None:
        exceeded = self._exceeded(limits, picture, limits.requester)
        if exceeded is not None:
            return exceeded
        if picture:
            return None if limits.pictures.spend() else Flood.PICTURES
        return None if not limits.is_flooding(Flood.MESSAGES, now) and limits.messages.spend() else Flood.MESSAGES

    def _exceeded(self, limits: SenderLimits, picture: bool, requester: Requester) -> Flood | None:
        """The limit of updates in progress that another one of this sender exceeds."""
        stranger = requester is Requester.STRANGER
        if picture:
            own, most = limits.pictures_in_progress, requester.within(MAX_PICTURES_IN_PROGRESS)
            if self._pictures_in_progress >= _fair(most, stranger and own > 0):
                return Flood.BUSY
            return Flood.PICTURES if stranger and own >= MAX_PICTURES_OF_STRANGER else None
        own = limits.in_progress
        if stranger and self._messages_in_progress >= _fair(MAX_STRANGERS_IN_PROGRESS, own > 0):
            return Flood.BUSY
        if own >= MAX_MESSAGES_IN_PROGRESS or (stranger and own >= MAX_MESSAGES_OF_STRANGER):
            return Flood.MESSAGES
        return None

    async def _look_up(self, limits: SenderLimits, chat_id: int, now: float) -> None:
        """Read whether the sender is a stranger, once in KNOWN_FOR; the sender's other updates wait for it."""
        async with limits.lookup:
            if now - limits.known_at >= KNOWN_FOR:
                limits.requester, limits.known_at = requester_of(await self._actor(chat_id)), now

    async def _actor(self, chat_id: int) -> Actor | None:
        async with read_only(self._sessions) as session:
            return await actor_for(session, chat_id)

    async def _is_emergency(self, inner: Message | CallbackQuery, limits: SenderLimits, now: float) -> bool:
        """Whether the text reports an emergency, the first of this person within QUIET_PERIOD.

        Of a flood one text is read at a time: the others are dropped unread while a long one is read."""
        text = inner.text or inner.caption if isinstance(inner, Message) else None
        if not text or limits.reading or now - limits.emergency_at < QUIET_PERIOD:
            return False
        limits.reading = True
        try:
            emergency = await read_text(text, partial(self._faq.detect_emergency, text))
        finally:
            limits.reading = False
        if emergency is not Emergency.PRESENT:
            return False
        limits.emergency_at = now
        return True

    @contextmanager
    def _counted(self, limits: SenderLimits, picture: bool) -> Iterator[None]:
        self._pictures_in_progress += picture
        self._messages_in_progress += not picture
        limits.in_progress += not picture
        limits.pictures_in_progress += picture
        try:
            yield
        finally:
            self._pictures_in_progress -= picture
            self._messages_in_progress -= not picture
            limits.in_progress -= not picture
            limits.pictures_in_progress -= picture

    async def _notify(self, inner: Message | CallbackQuery, flood: Flood) -> None:
        """Send the notice in the person's language, read from the database."""
        assert inner.from_user is not None
        self._notices += 1
        try:
            actor = await self._actor(inner.from_user.id)
            texts = self._catalogues.of(actor.language if actor else inner.from_user.language_code)
            if isinstance(inner, CallbackQuery):
                await show_alert(inner, texts(flood))
            elif inner.chat.type == "private":
                await inner.answer(texts(flood))
        except TelegramAPIError:
            pass  # the update stays dropped whether or not the notice arrives
        finally:
            self._notices -= 1

    def _limits_of(self, user_id: int, now: float) -> SenderLimits:
        if len(self._senders) > MAX_TRACKED_SENDERS:
            self._senders = {user: one for user, one in self._senders.items() if not one.is_idle(now)}
        messages = TokenBucket(MESSAGE_BURST, self._rates.messages_per_minute / 60, self._clock)
        pictures = TokenBucket(PICTURE_BURST, self._rates.pictures_per_hour / 3600, self._clock)
        return self._senders.setdefault(user_id, SenderLimits(messages, pictures))


def _fair(most: int, has_some: bool) -> int:
    """The part of a limit over all strangers that one of them may use up who has some of it already."""
    return most // 2 if has_some else most


def _fits_database(update_id: int, inner: Message | CallbackQuery) -> bool:
    """Whether the ids of the update fit a column of 64 bits; Telegram's own have at most 52."""
    message = inner.message if isinstance(inner, CallbackQuery) else inner
    ids = [update_id, *((message.chat.id, message.message_id) if message else ())]
    return all(abs(one) <= MAX_ID for one in (*ids, inner.from_user.id if inner.from_user else 0))


def _is_picture(inner: Message | CallbackQuery) -> bool:
    return isinstance(inner, Message) and bool(inner.photo or inner.document)
