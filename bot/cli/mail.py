"""`csss mail`: bounced mail, as the mail server hands it over."""

import sys
from datetime import UTC, datetime

import typer

from bot.channels.bounces import bounced_message_id
from bot.cli.database import with_session
from workflow.reporting.deliveries import record_bounce

app = typer.Typer(help="Bounced mail.", no_args_is_help=True)


@app.callback()
def mail() -> None:
    """Bounced mail."""


@app.command()
def bounced() -> None:
    """Read a bounced mail from stdin; the running bot then notifies administrator and patient.

    In /etc/aliases: `scans-bounces: "|/opt/csss/.venv/bin/csss mail bounced"`. The exit code is 0 for any mail: on
    another one the mail server would return the notice."""
    message_id = bounced_message_id(sys.stdin.buffer.read())
    if message_id is None:
        typer.echo("no mail that failed for good; nothing to do")
        return
    recorded = with_session(lambda session: record_bounce(session, message_id, "bounce", datetime.now(UTC)))
    typer.echo("noted" if recorded else "not one of ours, or known already")
