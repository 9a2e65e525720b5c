"""Every figure of the bench, in the order in which it is measured."""

import asyncio
import logging
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

from bot.dev.bench import machine
from bot.dev.bench.flood import measure_flood
from bot.dev.bench.journeys import measure_journeys
from bot.dev.bench.packages import measure_packages
from bot.dev.bench.paper import measure_paper
from bot.dev.bench.pictures import measure_pictures
from bot.dev.bench.records import measure_records
from bot.dev.bench.signing import measure_signing
from bot.dev.bench.starts import measure_starts
from bot.dev.bench.updates import measure_updates
from bot.dev.demo import sample


class Effort(NamedTuple):
    """How often each thing is done."""

    starts: int
    pictures: int
    reports: int
    scans: int
    rounds: int
    messages: int
    rows: int
    prints: int


FULL: Final = Effort(starts=3, pictures=100, reports=10, scans=5, rounds=5, messages=400, rows=100_000, prints=60)
QUICK: Final = Effort(starts=1, pictures=20, reports=3, scans=2, rounds=2, messages=100, rows=5_000, prints=10)


def measure(effort: Effort) -> dict[str, Any]:
    """JSON-able figures; nothing leaves loopback and no process outlives the call. Raises BenchFailed."""
    logging.getLogger().setLevel(logging.ERROR)
    return asyncio.run(_measure(effort))


async def _measure(effort: Effort) -> dict[str, Any]:
    began, picture = perf_counter(), sample().data
    with tempfile.TemporaryDirectory(prefix="csss-bench-") as scratch:
        folder = Path(scratch)
        facts, (ready, journeys) = machine.facts(), await measure_journeys(folder, picture, effort.scans)
        figures = {
            "machine": facts,
            "packages": measure_packages(),
            "start": await measure_starts(folder, picture, effort.starts, [ready]),
            "classification": await asyncio.to_thread(measure_pictures, picture, effort.pictures),
            "pdf": await measure_paper(effort.reports),
            "signing": await measure_signing(folder, effort.prints),
            "records": await measure_records(folder, picture, effort.rows, effort.pictures),
            **journeys,
            "updates": await measure_updates(folder, effort.rounds, effort.messages),
            "flood": await measure_flood(folder, effort.rounds, effort.messages // 10),
        }
    return figures | {"seconds": round(perf_counter() - began, 1)}
