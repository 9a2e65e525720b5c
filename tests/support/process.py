"""The bot as a separate process that a test can kill at a chosen moment and restart over the same data."""

import asyncio
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.dev.program import Program
from bot.dev.sandbox import Mail, Sandbox
from bot.dev.watched_calls import Calls, Matches, call, watched_mails

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


class BotProcess:
    """`csss run`, or another command, with the settings in its environment, as a service starts it."""

    def __init__(self, sandbox: Sandbox, data: Path, *command: str, **settings: str) -> None:
        self.sandbox, self.data, self.kills = sandbox, data, 0
        data.mkdir(exist_ok=True)
        words = command or ("run",)
        log = "-".join(("log", *(word.strip("-").replace(",", "-") for word in words if word != "run")))
        arguments = (sys.executable, "-m", "bot", *words, "--allow-root")
        self._program = Program(arguments, self._environment(settings), ROOT, data / log)
        self._calls = Calls.of(sandbox)

    async def starts(self) -> None:
        """Wait until it polls Telegram for updates, or asks to have them posted."""
        asking = asyncio.Event()
        calls = [call(method) for method in ("getUpdates", "deleteWebhook", "setWebhook")]
        self._calls.watches = lambda made: asking.set() if any(one(made) for one in calls) else None
        await self._program.start()
        async with asyncio.timeout(PATIENCE):
            await asking.wait()

    async def starts_as_spare(self, words: str) -> None:
        """Wait until its log holds these words; it asks Telegram for nothing."""
        await self._program.start()
        async with asyncio.timeout(PATIENCE):
            while words not in self._program.log.read_text():  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def killed_at(self, moment: Matches) -> AsyncIterator[None]:
        """Kill it when this call was carried out; start it again at the end of the block."""
        self._calls.watches = lambda made: self.kill() if moment(made) else None
        yield
        await self.rises()

    @asynccontextmanager
    async def killed_by_mail(self, words: str) -> AsyncIterator[None]:
        """Kill it when the mailbox has accepted such a mail, before the bot gets the answer."""

        def caught(mail: Mail) -> None:
            if words in f"{mail.subject} {mail.text}":
                self.kill()

        with watched_mails(self.sandbox, caught):
            yield
            await self.rises()

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

    @property
    def pid(self) -> str:
        """Its number, as in the owner of a job."""
        return str(self._program.process.pid)

    def kill(self) -> None:
        """Send kill -9, once."""
        self._calls.watches = lambda _: None
        self._program.kill()
        self.kills += 1

    async def rises(self) -> None:
        """Make sure that it is dead; then start it again."""
        async with asyncio.timeout(PATIENCE):
            assert await self._program.process.wait() == -signal.SIGKILL
        await self.starts()

    async def ends(self) -> None:
        """Stop it and the child processes that a killed one left behind."""
        assert await self._program.stop(PATIENCE) == 0

    def _is_running(self, kind: str) -> bool:
        query = "SELECT count(*) FROM jobs WHERE kind = ? AND leased_until IS NOT NULL AND ended_at IS NULL"
        connection = sqlite3.connect(f"file:{self.data / 'clinic.db'}?mode=ro", uri=True)
        try:
            return bool(connection.execute(query, (kind,)).fetchone()[0])
        finally:
            connection.close()

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        """This clinic's settings as variables."""
        clinic = {
            "BOT_TOKEN": self.sandbox.token,
            "BOT_API": self.sandbox.base,
            "DATA": str(self.data),
            "HOSPITAL": "Demo Hospital",
            "SMTP_HOST": self.sandbox.mailbox.host,
            "SMTP_PORT": str(self.sandbox.mailbox.port),
            "SMTP_STARTTLS": "false",
            "WEB_PORT": "0",
        }
        given = {name.upper(): value for name, value in settings.items()}
        return {f"CSSS_{name}": value for name, value in (clinic | given).items()}
