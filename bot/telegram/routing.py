"""Routing by an index: an update asks only the handlers whose state and button can match, in their order."""

import re
from typing import Any, Final

from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.dispatcher.event.telegram import TelegramEventObserver
from aiogram.filters import StateFilter
from aiogram.filters.callback_data import CallbackQueryFilter
from aiogram.types import CallbackQuery, TelegramObject

SEPARATORS: Final = re.compile(r"[:|]")  # of the callback data in use


def indexed(root: Router) -> Router:
    """One router with the handlers of this one and of all below it, in the order in which aiogram tries them.

    Raises ValueError where a router has filters or middlewares of its own: they would be lost."""
    router = Router(name=root.name)
    for kind in router.observers:
        observers = [one.observers[kind] for one in root.chain_tail]
        if any(one.middleware or one.outer_middleware or one._handler.filters for one in observers):  # noqa: SLF001 - no other way
            raise ValueError(f"a router below {root.name} has filters or middlewares for {kind}")
        router.observers[kind] = IndexedObserver(router, kind, [one for each in observers for one in each.handlers])
        setattr(router, kind, router.observers[kind])
    return router


class IndexedObserver(TelegramEventObserver):
    """An observer that leaves out the handlers whose filters of state or callback data cannot match.

    aiogram asks every filter of every handler; here the answers of those two kinds are remembered."""

    def __init__(self, router: Router, event_name: str, handlers: list[HandlerObject]) -> None:
        super().__init__(router, event_name)
        self.handlers = handlers
        self._prefixes = {one.callback_data.__prefix__ for handler in handlers for one in _filters(handler)[1]}
        self._candidates: dict[tuple[str | None, str | None], TelegramEventObserver] = {}

    async def trigger(self, event: TelegramObject, **kwargs: Any) -> Any:  # noqa: ANN401 - aiogram's own
        candidates = await self.candidates(event, kwargs.get("raw_state"))
        return await candidates.trigger(event, **kwargs)

    async def candidates(self, event: TelegramObject, state: str | None) -> TelegramEventObserver:
        """The handlers that may take the event of a chat in this state, as an observer."""
        data = (event.data or "") if isinstance(event, CallbackQuery) else ""
        begins = SEPARATORS.split(data, maxsplit=1)[0]
        key = state, begins if begins in self._prefixes else None
        if key not in self._candidates:
            self._candidates[key] = await self._narrowed(*key)
        return self._candidates[key]

    async def _narrowed(self, state: str | None, prefix: str | None) -> TelegramEventObserver:
        narrowed = TelegramEventObserver(self.router, self.event_name)
        for handler in self.handlers:
            states, buttons = _filters(handler)
            if all(button.callback_data.__prefix__ == prefix for button in buttons) and all(
                [await one(TelegramObject(), state) for one in states]
            ):
                narrowed.handlers.append(handler)
        return narrowed


def _filters(handler: HandlerObject) -> tuple[list[StateFilter], list[CallbackQueryFilter]]:
    filters = [one.callback for one in handler.filters or ()]
    states = [one for one in filters if isinstance(one, StateFilter)]
    return states, [one for one in filters if isinstance(one, CallbackQueryFilter)]
