"""Button presses that wait for the bot's answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bot.dev.sandbox.api.links import units
from bot.dev.sandbox.api.responses import bad_request

ANSWER_WITHIN: Final = 60.0
TEXT_LIMIT: Final = 200
STALE: Final = "query is too old and response timeout expired or query ID is invalid"
FIRST_QUERY: Final = 4_200_000_000_000_001


class Reply(NamedTuple):
    """The answer of answerCallbackQuery, as shown to the person."""

    text: str | None
    show_alert: bool


@dataclass(frozen=True, slots=True)
class PendingQuery:
    """A callback query that the bot has not answered; `at` is in Unix seconds."""

    query_id: str
    chat_id: int
    at: float
    reply: asyncio.Future[Reply | None]


@dataclass
class CallbackQueries:
    """A query is answered once and within a minute."""

    clock: Callable[[], float]
    _open: dict[str, PendingQuery] = field(default_factory=dict)
    _last: int = FIRST_QUERY - 1

    def open(self, chat_id: int) -> PendingQuery:
        self._last += 1
        press = PendingQuery(str(self._last), chat_id, self.clock(), asyncio.get_running_loop().create_future())
        self._open[press.query_id] = press
        return press

    def answer(self, query_id: str, text: str, show_alert: bool) -> PendingQuery:
        if units(text) > TEXT_LIMIT:
            raise bad_request("MESSAGE_TOO_LONG")
        press = self._open.pop(query_id, None)
        if press is None or self.clock() - press.at > ANSWER_WITHIN:
            raise bad_request(STALE)
        if not press.reply.done():
            press.reply.set_result(Reply(text or None, show_alert))
        return press

    def abandon(self) -> None:
        """Nobody will answer any more."""
        for press in self._open.values():
            if not press.reply.done():
                press.reply.set_result(None)
