"""Webhook delivery: in order within a chat, parallel between chats, retried after failures."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, NamedTuple

import aiohttp

from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.responses import Json, Unchecked
from bot.dev.sandbox.faults import Faults, Kind
from bot.dev.sandbox.updates import Pending, Updates

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header, not a secret
DEFAULT_CONNECTIONS: Final = 40
LONGEST_WAIT: Final = 60.0


class WebhookSettings(NamedTuple):
    """Settings of setWebhook."""

    url: str
    secret: str = ""
    max_connections: int = DEFAULT_CONNECTIONS
    has_certificate: bool = False


class Failure(NamedTuple):
    """The latest failed delivery; `date` is in Unix seconds."""

    date: int
    message: str


@dataclass
class Webhook:
    """`run` runs a call in the bot's answer; `patience` scales the waits between tries."""

    updates: Updates
    faults: Faults
    clock: Callable[[], float]
    patience: float = 1.0
    hook: WebhookSettings | None = None
    failure: Failure | None = None
    run: Callable[[Call], Awaitable[object]] | None = None
    _tasks: asyncio.TaskGroup | None = None
    _session: aiohttp.ClientSession | None = None
    _queues: dict[int, deque[Pending]] = field(default_factory=dict)
    _running: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DEFAULT_CONNECTIONS))

    def attach(self, tasks: asyncio.TaskGroup, session: aiohttp.ClientSession) -> None:
        """Set the task group and the HTTP session used for deliveries."""
        self._tasks, self._session = tasks, session

    def set(self, hook: WebhookSettings | None) -> None:
        """Change the address, or stop delivery with None; pending updates stay."""
        self.stop()
        self.hook = hook
        self.failure = None
        self.updates.deliver = self._enqueue if hook else None
        if hook:
            self._slots = asyncio.Semaphore(hook.max_connections)
            for pending in list(self.updates.pending.values()):
                self._enqueue(pending)

    def stop(self) -> None:
        for task in self._running.values():
            task.cancel()
        self._running.clear()
        self._queues.clear()

    def info(self) -> Json:
        """The WebhookInfo object."""
        hook = self.hook or WebhookSettings("")
        info: Json = {
            "url": hook.url,
            "has_custom_certificate": hook.has_certificate,
            "pending_update_count": len(self.updates.pending),
        }
        if self.failure:
            info |= {"last_error_date": self.failure.date, "last_error_message": self.failure.message}
        if self.hook:
            info |= {"max_connections": hook.max_connections, "ip_address": "127.0.0.1"}
        if self.updates.allowed:
            info["allowed_updates"] = list(self.updates.allowed)
        return info

    def _enqueue(self, pending: Pending) -> None:
        assert self._tasks is not None, "the server has not started"
        chat_id = pending.chat_id
        self._queues.setdefault(chat_id, deque()).append(pending)
        if chat_id not in self._running:
            self._running[chat_id] = self._tasks.create_task(self._drain(chat_id))

    async def _drain(self, chat_id: int) -> None:
        queue = self._queues[chat_id]
        while queue:
            if queue[0].update_id in self.updates.pending:
                await self._deliver(queue[0])
            if self.updates.confirm(queue[0].update_id):
                queue.popleft()
        del self._running[chat_id], self._queues[chat_id]

    async def _deliver(self, pending: Pending) -> None:
        """Deliver until the bot confirms; the connection slot is free while a failed delivery waits."""
        for wait in backoff():
            await asyncio.sleep(wait * self.patience)
            async with self._slots:
                complaint = await self._attempt(pending)
            if complaint is None:
                return
            self.failure = Failure(int(self.clock()), complaint)

    async def _attempt(self, pending: Pending) -> str | None:
        """One delivery; returns Telegram's error sentence, or None."""
        if self.faults.take(Kind.LOST_WEBHOOK):
            return "Connection reset by peer"
        assert self._session is not None
        assert self.hook is not None
        headers = {SECRET_HEADER: self.hook.secret} if self.hook.secret else {}
        try:
            async with self._session.post(self.hook.url, json=pending.body, headers=headers) as answer:
                if answer.status // 100 != 2:
                    return f"Wrong response from the webhook: {answer.status} {_reason_phrase(answer.status)}"
                await self._run_reply(await _json(answer))
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientConnectorError:
            return "Connection refused"
        except (aiohttp.ClientError, OSError):
            return "Connection reset by peer"
        return None

    async def _run_reply(self, answer: Unchecked) -> None:
        if self.run and isinstance(answer, dict) and isinstance(answer.get("method"), str):
            await self.run(Call(answer["method"], {key: value for key, value in answer.items() if key != "method"}))


def backoff() -> Iterator[float]:
    """Seconds before each try: 0, 0, 2, 4, 8 …, at most 60."""
    yield from (0.0, 0.0)
    wait = 2.0
    while True:
        yield wait
        wait = min(2 * wait, LONGEST_WAIT)


async def _json(answer: aiohttp.ClientResponse) -> Unchecked:
    """The call in the bot's answer, or None."""
    try:
        return await answer.json(content_type=None)
    except (ValueError, aiohttp.ContentTypeError):
        return None


def _reason_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
