"""`csss sandbox`: the Bot API emulator alone."""

import asyncio
import json
from typing import Annotated

import typer

from bot.cli.refusal import fail
from bot.dev.sandbox import DEMO_TOKEN, Sandbox, SandboxRefused


def sandbox(
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8081,
    token: Annotated[str, typer.Option(help="The bot token it accepts, of the form 42:SANDBOX….")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout and nothing else.")] = False,
) -> None:
    """The Bot API emulator alone, on loopback, with one person who has pressed Start."""
    try:
        asyncio.run(_serve(port, token or DEMO_TOKEN, as_json))
    except SandboxRefused as refused:
        fail(str(refused))
    except OSError:
        fail(f"port {port} is taken: choose another with --port")
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _serve(port: int, token: str, as_json: bool) -> None:
    async with Sandbox(token, port) as running:
        chat_id = running.person("Amina", "patient", started=True)
        facts = {"base": running.base, "token": running.token, "chat_id": chat_id}
        typer.echo(json.dumps(facts) if as_json else "\n".join(f"{name}: {value}" for name, value in facts.items()))
        await asyncio.Event().wait()
