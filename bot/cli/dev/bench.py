"""`csss bench`: the speed figures of this machine."""

import json
from typing import Annotated

import typer

from bot.cli.refusal import fail
from bot.dev.bench.children import BenchFailed
from bot.dev.bench.figures import FULL, QUICK, measure
from bot.dev.bench.table import show


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Few runs: half a minute instead of three.")] = False,
    prints: Annotated[int | None, typer.Option(min=1, help="Signed reports over which memory is watched.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout and nothing else.")] = False,
) -> None:
    """Measure the figures of the README on this machine and print them as a table."""
    effort = QUICK if quick else FULL
    try:
        figures = measure(effort._replace(prints=prints) if prints else effort)
    except BenchFailed as failed:
        fail(str(failed))
    typer.echo(json.dumps(figures)) if as_json else show(figures)
