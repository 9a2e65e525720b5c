"""All figures under load, and their table."""

import asyncio
import logging
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from bot.dev.bench import machine
from bot.dev.bench.load.ratios import GOALS, measure_answers, measure_ratios
from bot.dev.bench.load.throughput import measure_throughput
from bot.dev.demo import sample

ANSWER_GOAL: Final = 40  # ms
SCANS_GOAL: Final = 20  # a minute


class Effort(NamedTuple):
    """Number of repetitions; `rows`: scans in the database of the answers; `workers`: numbers of them."""

    rounds: int
    updates: int
    rows: int
    scans: int
    workers: tuple[int, ...]


FULL: Final = Effort(rounds=3, updates=60, rows=100_000, scans=20, workers=(1, 2, 4))
QUICK: Final = Effort(rounds=1, updates=20, rows=10_000, scans=4, workers=(1, 2))


def measure(effort: Effort, server: str) -> dict[str, Any]:
    """Figures as JSON-serialisable data; `server`: a PostgreSQL server's address, or "". Raises BenchFailed."""
    logging.getLogger().setLevel(logging.ERROR)
    return asyncio.run(_measure(effort, server))


async def _measure(effort: Effort, server: str) -> dict[str, Any]:
    began, picture = perf_counter(), sample().data
    with tempfile.TemporaryDirectory(prefix="csss-load-", ignore_cleanup_errors=True) as scratch:
        folder, facts = Path(scratch), machine.facts()
        ways = [("", 0), *[(server, workers) for workers in effort.workers if server]]
        figures = {
            "machine": facts,
            "updates": await measure_ratios(folder, picture, effort.rounds, effort.updates),
            "answers": await measure_answers(folder, picture, effort.rows, effort.updates),
            "throughput": [await measure_throughput(folder, picture, effort.scans, *way) for way in ways],
        }
    return figures | {"seconds": round(perf_counter() - began, 1)}


def show(figures: dict[str, Any], console: Console | None = None) -> None:
    """Print on stdout, or on the given console."""
    facts = figures["machine"]
    title = f"{facts['cores']} cores, Python {facts['python']}, load {facts['load']} before"
    table = Table("figure", "measured", "goal", title=title, caption=f"measured in {figures['seconds']} s")
    updates, answers = figures["updates"], figures["answers"]
    for name, ratio in updates["ratio"].items():
        words = f"{ratio} times ({updates['cpu_ms'][name]} ms; the echo bot {updates['echo_ms']} ms)"
        table.add_row(f"CPU of a {name} beside the echo bot", words, f"{GOALS[name]:g}")
    for command, milliseconds in answers["cpu_ms"].items():
        table.add_row(f"{command} with {answers['scans']:,} scans", f"{milliseconds} ms of CPU", f"{ANSWER_GOAL}")
    for one in figures["throughput"]:
        name = f"{one['scans']} scans at once, {one['database']}, " + _with(one["workers"])
        words = (
            f"{one['scans_per_min']} scans and {one['jobs_per_min']} jobs a minute, all done after {one['seconds']} s"
        )
        table.add_row(name, words, f"{SCANS_GOAL} scans")
    (console or Console()).print(table)


def _with(workers: int) -> str:
    return f"{workers} workers" if workers else "one process"
