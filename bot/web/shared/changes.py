"""The newest change in the record, for whatever has to notice that something happened."""

import asyncio
from collections import Counter
from contextlib import suppress
from time import monotonic
from typing import Final

from aiohttp import web

from bot.services import Services
from models.base import read_only
from workflow.audit import search

LOOKS: Final = 1.0  # seconds between two looks at the record, of everybody who asks together


class Changes:
    """The newest change, read once a second however many ask; and the open streams."""

    def __init__(self, services: Services) -> None:
        self._services, self._lock = services, asyncio.Lock()
        self._newest, self._read_at = 0, -LOOKS
        self.closing = asyncio.Event()
        self.open = Counter[int | None]()

    async def newest(self) -> int:
        """Number of the last row of the record that is no look."""
        async with self._lock:
            if monotonic() - self._read_at >= LOOKS:
                async with read_only(self._services.sessions) as session:
                    self._newest = await search.newest_change(session)
                self._read_at = monotonic()
        return self._newest

    async def close(self, _: web.Application) -> None:
        """End every stream, so that the web app can stop."""
        self.closing.set()

    async def turn(self) -> bool:
        """Wait for the next look. Returns False when the web app stops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), LOOKS)
        return not self.closing.is_set()


CHANGES: Final = web.AppKey("changes of worklists", Changes)
