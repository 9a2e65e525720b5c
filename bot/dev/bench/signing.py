"""Signed and locked reports: what drawing and locking compute, what they weigh, and how long the loop stood still."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final, NamedTuple

from bot.dev.bench.machine import children, cpu_seconds, memory_mb, spread
from reports.content.document import Document
from reports.content.sample import full_sample
from reports.pdf.pool import Press
from reports.signing.signers import Hand, Holder, KeyFolder, Printed

AT_ONCE: Final = 10
SETTLED: Final = 10  # prints after which a process has seen everything that it keeps
TICK: Final = 0.005
WORD: Final = "k7mq-2x9f-hhrt-8wzc"
ROLES: Final = ("doctor", "pharmacist", "administrator")


class Turn(NamedTuple):
    """Seconds by which a tick of the loop came late, and what all threads of this process computed meanwhile.

    Longer than that no work of ours can have held the loop; the rest of the lateness is others' use of the cores."""

    late: float
    computed: float


async def measure_signing(scratch: Path, prints: int) -> dict[str, Any]:
    """Processor time of the drawing process, so that a busy machine counts less; its memory after the tenth print
    and after the last; the loop's longest turn while ten reports are made at once."""
    document, keys = full_sample(datetime.now(UTC)), KeyFolder(scratch / "signing", b"the bench's own")
    before = set(children(os.getpid()))
    async with Press(1) as press:
        await _print(press, document, keys)  # the keys are made with the first
        child = max(set(children(os.getpid())) - before, key=lambda pid: memory_mb(pid)["now"])
        drawn, made = [], []
        settled = printed = None
        for number in range(prints):
            began = cpu_seconds(child)
            await press.render(document)
            drawn.append(cpu_seconds(child) - began)
            printed = await _print(press, document, keys)
            made.append(cpu_seconds(child) - began - drawn[-1])
            if number == min(SETTLED, prints) - 1:
                settled = memory_mb(child)["now"]
        assert printed is not None
        assert settled is not None
        grown = memory_mb(child)["now"] - settled
        async with _listening() as turns:
            await asyncio.gather(*(_print(press, document, keys) for _ in range(min(AT_ONCE, prints))))
    locked = [whole - plain for whole, plain in zip(made, drawn, strict=True)]
    return {
        "prints": prints,
        "draw_cpu_ms": spread(drawn, 1000, 0),
        "lock_cpu_ms": spread(locked, 1000, 0),
        "master_bytes": len(printed.master),
        "copy_bytes": len(printed.copy),
        "settled_mb": settled,
        "grown_mb": round(grown, 1),
        "at_once": min(AT_ONCE, prints),
        "loop_cpu_ms": round(max(turn.computed for turn in turns) * 1000, 1),
        "loop_late_ms": round(max(turn.late for turn in turns) * 1000, 1),
    }


async def _print(press: Press, document: Document, keys: KeyFolder) -> Printed:
    hands = [Hand(role, 1, Holder(f"The {role}", "Bench", role), "Signed.") for role in ROLES]
    return await press.print(document, hands, keys, WORD)


@asynccontextmanager
async def _listening() -> AsyncIterator[list[Turn]]:
    turns: list[Turn] = []

    async def beat() -> None:
        while True:
            began, before = perf_counter(), process_time()
            await asyncio.sleep(TICK)
            turns.append(Turn(perf_counter() - began - TICK, process_time() - before))

    async with asyncio.TaskGroup() as group:
        heart = group.create_task(beat())
        yield turns
        heart.cancel()
