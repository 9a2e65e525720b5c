"""`csss demo`, `csss sandbox`, `csss bench`: try the house and measure it, no Telegram account needed."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from bot.cli.refusal import fail

Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout and nothing else.")]


def demo(
    auto: Annotated[bool, typer.Option("--auto", help="Play the whole story by itself and exit.")] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
    port: Annotated[int, typer.Option(help="Port of the web chat; 0 takes a free one.")] = 8081,
    out: Annotated[Path | None, typer.Option(help="Folder for the PDF and the emails of --auto.")] = None,
    voice: Annotated[bool, typer.Option("--voice", help="Read the report aloud: needs espeak-ng, opus-tools.")] = False,
    as_json: Json = False,
) -> None:
    """The whole clinic on this machine: web chat, mailbox and bot, with demo people and a sample scan."""
    from bot.dev.demo import live, story  # noqa: PLC0415 - seconds, for who only asks for --help
    from bot.observability.logs import set_up  # noqa: PLC0415

    set_up("console", level=30)
    try:
        if auto:
            _print_story(asyncio.run(story(0, out, None if as_json else typer.echo)), as_json)
        else:
            asyncio.run(live(port, lambda facts: _welcome(facts, as_json, headless), voice))
    except ValidationError as wrong:
        fail("; ".join(one["msg"].removeprefix("Value error, ") for one in wrong.errors()))
    except OSError as error:
        fail(f"port {port} is taken: choose another with --port" if error.errno == 98 else str(error))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def sandbox(
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8081,
    token: Annotated[str, typer.Option(help="The bot token it accepts, of the form 42:SANDBOX….")] = "",
    as_json: Json = False,
) -> None:
    """The Bot API emulator alone, on loopback, with one person who has pressed Start."""
    from bot.dev.sandbox import DEMO_TOKEN, Sandbox, SandboxRefused  # noqa: PLC0415

    async def serve() -> None:
        async with Sandbox(token or DEMO_TOKEN, port) as open_sandbox:
            chat_id = open_sandbox.person("Amina", "patient", started=True)
            facts = {"base": open_sandbox.base, "token": open_sandbox.token, "chat_id": chat_id}
            typer.echo(json.dumps(facts) if as_json else "\n".join(f"{name}: {value}" for name, value in facts.items()))
            await asyncio.Event().wait()

    try:
        asyncio.run(serve())
    except SandboxRefused as refused:
        fail(str(refused))
    except OSError:
        fail(f"port {port} is taken: choose another with --port")
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Few runs: half a minute instead of three.")] = False,
    prints: Annotated[int | None, typer.Option(min=1, help="Signed reports over which memory is watched.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the figures of the README on this machine and print them as a table."""
    from bot.dev.bench.children import BenchFailed  # noqa: PLC0415
    from bot.dev.bench.figures import FULL, QUICK, measure  # noqa: PLC0415
    from bot.dev.bench.table import show  # noqa: PLC0415

    try:
        effort = QUICK if quick else FULL
        figures = measure(effort._replace(prints=prints) if prints else effort)
    except BenchFailed as failed:
        fail(str(failed))
    typer.echo(json.dumps(figures)) if as_json else show(figures)


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


def _print_story(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(f"\n{told['status']} in {told['seconds']} s\nReport: {told['pdf']}")
    for mail in told["emails"]:
        typer.echo(f"Email:  {mail}")
