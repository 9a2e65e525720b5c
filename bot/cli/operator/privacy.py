"""`csss privacy`: the people concerned by a breach of data."""

import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO
from zoneinfo import ZoneInfo

import typer

from bot.cli.database import with_session
from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from workflow.audit.spreadsheet import spreadsheet_cell
from workflow.errors import NotFound
from workflow.privacy.breach import Breach, Concerned, find_concerned

app = typer.Typer(help="Breaches of data.", no_args_is_help=True)
DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]


@app.callback()
def privacy() -> None:
    """Breaches of data."""


@app.command()
def concerned(
    since: Annotated[
        datetime | None, typer.Option(formats=DAYS, help="From this day or time, as the clock shows.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAYS, help="Up to this day or time, not included.")] = None,
    actor: Annotated[str | None, typer.Option(help="Address of the account that was misused.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="CSV file, readable by its owner only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line for each person.")] = False,
) -> None:
    """List whose data was read or changed, and how to reach them; without a limit everybody whose data is kept.

    The list is itself recorded."""
    zone = ZoneInfo(settings_or_exit().timezone)
    try:
        span = [one.replace(tzinfo=zone).astimezone(UTC) if one else None for one in (since, until)]
    except OverflowError:
        fail("there is no such day: a year lies between 2 and 9998")
    breach = Breach(span[0], span[1], actor)
    try:
        people: Sequence[Concerned] = with_session(lambda session: find_concerned(session, breach, datetime.now(UTC)))
    except NotFound:
        fail(f"there is no account with {actor}")
    if as_json:
        for one in people:
            typer.echo(json.dumps(one._asdict(), ensure_ascii=False, default=str))
        return
    if output is None:
        _write(people, sys.stdout)
    else:
        output.touch(mode=0o600)
        with output.open("w", newline="", encoding="utf-8") as file:
            _write(people, file)
    typer.echo(f"{len(people)} people are concerned.", err=output is None)


def _write(people: Sequence[Concerned], file: TextIO) -> None:
    writer = csv.writer(file)
    writer.writerow(Concerned._fields)
    writer.writerows([spreadsheet_cell(value) for value in one] for one in people)
