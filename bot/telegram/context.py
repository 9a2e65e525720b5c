"""Adds to every update who acts, in which language, how to write, and what the FAQ knows; decides nothing."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject, Update
from prometheus_client import Counter

from bot.services import Clinic
from bot.telegram.faq_cache import Receptionist
from handlers.ui.questions import answer_again
from models.base import looking
from workflow.accounts import registration, sessions
from workflow.actors import Actor
from workflow.scans import queries
from workflow.unit_of_work import CURRENT, Effects

Next = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Introduction(BaseMiddleware):
    """Reads the actor anew for every update: who was a doctor a minute ago may be none now.

    Only private chats get through: a group would show one patient's scan to another."""

    def __init__(self, clinic: Clinic, updates: Counter, receptionist: Receptionist) -> None:
        self._sessions, self._catalogues, self._idle = clinic.sessions, clinic.catalogues, clinic.idle
        self._updates, self._receptionist = updates, receptionist

    async def __call__(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's interface
        assert isinstance(event, Update)
        happened = event.message or event.callback_query
        if happened is None or not _is_private(happened):
            return None
        assert happened.from_user is not None
        chat_id = happened.from_user.id
        now = datetime.now(UTC)
        async with looking(self._sessions) as session:
            repeated = await queries.was_handled(session, event.update_id)
            actor = await registration.actor_for(session, chat_id, now - self._idle)
            faq = await self._receptionist.faq(session)
        self._updates.labels(kind=event.event_type, repeated=repeated).inc()
        effects = Effects(self._sessions, event.update_id, now)
        texts = self._catalogues.of(actor.language if actor else happened.from_user.language_code)
        data.update(actor=actor, texts=texts, effects=effects, faq=faq)
        if repeated:
            await answer_again(happened, data["state"], texts)
            return None
        await self._touch(chat_id, actor, now)
        CURRENT.set(effects)
        return await handler(event, data)

    async def _touch(self, chat_id: int, actor: Actor | None, now: datetime) -> None:
        """Note every few minutes that the chat is in use; in a transaction of its own, for it is no effect."""
        if actor and actor.seen_at and not actor.asleep and actor.seen_at < now - sessions.GLANCE:
            async with self._sessions.begin() as session:
                await sessions.touch(session, chat_id, now)


def _is_private(happened: Message | CallbackQuery) -> bool:
    """A chat with one person, and that person speaks or presses: a keyboard in another chat is nobody's."""
    message, who = happened.message if isinstance(happened, CallbackQuery) else happened, happened.from_user
    return message is not None and who is not None and message.chat.type == "private" and message.chat.id == who.id
