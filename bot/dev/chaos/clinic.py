"""The clinic under test: sandbox, mail server, database, and the processes that a service manager would keep up."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from sqlalchemy import make_url

from bot.dev.bench.clinics import open_sessions, settings
from bot.dev.chaos.relay import HOST, Relay
from bot.dev.demo import Cast, add_cast
from bot.dev.postgres import scratch_database
from bot.dev.program import Program
from bot.dev.sandbox import Sandbox
from models.base import Sessions, open_engine
from models.schema import upgrade

ENTRY: Final = "from bot.dev.chaos.process import main; main()"
ROLES: Final = {False: ("bot",), True: ("bot-without-worker", "bot", "worker", "worker")}  # by: is it PostgreSQL
READY: Final = re.compile(rb'"event": "(the worker is )?ready"')
START_PAUSE: Final = 1.0  # seconds before an ended process is started again, as RestartSec= of a unit
UP_WITHIN: Final = 240.0  # seconds from a start until a process must be ready, on a slow machine, too
CLOCK_JUMP: Final = 60.0  # seconds that the clock is put ahead; a job that is made meanwhile waits as long
STOP_WITHIN: Final = 40.0  # seconds, as TimeoutStopSec=


@dataclass
class Kept:
    """A program that is started again when it ends; `own_ends` counts the ends that nobody ordered."""

    name: str
    program: Program
    own_ends: int = 0
    kills: int = 0
    _logged: int = 0  # bytes of the log before the last start
    _kills_before: int = -1  # `kills` when the process that runs now was started

    async def keep(self) -> None:
        while True:
            self._logged = self.program.log.stat().st_size if self.program.log.exists() else 0
            await self.program.start()
            self._kills_before = self.kills
            await self.program.process.wait()
            if self.kills == self._kills_before:
                self.own_ends += 1
            await asyncio.sleep(START_PAUSE)

    def kill(self) -> None:
        self.kills += 1
        self.program.kill()

    @property
    def is_running(self) -> bool:
        return self.program.is_running

    @property
    def is_ready(self) -> bool:
        """True once the process that runs now has logged that it is ready, until it is killed or ends."""
        if not self.is_running or self.kills != self._kills_before:
            return False
        with self.program.log.open("rb") as log:
            log.seek(self._logged)
            return READY.search(log.read()) is not None


@dataclass
class Clinic:
    """`server`: the address of the PostgreSQL server; empty for SQLite. `sessions` bypass the relay."""

    sandbox: Sandbox
    folder: Path
    sessions: Sessions
    mail: Relay
    database: Relay | None
    database_name: str
    server: str
    clock: Path
    address: str  # of the database, for the processes
    kept: list[Kept] = field(default_factory=list)

    def set_clock(self, seconds: float) -> None:
        """Put every process's clock this far ahead of the machine's."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self.clock)

    async def ready(self) -> None:
        """Wait until every process is up again. Raises AssertionError, with their names, where some never are."""
        until = monotonic() + UP_WITHIN
        while late := [one.name for one in self.kept if not one.is_ready]:
            assert monotonic() < until, f"not ready after {UP_WITHIN:.0f} s: {', '.join(late)}"
            await asyncio.sleep(0.2)

    def new_program(self, role: str, name: str) -> Program:
        arguments = (sys.executable, "-P", "-c", ENTRY, role, str(self.clock))
        own = settings(self.folder / "data", self.sandbox) | {
            "CSSS_DATABASE": self.address,
            "CSSS_SMTP_HOST": HOST,
            "CSSS_SMTP_PORT": str(self.mail.port),
        }
        return Program(arguments, own, self.folder, self.folder / f"{name}.log")


@asynccontextmanager
async def open_clinic(
    folder: Path, server: str, cast: Sequence[Cast], roles: Sequence[str] = ()
) -> AsyncIterator[Clinic]:
    """A clinic with these people in it, its processes running: by default those of `ROLES`."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox())
        await asyncio.to_thread((folder / "data").mkdir, parents=True)
        direct = f"sqlite+aiosqlite:///{folder / 'data' / 'clinic.db'}"
        if server:
            direct = await stack.enter_async_context(scratch_database(server, "csss_chaos"))
        engine = open_engine(direct)
        stack.push_async_callback(engine.dispose)
        await upgrade(engine)
        sessions = open_sessions(engine)
        await add_cast(sessions, sandbox, cast)
        mail = await stack.enter_async_context(Relay(sandbox.mailbox.host, sandbox.mailbox.port))
        relay, address = None, direct
        if server:
            url = make_url(direct)
            relay = await stack.enter_async_context(Relay(url.host or HOST, url.port or 5432))
            address = url.set(host=HOST, port=relay.port).render_as_string(hide_password=False)
        name = make_url(direct).database or ""
        clinic = Clinic(sandbox, folder, sessions, mail, relay, name, server, folder / "clock", address)
        clinic.set_clock(0)
        await stack.enter_async_context(_kept(clinic, roles or ROLES[bool(server)]))
        yield clinic


@asynccontextmanager
async def _kept(clinic: Clinic, roles: Sequence[str]) -> AsyncIterator[None]:
    """Keep the processes up until the block ends; whatever is left then is killed."""
    for number, role in enumerate(roles, 1):
        name = f"{role}-{number}"
        clinic.kept.append(Kept(name, clinic.new_program(role, name)))
    async with asyncio.TaskGroup() as group:
        keeping = [group.create_task(one.keep()) for one in clinic.kept]
        try:
            yield
        finally:
            for task in keeping:
                task.cancel()
            for one in clinic.kept:
                await one.program.end()
