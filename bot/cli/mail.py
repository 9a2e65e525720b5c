"""`csss mail bounced`: for the mail server, which alone learns that a mail came back."""

import sys
from datetime import UTC, datetime

import typer

from bot.cli.clinic import with_session

app = typer.Typer(help="Mail.", no_args_is_help=True)


@app.callback()
def mail() -> None:
    """Mail."""


@app.command()
def bounced() -> None:
    """Read a returned mail from stdin; the running bot then tells administrator and patient.

    In /etc/aliases: `scans-bounces: "|/opt/csss/.venv/bin/csss mail bounced"`. Always ends well: a mail server would
    send the notice back otherwise."""
    from bot.channels.bounces import returned  # noqa: PLC0415 - seconds, for who only asks for --help
    from workflow.reporting.deliveries import came_back  # noqa: PLC0415

    found = returned(sys.stdin.buffer.read())
    if found is None:
        typer.echo("no mail that failed for good; nothing to do")
        return
    known = with_session(lambda session: came_back(session, found, "bounce", datetime.now(UTC)))
    typer.echo("noted" if known else "not one of ours, or known already")
