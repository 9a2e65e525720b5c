"""`csss bench`: the speed figures of this machine."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.refusal import fail
from bot.dev.bench.children import BenchFailed
from bot.dev.bench.figures import FULL, QUICK, measure
from bot.dev.bench.load import figures as load
from bot.dev.bench.table import show


class Part(StrEnum):
    LOAD = "load"


def bench(
    part: Annotated[
        Part | None, typer.Argument(help="`load`: updates, throughput and answers of a large clinic.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few runs: half a minute instead of three.")] = False,
    prints: Annotated[int | None, typer.Option(min=1, help="Signed reports over which memory is watched.")] = None,
    postgresql: Annotated[
        str, typer.Option(help="With `load`: a PostgreSQL server where a database may be created.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout and nothing else.")] = False,
) -> None:
    """Measure the figures of the README on this machine and print them as a table."""
    try:
        if part is Part.LOAD:
            figures = load.measure(load.QUICK if quick else load.FULL, postgresql)
        else:
            effort = QUICK if quick else FULL
            figures = measure(effort._replace(prints=prints) if prints else effort)
    except BenchFailed as failed:
        fail(str(failed))
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        (load.show if part is Part.LOAD else show)(figures)
