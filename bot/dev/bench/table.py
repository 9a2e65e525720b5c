"""The figures as a table, beside their goals."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table


class Line(NamedTuple):
    """One row; the figure should stay below `goal`, when there is one."""

    name: str
    figure: float
    unit: str
    goal: float | None = None
    more: str = ""


def show(figures: dict[str, Any], console: Console | None = None) -> None:
    """Print on stdout, or on the given console."""
    machine = figures["machine"]
    title = f"{machine['cores']} cores, Python {machine['python']}, {machine['system']}, load {machine['load']} before"
    table = Table("figure", "measured", "goal", "besides", title=title, caption=f"measured in {figures['seconds']} s")
    for line in lines(figures):
        table.add_row(line.name, f"{line.figure:g} {line.unit}".strip(), _compare_to_goal(line), line.more)
    (console or Console()).print(table)


def lines(figures: dict[str, Any]) -> Iterator[Line]:
    """Rows of the table from the figures of `measure`."""
    yield from _start(figures)
    yield from _classification(figures["classification"])
    yield from _work(figures)
    yield from _signing(figures["signing"])
    yield from _records(figures["records"])
    yield from _updates(figures["updates"])
    yield from _flood(figures["flood"])


def _start(figures: dict[str, Any]) -> Iterator[Line]:
    start, packages = figures["start"], figures["packages"]
    imports = f"import aiogram {start['import_aiogram']['wall_s']:g} s, everything {start['import_bot']['wall_s']:g} s"
    without = "TensorFlow is required" if packages["needs_tensorflow"] else "no TensorFlow among them"
    yield Line("bot ready", start["ready_s"], "s", 6, imports)
    yield Line("csss classify, one picture", start["classify_s"], "s")
    yield Line("installed for serving", packages["mb"], "MB", None, f"{packages['packages']} packages, {without}")


def _classification(told: dict[str, Any]) -> Iterator[Line]:
    size = f"{told['picture']['width']} × {told['picture']['height']} JPEG"
    for threads, steps in told["threads"].items():
        for step, figure in steps.items():
            name = step.removesuffix("_ms").replace("_", " ")
            goal = 30 if step == "reading_ms" else None
            more = f"p90 {figure['p90']:g}"
            yield Line(f"{name}, {threads} thread{'s' * (threads != '1')}", figure["median"], "ms", goal, more)
    walls = told["walls"]
    more = f"without them {walls['without_ms']['median']:g} ms · a new decoder answers after {walls['start_ms']} ms"
    yield Line("decoding behind the decoder's walls", walls["behind_ms"]["median"], "ms", None, more)
    yield Line("picture", told["picture"]["bytes"] / 1000, "kB", None, size)


def _work(figures: dict[str, Any]) -> Iterator[Line]:
    pdf, story, memory = figures["pdf"], figures["story"], figures["memory"]
    yield Line("PDF, warm press", pdf["warm_s"]["median"], "s", 1, f"{pdf['bytes'] / 1000:.0f} kB")
    yield Line("press until warm", pdf["start_s"], "s")
    yield Line("upload to report", story["median_s"], "s", 5, f"slowest {story['slowest_s']:g} of {story['scans']}")
    yield Line("bot's memory after start", memory["started_mb"], "MB", 300)
    yield Line("bot's memory after the scans", memory["after_mb"], "MB", 300, f"peak {memory['peak_mb']:g}")
    yield Line("memory of the PDF and decoder processes", memory["beside_mb"], "MB")


def _flood(told: dict[str, Any]) -> Iterator[Line]:
    calm, flooded = told["calm_ms"]["median"], told["flooded_ms"]["median"]
    more = f"{flooded:g} instead of {calm:g} ms"
    yield Line(f"an answer while another floods, {told['per_s']} a second", told["ratio"], "", 1.2, more)


def _signing(told: dict[str, Any]) -> Iterator[Line]:
    yield Line(
        "drawing a report of three pages", told["draw_cpu_ms"]["median"], "ms CPU", None, _ninth(told["draw_cpu_ms"])
    )
    sizes = f"master {told['master_bytes'] / 1000:.0f} kB, copy {told['copy_bytes'] / 1000:.0f} kB"
    more = f"{_ninth(told['lock_cpu_ms'])} · {sizes}"
    yield Line("its six signatures and the lock", told["lock_cpu_ms"]["median"], "ms CPU", None, more)
    more = f"from {told['settled_mb']:g} MB after ten"
    yield Line(f"press's growth over {told['prints']} signed reports", told["grown_mb"], "MB", 10, more)
    more = f"{told['loop_late_ms']:g} ms late at most by the clock, others' work included"
    yield Line(
        f"the bot's own work in one turn, {told['at_once']} reports at once", told["loop_cpu_ms"], "ms CPU", 50, more
    )


def _ninth(figure: dict[str, float]) -> str:
    return f"p90 {figure['p90']:g}"


def _records(told: dict[str, Any]) -> Iterator[Line]:
    more = f"the same transaction without it {told['empty_ms']:g} ms"
    yield Line("a row of the record, with its commit", told["append_ms"], "ms", 2, more)
    yield Line("an own code before an operation (step-up), asked and typed", told["step_up_ms"], "ms")
    more = f"{told['rows']} rows in {told['verify_s']:g} s"
    yield Line("walking 100,000 rows of it", told["verify_100000_s"], "s", 5, more)
    more = f"a few words {told['words_us']:g} µs"
    yield Line("sealing and opening the picture", told["picture_ms"], "ms", None, more)


def _updates(told: dict[str, Any]) -> Iterator[Line]:
    for bot in ("csss", "echo"):
        answer = told[bot]["answer_ms"]
        more = f"{told[bot]['cpu_ms']:g} ms CPU each · a lone answer after {answer['median']:g} ms"
        yield Line(f"updates a second, {bot}", told[bot]["per_s"], "", None, more)
    more = f"of CPU {told['cpu_ratio']:g} · Telegram lets a bot send {told['telegram_allows_per_s']} a second"
    yield Line("csss to echo", told["rate_ratio"], "", None, more)


def _compare_to_goal(line: Line) -> str:
    if line.goal is None:
        return ""
    return f"< {line.goal:g} {line.unit} {'✓' if line.figure < line.goal else '✗'}"
