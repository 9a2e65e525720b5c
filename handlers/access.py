"""Middlewares around every handler: authorization by its permission, and the message of a pressed button."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.types import CallbackQuery, Message, TelegramObject

from handlers.ui.forms import SECRET_STATES
from handlers.ui.replies import Handler, delete_message, message_of
from workflow.errors import WorkflowError
from workflow.permissions import Operation, authorize

PERMISSION_FLAG: Final = "permission"
HandlerT = TypeVar("HandlerT", bound=Handler)
NextHandler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


def requires(operation: Operation) -> Callable[[HandlerT], HandlerT]:
    """Mark a handler with the operation that the actor must be permitted. An unmarked handler refuses everybody."""

    def mark(handler: HandlerT) -> HandlerT:
        handler.aiogram_flag = {PERMISSION_FLAG: operation}  # type: ignore[attr-defined]  # aiogram reads flags here
        return handler

    return mark


class AuthorizationMiddleware(BaseMiddleware):
    """Runs the handler only when `workflow.permissions` grants its operation to the actor, else raises.

    So `actor` is an Actor, never None, in a handler whose operation is closed to chats without an account. Which scans
    the handler reaches is decided by its query. A typed secret is deleted from the chat even when it is refused."""

    async def __call__(self, handler: NextHandler, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's interface
        operation = data["uow"].operation = get_flag(data, PERMISSION_FLAG)
        try:
            authorize(data["actor"], operation)
        except WorkflowError:
            if isinstance(event, Message) and data.get("raw_state") in SECRET_STATES:
                await delete_message(event)
            raise
        return await handler(event, data)


class ButtonMessageMiddleware(BaseMiddleware):
    """Gives the handler of a pressed button the `message` that carries it."""

    async def __call__(self, handler: NextHandler, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's interface
        assert isinstance(event, CallbackQuery)
        data["message"] = message_of(event)
        return await handler(event, data)
