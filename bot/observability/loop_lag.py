"""Lag of the event loop: the time that a due task waits because other work holds the loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import Histogram

INTERVAL: Final = 0.25  # seconds between two measurements


@asynccontextmanager
async def measured_lag(lag: Histogram) -> AsyncIterator[None]:
    """Observe the lag in seconds every `INTERVAL` while the block runs."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_measure(lag))
        try:
            yield
        finally:
            task.cancel()


async def _measure(lag: Histogram) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + INTERVAL
        await asyncio.sleep(INTERVAL)
        lag.observe(max(0.0, loop.time() - due))
