"""The benchmark measures correctly; no test asserts a speed."""

import json
import os
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from bot.dev.bench import machine, table
from bot.dev.bench.children import BenchFailed, run, working
from bot.dev.bench.figures import Effort, measure
from bot.dev.bench.load import figures as load
from bot.dev.bench.packages import measure_packages
from tests.support.databases import POSTGRES

pytestmark = pytest.mark.slow

FEW = load.Effort(rounds=1, updates=4, rows=50, scans=2, workers=(1,))
TINY = Effort(starts=1, pictures=2, reports=1, scans=2, rounds=1, messages=10, rows=200, prints=2)
STEPS = {"decode_ms", "preprocess_ms", "network_ms", "heat_map_ms", "reading_ms", "overlay_ms", "whole_ms"}
READY = 'import sys, time; print(\'{"event": "ready"}\', file=sys.stderr, flush=True); time.sleep(60)'


@pytest.mark.timeout(240)
def test_the_figures_have_the_documented_shape_and_make_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs every part of the benchmark at its smallest size; the result is JSON and can be shown as a table."""
    monkeypatch.setenv("CSSS_HOSPITAL", "")  # environment settings change no figure
    before = machine.children(os.getpid())

    figures = measure(TINY)

    assert json.loads(json.dumps(figures)) == figures
    assert figures["start"].keys() == {"runs", "ready_s", "classify_s", "import_aiogram", "import_bot"}
    assert figures["classification"]["threads"].keys() == {"1", "2"}
    assert all(steps.keys() == STEPS for steps in figures["classification"]["threads"].values())
    assert figures["pdf"]["bytes"] > 10_000
    assert figures["signing"]["copy_bytes"] > figures["signing"]["master_bytes"] > figures["pdf"]["bytes"]
    assert figures["signing"]["draw_cpu_ms"]["median"] > 0 < figures["signing"]["lock_cpu_ms"]["median"]
    assert figures["signing"].keys() >= {"settled_mb", "grown_mb", "loop_cpu_ms", "loop_late_ms"}
    assert figures["story"]["scans"] == 2
    assert figures["memory"]["peak_mb"] >= figures["memory"]["after_mb"] > 0
    assert figures["memory"]["tensorflow_loaded"] is False
    assert figures["updates"].keys() >= {"csss", "echo", "rate_ratio", "cpu_ratio"}
    assert figures["records"].keys() >= {"append_ms", "empty_ms", "verify_s", "rows", "verify_100000_s", "step_up_ms"}
    assert figures["classification"]["walls"].keys() == {"behind_ms", "without_ms", "start_ms"}
    assert figures["flood"].keys() == {"per_s", "calm_ms", "flooded_ms", "ratio"}
    assert _programs(machine.children(os.getpid())) == _programs(before)

    console = Console(width=160)
    with console.capture() as output:
        table.show(figures, console)
    assert "bot ready" in output.get()
    assert "csss to echo" in output.get()
    assert "decoder's walls" in output.get()
    assert "step-up" in output.get()


def test_a_process_clock_sees_a_millisecond() -> None:
    """One round of the benchmark may cost less than the kernel's tick of 10 ms; it must not count as zero."""
    before, started = machine.cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() - started < 0.001:
        pass
    assert 0.001 <= machine.cpu_seconds(os.getpid()) - before < 0.01


def _programs(children: list[int]) -> int:
    """Number of child processes without Python's own resource tracker, which stays on purpose."""
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
    return sum(b"resource_tracker" not in command for command in commands)


async def test_a_process_that_never_gets_ready_is_a_failure_with_its_last_words(tmp_path: Path) -> None:
    """A broken bot must not be measured as a slow one."""
    with pytest.raises(BenchFailed, match="out of tokens"):
        async with working([sys.executable, "-c", "raise SystemExit('out of tokens')"], {}, tmp_path):
            pass


async def test_a_command_that_fails_gives_no_figure(tmp_path: Path) -> None:
    """The time until an error message is no result."""
    with pytest.raises(BenchFailed, match="no such picture"):
        await run([sys.executable, "-c", "raise SystemExit('no such picture')"], tmp_path)


async def test_a_process_is_gone_after_its_block_even_when_the_block_fails(tmp_path: Path) -> None:
    """No bot keeps polling a sandbox that has ended."""
    pids = []

    async def interrupted() -> None:
        async with working([sys.executable, "-c", READY], {}, tmp_path) as child:
            pids.append(child.pid)
            os.kill(child.pid, 0)
            raise ValueError

    with pytest.raises(ExceptionGroup):
        await interrupted()
    [pid] = pids
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_packages_for_serving_are_counted_without_those_for_training_and_tests() -> None:
    """TensorFlow, pytest and the linters are no part of a serving installation."""
    counted = measure_packages()
    assert counted["needs_tensorflow"] is False
    assert {"numpy", "ai-edge-litert"} <= counted["largest_mb"].keys()
    assert 30 < counted["packages"] < 120


def test_half_and_nine_tenths_are_told_of_many_values_and_of_one() -> None:
    """The 90th percentile of a single run is that run."""
    assert machine.spread([0.001, 0.002, 0.003], 1000) == {"median": 2.0, "p90": 2.8}
    assert machine.spread([4.0]) == {"median": 4.0, "p90": 4.0}


@pytest.mark.timeout(400)
def test_the_figures_under_load_have_their_shape_and_make_a_table() -> None:
    """Both databases: SQLite in one process, PostgreSQL with a worker beside it."""
    figures = load.measure(FEW, POSTGRES)
    assert json.loads(json.dumps(figures)) == figures
    assert figures["updates"]["ratio"].keys() == {"question", "queue", "button"}
    assert figures["answers"]["cpu_ms"].keys() == {"/queue", "/scans", "/status", "/privacy"}
    assert [one["workers"] for one in figures["throughput"]] == [0, 1]
    console = Console(record=True, width=160)
    load.show(figures, console)
    assert "CPU of a button beside the echo bot" in console.export_text()
