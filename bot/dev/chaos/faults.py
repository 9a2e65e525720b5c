"""The faults of processes, disk and clock; each returns, when it is over, what it did."""

import asyncio
import fcntl
import os
import resource
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from bot.data_folder import LOCK_FILE
from bot.dev.bench.machine import children
from bot.dev.chaos.clinic import CLOCK_JUMP, Clinic, Kept
from bot.dev.watched_calls import Calls, call, watched_mails

OUTAGE: Final = (2.0, 6.0)  # seconds, the shortest and the longest
MOMENTS: Final = ("sendDocument", "sendPhoto", "sendMessage", "answerCallbackQuery", "editMessageCaption")
ARMED: Final = 15.0  # seconds for which a kill waits for its moment
NONE: Final = "none was running"


async def kill_bot(clinic: Clinic, rng: Random) -> str:
    return _kill([one for one in clinic.kept if "bot" in one.name and one.is_running], rng)


async def kill_worker(clinic: Clinic, rng: Random) -> str:
    return _kill([one for one in clinic.kept if one.name.startswith("worker") and one.is_running], rng)


def _kill(running: Sequence[Kept], rng: Random) -> str:
    if not running:
        return NONE
    one = rng.choice(running)
    one.kill()
    return one.name


async def kill_helper(clinic: Clinic, rng: Random) -> str:
    """Kill a process that opens pictures or draws reports."""
    helpers = [(one.name, pid) for one in clinic.kept if one.is_running for pid in _children(one)]
    if not helpers:
        return NONE
    name, pid = rng.choice(helpers)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return f"of {name}"


async def power_failure(clinic: Clinic, rng: Random) -> str:
    """Kill every process when a call of the Bot API was carried out, or a mail accepted, whose answer nobody gets."""
    fell, calls = asyncio.Event(), Calls.of(clinic.sandbox)
    moment = rng.choice((*MOMENTS, "mail"))

    def fall() -> None:
        if not fell.is_set():
            for one in clinic.kept:
                one.kill()
            fell.set()

    matches = call(moment)
    calls.watches = lambda made: fall() if matches(made) else None
    with watched_mails(clinic.sandbox, lambda _: fall() if moment == "mail" else None), suppress(TimeoutError):
        await asyncio.wait_for(fell.wait(), ARMED)
    calls.watches = lambda _: None
    return f"at {moment}" if fell.is_set() else f"no {moment} came"


async def full_disk(clinic: Clinic, rng: Random) -> str:
    """Let no process write a byte to any file for a while, as on a full disk (RLIMIT_FSIZE needs no privilege).

    A process that is still starting is spared: it could not log that it is ready."""
    seconds = rng.uniform(*OUTAGE)
    pids = [one.program.process.pid for one in clinic.kept if one.is_ready]
    before = {pid: limit for pid in pids if (limit := _limit_files(pid, 0)) is not None}
    await asyncio.sleep(seconds)
    for pid, limit in before.items():
        _limit_files(pid, limit)
    return f"for {seconds:.1f} s in {len(before)} processes"


async def wrong_clock(clinic: Clinic, rng: Random) -> str:
    """Put the clock of all processes ahead, and after a while back."""
    seconds = rng.uniform(*OUTAGE)
    clinic.set_clock(CLOCK_JUMP)
    await asyncio.sleep(seconds)
    clinic.set_clock(0)
    return f"{CLOCK_JUMP:.0f} s ahead for {seconds:.1f} s, and back"


async def second_bot(clinic: Clinic, rng: Random) -> str:  # noqa: ARG001 - the form of a fault
    """Start another bot on the same data folder. Raises AssertionError when it is not refused (SQLite)."""
    second = clinic.new_program("bot", "second-bot")
    while not _is_in_use(clinic.folder / "data" / LOCK_FILE):  # noqa: ASYNC110 - a lock tells nobody
        await asyncio.sleep(0.2)
    await second.start()
    code = await second.process.wait()
    assert code != 0, "a second bot ran on one data folder"
    return f"refused with exit code {code}"


def _is_in_use(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _limit_files(pid: int, most: int) -> int | None:
    """Set the size that a file of this process may reach. Returns the limit before; None when the process is gone."""
    try:
        before, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hard))
    except ProcessLookupError:
        return None
    return before


def _children(one: Kept) -> list[int]:
    try:
        return children(one.program.process.pid)
    except OSError:
        return []
