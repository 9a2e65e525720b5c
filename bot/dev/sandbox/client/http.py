"""HTTP for the Python client: JSON in and out, uploads, and waiting for what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import NamedTuple

import aiohttp

from bot.dev.sandbox.api.responses import Json, Unchecked
from bot.dev.sandbox.client.transcript import SandboxError

SEEN = "X-Event"
LONGEST_WAIT = 50.0


class Snapshot(NamedTuple):
    """A body, and the number of the latest event that it knows of."""

    body: Unchecked
    seen: int


class Part(NamedTuple):
    """A file to upload."""

    name: str
    data: bytes
    mime: str


@dataclass(frozen=True)
class HttpClient:
    """`base` is the sandbox's address."""

    base: str
    session: aiohttp.ClientSession

    async def get(self, path: str) -> Snapshot:
        return await self._ask("GET", path)

    async def post(self, path: str, body: Json) -> Json:
        shown: Json = (await self._ask("POST", path, json=body)).body
        return shown

    async def delete(self, path: str) -> None:
        await self._ask("DELETE", path)

    async def upload(self, path: str, parts: Sequence[Part], caption: str) -> Json:
        form = aiohttp.FormData(quote_fields=False)
        for part in parts:
            form.add_field("file", BytesIO(part.data), filename=part.name, content_type=part.mime)
        if caption:
            form.add_field("caption", caption)
        shown: Json = (await self._ask("POST", path, data=form)).body
        return shown

    async def fetch(self, path: str) -> bytes:
        async with self.session.get(self.base + path) as answer:
            await _check(answer)
            return await answer.read()

    async def changes(self, after: int, wait: float, chat_id: int = 0) -> list[Json]:
        """Events later than `after`, as soon as there are any; nothing when none comes in time."""
        while wait > 0:
            turn = min(wait, LONGEST_WAIT)
            wait -= turn
            path = f"/client/events?after={after}&wait={turn}" + (f"&chat_id={chat_id}" if chat_id else "")
            events: list[Json] = (await self.get(path)).body
            if events:
                return events
        return []

    async def _ask(self, method: str, path: str, **body: Unchecked) -> Snapshot:
        async with self.session.request(method, self.base + path, **body) as answer:
            await _check(answer)
            return Snapshot(await answer.json(), int(answer.headers.get(SEEN, 0)))


async def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.status == HTTPStatus.OK:
        return
    if answer.content_type != "application/json":
        raise SandboxError(f"{answer.url.path}: {answer.status} {answer.reason}")
    raise SandboxError((await answer.json())["error"])
