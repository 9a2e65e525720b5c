"""`csss demo`: the whole clinic on this machine, no Telegram account needed."""

import asyncio
import errno
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from bot.cli.refusal import fail
from bot.dev.demo import live, story
from bot.observability.logs import configure_logging
from bot.preflight import PreflightFailed


def demo(
    auto: Annotated[bool, typer.Option("--auto", help="Play the whole story by itself and exit.")] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
    port: Annotated[int, typer.Option(help="Port of the web chat; 0 takes a free one.")] = 8081,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the PDF and the emails of --auto; by default a temporary one.")
    ] = None,
    voice: Annotated[bool, typer.Option("--voice", help="Read the report aloud: needs espeak-ng, opus-tools.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout and nothing else.")] = False,
) -> None:
    """The whole clinic on this machine: web chat, mailbox and bot, with demo people and a sample scan."""
    configure_logging("console", level=30)
    try:
        if auto:
            _print_story(asyncio.run(story(0, out, None if as_json else typer.echo)), as_json)
        else:
            asyncio.run(live(port, lambda facts: _welcome(facts, as_json, headless), voice))
    except PreflightFailed as failed:
        fail(str(failed))
    except ValidationError as invalid:
        fail("; ".join(one["msg"].removeprefix("Value error, ") for one in invalid.errors()))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        fail(f"port {port} is taken: choose another with --port" if taken else str(error))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _welcome(facts: dict[str, Any], as_json: bool, headless: bool) -> None:
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.secho(f"\n  Web chat: {facts['web']}\n", bold=True)
    typer.echo("  You are all of these people; the bot is the real one:")
    for person in facts["people"]:
        typer.echo(f"    {person['name']:16} {person['role']}")
    typer.echo("\n  Start as Amina: send the sample X-ray. Everything stays on this machine; Ctrl+C ends it.\n")
    if not headless:
        typer.launch(facts["web"])


def _print_story(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(f"\n{result['status']} in {result['seconds']} s\nReport: {result['pdf']}")
    for mail in result["emails"]:
        typer.echo(f"Email:  {mail}")
