"""The bot as a separate process that a test can kill at a chosen moment and restart over the same data."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from bot.dev.sandbox import Mail, Sandbox

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
Sees = Callable[[dict[str, Any]], bool]


def call(method: str, words: str = "") -> Sees:
    """Match a request that Telegram has carried out and whose answer the bot will not receive."""
    return lambda made: made["method"] == method and words in str(made["fields"])


class Calls(deque[Any]):
    """The sandbox's record of calls; `watches` is called for each before its answer leaves."""

    watches: Callable[[dict[str, Any]], None] = staticmethod(lambda _: None)

    def append(self, made: Any) -> None:
        super().append(made)
        self.watches(made)


class BotProcess:
    """`csss run` with the settings in its environment, as a service starts it."""

    def __init__(self, sandbox: Sandbox, data: Path) -> None:
        self.sandbox, self.data, self.kills = sandbox, data, 0
        self._calls = sandbox._bot_api.calls = Calls(maxlen=5_000)
        self._process: asyncio.subprocess.Process | None = None

    async def starts(self) -> None:
        """Wait until it polls Telegram for updates."""
        asking = asyncio.Event()
        polled = call("getUpdates")
        ready = call("deleteWebhook")
        self._calls.watches = lambda made: asking.set() if polled(made) or ready(made) else None
        with (self.data / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", cwd=ROOT, env=self._environment(), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        async with asyncio.timeout(PATIENCE):
            await asking.wait()

    @asynccontextmanager
    async def killed_at(self, moment: Sees) -> AsyncIterator[None]:
        """Kill it when this call was carried out; start it again at the end of the block."""
        self._calls.watches = lambda made: self.kill() if moment(made) else None
        yield
        await self.rises()

    @asynccontextmanager
    async def killed_by_mail(self, words: str) -> AsyncIterator[None]:
        """Kill it when the mailbox has accepted such a mail, before the bot gets the answer."""
        publish = self.sandbox.mailbox.on_mail

        def caught(mail: Mail) -> None:
            publish(mail)
            if words in f"{mail.subject} {mail.text}":
                self.kill()

        self.sandbox.mailbox.on_mail = caught
        yield
        await self.rises()
        self.sandbox.mailbox.on_mail = publish

    @asynccontextmanager
    async def killed_in_the_middle_of_a_fetch(self) -> AsyncIterator[None]:
        """Kill it during a slow download, after it has polled for more updates."""
        yield
        faults, polled = self.sandbox.engine.faults, call("getUpdates")
        async with asyncio.timeout(PATIENCE):
            while faults.ordered:  # noqa: ASYNC110 - the sandbox tells nobody that a fault was met
                await asyncio.sleep(0.01)
        again = asyncio.Event()
        self._calls.watches = lambda made: again.set() if polled(made) else None
        async with asyncio.timeout(PATIENCE):
            await again.wait()
            again.clear()
            await again.wait()
        self.kill()
        await self.rises()

    @asynccontextmanager
    async def killed_during(self, kind: str) -> AsyncIterator[None]:
        """Kill it while it runs a job of this kind, as the database shows from outside."""
        yield
        async with asyncio.timeout(PATIENCE):
            while True:
                await asyncio.sleep(0.002)
                if self._is_running(kind):
                    break
        self.kill()
        await self.rises()

    def kill(self) -> None:
        """Send kill -9, once."""
        assert self._process is not None
        self._calls.watches = lambda _: None
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self.kills += 1

    async def rises(self) -> None:
        """Make sure that it is dead; then start it again."""
        assert self._process is not None
        async with asyncio.timeout(PATIENCE):
            assert await self._process.wait() == -signal.SIGKILL
        await self.starts()

    async def ends(self) -> None:
        """Stop it and the child processes that a killed one left behind."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await self._process.wait() == 0

    def _is_running(self, kind: str) -> bool:
        query = "SELECT count(*) FROM jobs WHERE kind = ? AND leased_until IS NOT NULL AND ended_at IS NULL"
        connection = sqlite3.connect(f"file:{self.data / 'clinic.db'}?mode=ro", uri=True)
        try:
            return bool(connection.execute(query, (kind,)).fetchone()[0])
        finally:
            connection.close()

    def _environment(self) -> dict[str, str]:
        """The current environment without any CSSS settings, plus this clinic's."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("CSSS_")}
        settings = {
            "BOT_TOKEN": self.sandbox.token,
            "BOT_API": self.sandbox.base,
            "DATA": str(self.data),
            "HOSPITAL": "Demo Hospital",
            "SMTP_HOST": self.sandbox.mailbox.host,
            "SMTP_PORT": str(self.sandbox.mailbox.port),
            "SMTP_STARTTLS": "false",
            "WEB_PORT": "0",
        }
        return own | {f"CSSS_{name}": value for name, value in settings.items()}
