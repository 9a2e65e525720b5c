"""The index asks every handler that aiogram's own filters of state and callback data let pass, in their order."""

from itertools import cycle

import pytest
from aiogram import F, Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import StateFilter
from aiogram.filters.callback_data import CallbackData, CallbackQueryFilter
from aiogram.types import TelegramObject

from bot.telegram.routing import IndexedObserver, indexed
from handlers.routes import routes
from tests.support.buttons import packed
from tests.support.text_forms import text_states
from tests.support.wire import pressed, text_update

STATES = [None, *(state.state for state in text_states()), "Gone:since_long"]
KINDS = [kind for kind in CallbackData.__subclasses__() if kind.__module__.startswith("handlers.")]
ODD = ["", ":", "|", "c", "c:", "zzz", "zzz:1", "c|open|1", "C:open:1", "again:1", "a" * 64]


def _handlers(kind: str) -> list[HandlerObject]:
    return [handler for router in routes().chain_tail for handler in router.observers[kind].handlers]


async def _let_pass(handlers: list[HandlerObject], event: TelegramObject, state: str | None) -> list[str]:
    """Names of the handlers whose filters of these two kinds the event passes."""
    names = []
    for handler in handlers:
        filters = [one.callback for one in handler.filters or ()]
        states = [await one(event, state) for one in filters if isinstance(one, StateFilter)]
        if all(states) and all([await one(event) for one in filters if isinstance(one, CallbackQueryFilter)]):  # type: ignore[arg-type]
            names.append(handler.callback.__name__)
    return names


def _index(kind: str) -> IndexedObserver:
    observer = indexed(routes()).observers[kind]
    assert isinstance(observer, IndexedObserver)
    return observer


async def test_every_message_asks_the_same_handlers_in_the_same_order() -> None:
    index, handlers, message = _index("message"), _handlers("message"), text_update("hello", 7, 7).message
    assert message is not None
    for state in STATES:
        asked = (await index.candidates(message, state)).handlers
        assert [one.callback.__name__ for one in asked] == await _let_pass(handlers, message, state)
    assert len(asked) < len(handlers) / 2


async def test_every_button_asks_the_same_handlers_in_the_same_order() -> None:
    index, handlers, taken = _index("callback_query"), _handlers("callback_query"), 0
    for data, state in zip([*map(packed, KINDS), *ODD] * 2, cycle(STATES)):
        query = pressed(data, 7, 7).callback_query
        assert query is not None
        asked = (await index.candidates(query, state)).handlers
        assert len(asked) < len(handlers) / 2
        passed = await _let_pass(handlers, query, state)
        assert await _let_pass(asked, query, state) == passed, data
        taken += len(passed)
    assert taken > len(KINDS)


@pytest.mark.parametrize("lost", ["filter", "middleware", "outer_middleware"])
def test_a_router_with_a_filter_or_middleware_of_its_own_is_refused(lost: str) -> None:
    root, below = Router(name="root"), Router(name="below")
    getattr(below.message, lost)(F.text if lost == "filter" else lambda handler, event, data: handler(event, data))
    root.include_router(below)
    with pytest.raises(ValueError, match="below root has filters or middlewares for message"):
        indexed(root)
