"""The parts of a page test: the bot's side, a connection that can be cut, and the page with its panes."""

import asyncio
import contextlib
import json
from io import BytesIO
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest
from playwright.async_api import Locator, Page

from bot.dev.sandbox.server import Sandbox

PEOPLE = [
    ("Amina Yusuf", "patient"),
    ("Dr. Kavya Rao", "doctor"),
    ("Joseph Mathew", "pharmacist"),
    ("Leena Thomas", "administrator"),
]


def picture(shade: int = 90) -> bytes:
    """A JPEG with visible content."""
    pixels = np.full((300, 240), shade, dtype=np.uint8)
    cv2.circle(pixels, (120, 150), 80, 220, -1)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


class Bot:
    """The bot's side: raw Bot API calls."""

    def __init__(self, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self._http, self._base = http, f"{sandbox.base}/bot{sandbox.token}"
        self._offset = 0

    async def __call__(self, method: str, /, files: dict[str, bytes] | None = None, **fields: Any) -> Any:
        form = aiohttp.FormData()
        for name, value in fields.items():
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
        for name, data in (files or {}).items():
            form.add_field(name.split("=")[0], BytesIO(data), filename=name.split("=")[1])
        async with self._http.post(f"{self._base}/{method}", data=form) as answer:
            body = await answer.json()
        assert body["ok"], body
        return body["result"]

    async def next_update(self, kind: str = "message", within: int = 10) -> dict[str, Any]:
        """The next update of this kind."""
        for _ in range(20):
            for update in await self("getUpdates", offset=self._offset, timeout=within, limit=1):
                self._offset = update["update_id"] + 1
                if kind in update:
                    return dict(update[kind])
        pytest.fail(f"the bot heard no {kind}")


class Wire:
    """A proxy between the page and a server that a test can cut or redirect."""

    def __init__(self, port: int) -> None:
        self.target, self.port = port, 0
        self.cut = False
        self._open: set[asyncio.StreamWriter] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(reader, back))
            group.create_task(self._pump(there, writer))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()

    def break_off(self) -> None:
        self.cut = True
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()


class Web:
    """The page, and the pane of each person on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    async def opens(self, address: str) -> None:
        await self.page.goto(address)
        await self.is_live()

    async def is_live(self) -> None:
        await self.page.locator("#link[data-state=live]").wait_for()

    def pane(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name)

    def field(self, name: str) -> Locator:
        return self.page.get_by_role("textbox", name=f"Message as {name}")

    def bubbles(self, name: str) -> Locator:
        return self.pane(name).locator(".thread .bubble")
