"""All figures of the bench, in measuring order."""

import asyncio
import logging
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

from bot.dev.bench import machine
from bot.dev.bench.audit_chain import measure_audit_chain
from bot.dev.bench.flood import measure_flood
from bot.dev.bench.main_job import measure_main_job
from bot.dev.bench.packages import measure_packages
from bot.dev.bench.pdf import measure_pdf
from bot.dev.bench.pictures import measure_pictures
from bot.dev.bench.signing import measure_signing
from bot.dev.bench.starts import measure_starts
from bot.dev.bench.updates import measure_updates
from bot.dev.demo import sample


class Effort(NamedTuple):
    """Number of repetitions of each measurement."""

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
    """Figures as JSON-serialisable data. Uses loopback only and leaves no process behind. Raises BenchFailed."""
    logging.getLogger().setLevel(logging.ERROR)
    return asyncio.run(_measure(effort))


async def _measure(effort: Effort) -> dict[str, Any]:
    began, picture = perf_counter(), sample().data
    with tempfile.TemporaryDirectory(prefix="csss-bench-") as scratch:
        folder = Path(scratch)
        facts, (ready, journeys) = machine.facts(), await measure_main_job(folder, picture, effort.scans)
        figures = {
            "machine": facts,
            "packages": measure_packages(),
            "start": await measure_starts(folder, picture, effort.starts, [ready]),
            "classification": await asyncio.to_thread(measure_pictures, picture, effort.pictures),
            "pdf": await measure_pdf(effort.reports),
            "signing": await measure_signing(folder, effort.prints),
            "records": await measure_audit_chain(folder, picture, effort.rows, effort.pictures),
            **journeys,
            "updates": await measure_updates(folder, effort.rounds, effort.messages),
            "flood": await measure_flood(folder, effort.rounds, effort.messages // 10),
        }
    return figures | {"seconds": round(perf_counter() - began, 1)}
