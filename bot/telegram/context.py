"""Adds the actor, their language's texts, a unit of work and the FAQ to every update. Authorizes nothing."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject, Update
from prometheus_client import Counter

from bot.services import Services
from bot.telegram.faq_cache import FaqCache
from bot.telegram.send_limiter import ANSWERS_A_STRANGER
from handlers.views.questions import answer_repeated_update
from models.base import read_only
from workflow.accounts import profile, sessions
from workflow.actors import Actor
from workflow.request_id import REQUEST_ID
from workflow.scans import queries
from workflow.unit_of_work import CURRENT, UnitOfWork

Next = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class ContextMiddleware(BaseMiddleware):
    """Loads the actor anew for every update, since roles may change between two updates.

    Drops updates from other than private chats: a group would show one patient's scan to another."""

    def __init__(self, services: Services, updates: Counter, faq_cache: FaqCache) -> None:
        self._sessions, self._catalogues = services.sessions, services.catalogues
        self._idle_limit, self._now = services.idle_limit, services.now
        self._updates, self._faq_cache, self._traces = updates, faq_cache, services.traces

    async def __call__(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's interface
        assert isinstance(event, Update)
        inner = event.message or event.edited_message or event.callback_query
        if inner is None or not _is_private(inner):
            return None
        assert inner.from_user is not None
        REQUEST_ID.set(str(event.update_id))
        chat_id = inner.from_user.id
        now = self._now()
        async with read_only(self._sessions) as session:
            repeated = await queries.was_handled(session, event.update_id)
            actor = await sessions.actor_for(session, chat_id, now - self._idle_limit)
            chosen = actor.language if actor else await profile.chosen_language(session, chat_id)
            faq = await self._faq_cache.faq(session)
        ANSWERS_A_STRANGER.set(actor is None)
        self._updates.labels(kind=event.event_type, repeated=repeated).inc()
        uow = UnitOfWork(self._sessions, event.update_id, now)
        texts = self._catalogues.of(chosen or inner.from_user.language_code)
        data.update(actor=actor, texts=texts, uow=uow, faq=faq)
        if repeated:
            await answer_repeated_update(inner, data["state"], texts)
            return None
        await self._touch(chat_id, actor, now)
        CURRENT.set(uow)
        with self._traces.span("update", kind=event.event_type):
            return await handler(event, data)

    async def _touch(self, chat_id: int, actor: Actor | None, now: datetime) -> None:
        """Record every few minutes that the chat is in use; in its own transaction, being no effect of the update."""
        if actor and actor.seen_at and not actor.locked and actor.seen_at < now - sessions.SEEN_PRECISION:
            async with self._sessions.begin() as session:
                await sessions.touch(session, chat_id, now)


def _is_private(inner: Message | CallbackQuery) -> bool:
    """Whether the chat is private and belongs to the sender: a button forwarded to another chat is refused."""
    message, sender = inner.message if isinstance(inner, CallbackQuery) else inner, inner.from_user
    if message is None or sender is None:
        return False
    return message.chat.type == "private" and message.chat.id == sender.id
