"""Commands of the operator, each in a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from signal import SIGKILL
from typing import NamedTuple

from bot.settings import Settings
from tests.support.source import ROOT
from tests.support.template import environment


class Ended(NamedTuple):
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str


async def run_command(settings: Settings, *command: str, **more: str) -> Ended:
    """`csss` with these arguments on the clinic's settings; `more`: further variables."""
    process = await _start(settings, command, more)
    stdout, stderr = await process.communicate()
    return Ended(process.returncode or 0, stdout.decode(), stderr.decode())


async def kill_command(settings: Settings, words: str, *command: str) -> None:
    """Start `csss` with these arguments, and kill it as soon as it prints these words."""
    process = await _start(settings, command, {})
    assert process.stdout is not None
    async for line in process.stdout:
        if words in line.decode():
            process.kill()
            break
    await process.communicate()
    assert process.returncode == -SIGKILL


async def _start(settings: Settings, command: tuple[str, ...], more: dict[str, str]) -> Process:
    given = environment(settings) | {"CSSS_BOT_API": settings.bot_api} | more
    if settings.database:
        given["CSSS_DATABASE"] = settings.database.get_secret_value()
    outside = {name: value for name, value in os.environ.items() if not name.startswith("CSSS_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *command), cwd=ROOT, env=outside | given, stdout=PIPE, stderr=PIPE
    )
