"""Adds to every update who acts, in which language, and how to write; decides nothing."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject, Update
from prometheus_client import Counter

from handlers.texts import Catalogues
from models.base import Sessions, looking
from workflow import accounts, queries
from workflow.updates import CURRENT, Effects

Next = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Introduction(BaseMiddleware):
    """Reads the actor anew for every update: who was a doctor a minute ago may be none now.

    Only private chats get through: a group would show one patient's scan to another."""

    def __init__(self, sessions: Sessions, catalogues: Catalogues, updates: Counter) -> None:
        self._sessions, self._catalogues, self._updates = sessions, catalogues, updates

    async def __call__(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's interface
        assert isinstance(event, Update)
        happened = event.message or event.callback_query
        if happened is None or happened.from_user is None or not _is_private(happened):
            return None
        chat_id = happened.from_user.id
        async with looking(self._sessions) as session:
            repeated = await queries.was_handled(session, event.update_id)
            actor = await accounts.actor_for(session, chat_id)
        self._updates.labels(kind=event.event_type, repeated=repeated).inc()
        effects = Effects(self._sessions, event.update_id, datetime.now(UTC))
        texts = self._catalogues.of(actor.language if actor else happened.from_user.language_code)
        data.update(actor=actor, texts=texts, effects=effects)
        if repeated:
            if isinstance(happened, CallbackQuery):
                await happened.answer(texts.plain("error.already_handled"))
            return None
        CURRENT.set(effects)
        return await handler(event, data)


def _is_private(happened: Message | CallbackQuery) -> bool:
    message = happened.message if isinstance(happened, CallbackQuery) else happened
    return message is not None and message.chat.type == "private"
