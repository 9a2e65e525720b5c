"""Machine time from upload to report; the simulated people act without delay."""

from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bot.dev.bench.clinics import BenchClinic, clinic
from bot.dev.bench.machine import children, has_loaded, memory_mb
from bot.dev.sandbox import SandboxClient
from bot.dev.story import play


async def measure_main_job(scratch: Path, jpeg: bytes, scans: int) -> tuple[float, dict[str, Any]]:
    """Start of the bot, the main job for several scans in a row, and the bot's memory.

    Includes every message of four people and two mailboxes; sandbox and people run on the same machine. Excludes
    reading and typing."""
    async with clinic(scratch / "journeys") as place, SandboxClient(place.sandbox.base) as people:
        started = memory_mb(place.bot.pid)
        seconds = []
        for _ in range(scans):
            began = perf_counter()
            await play(people, jpeg)
            seconds.append(perf_counter() - began)
        story = {
            "scans": scans,
            "first_s": round(seconds[0], 2),
            "median_s": round(median(seconds), 2),
            "slowest_s": round(max(seconds), 2),
        }
        return place.bot.ready, {"story": story, "memory": _memory(place, started["now"])}


def _memory(place: BenchClinic, started: float) -> dict[str, Any]:
    """Resident memory in MB of the bot, its PDF process and its decoder process."""
    told = memory_mb(place.bot.pid)
    return {
        "started_mb": started,
        "after_mb": told["now"],
        "peak_mb": told["peak"],
        "beside_mb": round(sum(memory_mb(child)["now"] for child in children(place.bot.pid)), 1),
        "tensorflow_loaded": has_loaded(place.bot.pid, "tensorflow"),
    }
