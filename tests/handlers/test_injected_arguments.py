"""Handlers declare as arguments the values that the middlewares guarantee, and no more."""

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime

from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.types import CallbackQuery, Chat, InaccessibleMessage, Message, User

from handlers.access import PERMISSION_FLAG
from handlers.routes import routes
from handlers.ui.replies import message_of
from workflow.actors import Actor
from workflow.permissions import GRANTS, UNLINKED

PATIENT = User(id=7, is_bot=False, first_name="Amina")
CHAT = Chat(id=7, type="private")


def registered(router: Router) -> Iterator[HandlerObject]:
    yield from (*router.message.handlers, *router.callback_query.handlers)
    for inner in router.sub_routers:
        yield from registered(inner)


def test_an_actor_is_optional_only_where_a_chat_without_an_account_is_admitted() -> None:
    """The authorization admits such a chat, with None, to the operations granted to UNLINKED."""
    wrong, seen = [], 0
    for handler in registered(routes()):
        parameter = inspect.signature(handler.callback).parameters.get("actor")
        if parameter is not None:
            seen += 1
            admitted = UNLINKED in GRANTS[handler.flags[PERMISSION_FLAG]]
            if parameter.annotation != (Actor | None if admitted else Actor):
                wrong.append(handler.callback.__qualname__)
    assert seen > 80
    assert wrong == []


def test_a_button_below_a_message_that_telegram_no_longer_hands_over_is_answered_all_the_same() -> None:
    old = InaccessibleMessage(chat=CHAT, message_id=3)
    query = CallbackQuery(id="1", from_user=PATIENT, chat_instance="1", message=old)
    message = message_of(query)
    assert (message.chat.id, message.message_id) == (7, 3)
    assert message.answer("Hello").chat_id == 7


def test_a_button_is_answered_below_its_own_message() -> None:
    below = Message(message_id=3, date=datetime.now(UTC), chat=CHAT, text="Card")
    assert message_of(CallbackQuery(id="1", from_user=PATIENT, chat_instance="1", message=below)) is below
