"""Signed and encrypted reports: CPU time, size, and delay of the event loop."""

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
from reports.pdf.pool import PdfPool
from reports.signing.signers import Holder, KeyFolder, SignedReport, Signer

AT_ONCE: Final = 10
SETTLED: Final = 10  # reports after which caches are filled
TICK: Final = 0.005
WORD: Final = "k7mq-2x9f-hhrt-8wzc"
ROLES: Final = ("doctor", "pharmacist", "administrator")


class Turn(NamedTuple):
    """Delay of one event-loop tick in seconds, and the CPU time of all threads of this process meanwhile.

    The CPU time bounds the delay that this process caused; the rest comes from other processes."""

    late: float
    computed: float


async def measure_signing(scratch: Path, prints: int) -> dict[str, Any]:
    """CPU time of the PDF process, its memory after the tenth and the last report, and the longest event-loop tick
    while ten reports are issued at once."""
    document, keys = full_sample(datetime.now(UTC)), KeyFolder(scratch / "signing", b"the bench's own")
    before = set(children(os.getpid()))
    async with PdfPool(1) as press:
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


async def _print(press: PdfPool, document: Document, keys: KeyFolder) -> SignedReport:
    hands = [Signer(role, 1, Holder(f"The {role}", "Bench", role), "Signed.") for role in ROLES]
    return await press.issue(document, hands, keys, WORD)


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
