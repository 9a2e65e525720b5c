"""Child processes of the bench, with their start and end."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

from bot.dev.bench.machine import environment

READY_WITHIN: Final = 90.0  # seconds
STOPPED_WITHIN: Final = 10.0


class BenchFailed(Exception):
    """A measured process failed or did not get ready in time."""


class Child(NamedTuple):
    """A running process; `ready` is the duration of its start in seconds."""

    pid: int
    ready: float


@asynccontextmanager
async def working(arguments: Sequence[str], settings: Mapping[str, str], folder: Path) -> AsyncIterator[Child]:
    """Start a process, wait until it logs the event "ready", and stop it when the block ends.

    `folder` is its working directory, so that no .env of a clinic is read.
    Raises BenchFailed when it does not get ready.
    """
    started = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *arguments,
        env={**environment(), **settings},
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        await _until_ready(process.stderr)
        ready = perf_counter() - started
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_drain(process.stderr))
            yield Child(process.pid, ready)
            reading.cancel()
    finally:
        await _end(process)


async def run(arguments: Sequence[str], folder: Path) -> tuple[float, str]:
    """Duration in seconds and output of a command. Raises BenchFailed when it fails."""
    started = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *arguments, env=environment(), cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(READY_WITHIN):
            out, complaint = await process.communicate()
    except TimeoutError:
        raise BenchFailed(f"{' '.join(arguments)} did not end within {READY_WITHIN:g} s") from None
    finally:
        await _end(process)
    seconds = perf_counter() - started
    if process.returncode:
        raise BenchFailed(f"{' '.join(arguments)} failed: {_last_line(complaint)}")
    return seconds, out.decode()


async def _until_ready(log: asyncio.StreamReader) -> None:
    line = b""
    try:
        async with asyncio.timeout(READY_WITHIN):
            while said := await log.readline():
                line = said
                if _event(line) == "ready":
                    return
    except TimeoutError:
        raise BenchFailed(f"a process was not ready within {READY_WITHIN:g} s") from None
    raise BenchFailed(f"a process ended before it was ready: {_last_line(line)}")


def _event(line: bytes) -> str:
    """The event name of a JSON log line; empty for any other line."""
    try:
        said = json.loads(line)
    except ValueError:
        return ""
    return str(said.get("event")) if isinstance(said, dict) else ""


async def _drain(log: asyncio.StreamReader) -> None:
    """Read the log to its end, because a full pipe stops its writer."""
    while await log.readline():
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    """Terminate the process, kill it when it does not stop, and read its pipes to their end."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
    try:
        async with asyncio.timeout(STOPPED_WITHIN):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()


def _last_line(text: bytes) -> str:
    return text.decode(errors="replace").strip().rpartition("\n")[2]
