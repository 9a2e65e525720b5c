"""Processes that are killed are started again, and count as ready only between their start and their kill."""

import asyncio
import sys
from pathlib import Path

from bot.dev.chaos.clinic import Kept
from bot.dev.program import Program

READY_AND_SLEEPS = """import time; print('{"event": "ready"}', flush=True); time.sleep(600)"""


async def test_a_killed_process_is_not_ready_before_it_has_ended_and_is_started_again(tmp_path: Path) -> None:
    kept = Kept("sleeper", Program((sys.executable, "-c", READY_AND_SLEEPS), {}, tmp_path, tmp_path / "log"))
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(kept.keep())
        try:
            await _until_ready(kept)
            kept.kill()
            assert kept.is_running
            assert not kept.is_ready
            await _until_ready(kept)
            assert kept.own_ends == 0
        finally:
            keeping.cancel()
            await kept.program.end()


async def _until_ready(kept: Kept) -> None:
    async with asyncio.timeout(60):
        while not kept.is_ready:  # noqa: ASYNC110 - a log tells nobody
            await asyncio.sleep(0.05)
