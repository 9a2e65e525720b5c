"""Authorization of every handler: it runs only for actors to whom `workflow.permissions` grants its permission."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.types import Message, TelegramObject

from handlers.ui.forms import SECRETS
from handlers.ui.replies import Handler, hide
from workflow.errors import ClinicError
from workflow.permissions import Deed, allow

DEED: Final = "deed"
Some = TypeVar("Some", bound=Handler)
Next = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


def does(deed: Deed) -> Callable[[Some], Some]:
    """Say what a handler does. One that says nothing is closed to everybody."""

    def mark(handler: Some) -> Some:
        handler.aiogram_flag = {DEED: deed}  # type: ignore[attr-defined]  # where aiogram looks for a handler's flags
        return handler

    return mark


class Door(BaseMiddleware):
    """Asks the table before the handler runs; which scans the handler then reaches is asked by its query.

    Where a secret was asked for, it leaves the chat although the door stays shut."""

    async def __call__(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:  # noqa: ANN401 - aiogram's interface
        deed = data["effects"].deed = get_flag(data, DEED)
        try:
            allow(data["actor"], deed)
        except ClinicError:
            if isinstance(event, Message) and data.get("raw_state") in SECRETS:
                await hide(event)
            raise
        return await handler(event, data)
