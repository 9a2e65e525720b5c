"""Start times in new processes with a warm disk cache: imports, the bot, the classifier."""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from bot.dev.bench.children import run
from bot.dev.bench.clinics import clinic

IMPORTS: Final = """
from time import perf_counter, process_time
print(perf_counter(), process_time())
import aiogram
print(perf_counter(), process_time())
import bot.app
print(perf_counter(), process_time())
"""


async def measure_starts(scratch: Path, jpeg: bytes, runs: int, known: Sequence[float]) -> dict[str, Any]:
    """Medians over `runs` new processes: `csss run` until ready, and `csss classify` of one picture.

    `known` holds start times that were measured before."""
    ready = [*known, *[await _ready(scratch / f"start-{number}") for number in range(runs - len(known))]]
    picture = scratch / "picture.jpg"
    picture.write_bytes(jpeg)
    command = [sys.executable, "-m", "bot", "classify", str(picture), "--json"]
    return {
        "runs": runs,
        "ready_s": round(median(ready), 2),
        "classify_s": round(median([(await run(command, scratch))[0] for _ in range(runs)]), 2),
        **_imports([(await run([sys.executable, "-c", IMPORTS], scratch))[1] for _ in range(runs)]),
    }


async def _ready(folder: Path) -> float:
    async with clinic(folder) as place:
        return place.bot.ready


def _imports(told: Sequence[str]) -> dict[str, dict[str, float]]:
    """Wall and CPU seconds of importing aiogram alone and the whole bot."""
    runs = [[[float(word) for word in line.split()] for line in text.splitlines()] for text in told]
    return {
        f"import_{name}": {
            "wall_s": round(median(run[stop][0] - run[0][0] for run in runs), 2),
            "cpu_s": round(median(run[stop][1] - run[0][1] for run in runs), 2),
        }
        for stop, name in ((1, "aiogram"), (2, "bot"))
    }
