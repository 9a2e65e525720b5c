"""The result of a run as a table, and as JSON."""

from typing import Any

from rich.console import Console
from rich.table import Table

from bot.dev.chaos.conduct import Result


def show(result: Result, console: Console | None = None) -> None:
    """Print on stdout, or on the given console."""
    title = f"{result.database}: {result.scans} scans, seed {result.seed}, {result.seconds:.0f} s"
    faults = Table("at", "fault", "what was done", title=f"{title} · {len(result.faults)} faults")
    for fault in result.faults:
        faults.add_row(f"{fault.at:.0f} s", fault.name, fault.what)
    findings = Table("promise", "found", "kept", title=title)
    for finding in result.findings:
        findings.add_row(finding.promise, finding.found, "yes" if finding.kept else "NO")
    if result.left_out:
        faults.caption = f"too short a run for: {', '.join(result.left_out)}"
    screen = console or Console()
    screen.print(faults)
    screen.print(findings)


def as_data(result: Result) -> dict[str, Any]:
    return {
        "database": result.database,
        "scans": result.scans,
        "seed": result.seed,
        "seconds": result.seconds,
        "kept": result.kept,
        "faults": [fault._asdict() for fault in result.faults],
        "left_out": list(result.left_out),
        "repeats": [repeat._asdict() for repeat in result.repeats],
        "findings": [finding._asdict() for finding in result.findings],
    }
