"""From upload to report, machine time alone: people type and press as soon as they can."""

from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bot.dev.bench.clinics import Place, clinic, forget_codes
from bot.dev.bench.machine import children, has_loaded, memory_mb
from bot.dev.sandbox import SandboxClient
from bot.dev.story import play


async def measure_journeys(scratch: Path, jpeg: bytes, scans: int) -> tuple[float, dict[str, Any]]:
    """Seconds until the bot was ready; then the whole story of several scans in one house, and the bot's memory.

    Every hop through four people's chats and two mailboxes is in it, and the sandbox and the four people compute
    on the same machine; nobody reads, types
    or waits out the minute between two one-time codes."""
    async with clinic(scratch / "journeys") as place, SandboxClient(place.sandbox.base) as people:
        started = memory_mb(place.bot.pid)
        seconds = []
        for _ in range(scans):
            began = perf_counter()
            await play(people, jpeg)
            seconds.append(perf_counter() - began)
            await forget_codes(scratch / "journeys")
        story = {
            "scans": scans,
            "first_s": round(seconds[0], 2),
            "median_s": round(median(seconds), 2),
            "slowest_s": round(max(seconds), 2),
        }
        return place.bot.ready, {"story": story, "memory": _memory(place, started["now"])}


def _memory(place: Place, started: float) -> dict[str, Any]:
    """Resident megabytes of the bot's process, and of the two beside it, which draw PDFs and open pictures."""
    told = memory_mb(place.bot.pid)
    return {
        "started_mb": started,
        "after_mb": told["now"],
        "peak_mb": told["peak"],
        "beside_mb": round(sum(memory_mb(child)["now"] for child in children(place.bot.pid)), 1),
        "tensorflow_loaded": has_loaded(place.bot.pid, "tensorflow"),
    }
