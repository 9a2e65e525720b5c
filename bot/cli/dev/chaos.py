"""`csss chaos`: real processes under faults, and whether every promise was kept."""

import asyncio
import json
import signal
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError

from bot.cli.refusal import fail
from bot.dev.chaos.conduct import run
from bot.dev.chaos.table import as_data, show


def chaos(
    scans: Annotated[int, typer.Option(min=1, max=1000, help="Scans that are brought to their reports.")] = 20,
    postgresql: Annotated[
        str,
        typer.Option(help="Address of a PostgreSQL server, postgresql+psycopg://…, where a database may be created."),
    ] = "",
    seed: Annotated[
        int, typer.Option(help="Kinds, order and lengths of the faults; moments differ by the machine.")
    ] = 1,
    keep_logs: Annotated[bool, typer.Option("--keep-logs", help="Keep the processes' logs and say where.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else.")] = False,
) -> None:
    """Run bot, workers, sandbox and mail server on scratch data under kills, outages, a full disk and wrong clocks.

    SQLite by default; exit code 1 where a promise was broken."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no process is left behind
    try:
        result = asyncio.run(run(scans, seed, postgresql, lambda line: typer.echo(line, err=True), keep_logs))
    except OperationalError:
        fail("the PostgreSQL server does not answer, or lets nobody create a database there")
    typer.echo(json.dumps(as_data(result))) if as_json else show(result)
    raise typer.Exit(0 if result.kept else 1)
