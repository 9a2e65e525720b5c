"""The saved data folder and chat server of the previous release, opened again by this one."""

import asyncio
import json
import sqlite3
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.__main__ import app as csss
from bot.app import App, Engines, build_app
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Person, Sandbox, SandboxClient
from bot.dev.sandbox.files import StoredFile
from bot.dev.sandbox.store import Entry
from bot.dev.sandbox.store import Person as Listener
from bot.dev.sandbox.updates import Pending
from tests.support.pace import unpaced

FIXTURE: Final = Path(__file__).with_name("fixture.tar.xz")
SITE: Final = "https://scans.example.org"
TWILIO: Final = {
    "whatsapp_from": "+14155238886",
    "twilio_account_sid": "AC" + "0" * 32,
    "twilio_auth_token": SecretStr("a token of Twilio's"),
    "public_url": SITE,
}
LONG: Final = 1_000_000.0  # hours: only the chat that was last used in 1901 is locked
BRING_FORWARD: Final = "UPDATE jobs SET run_at = :now WHERE ended_at IS NULL AND leased_until IS NULL AND run_at > :now"


class Job(NamedTuple):
    """A row of the job table, as it is on disk."""

    id: int
    kind: str
    ended: bool
    error: str | None


class Restored(NamedTuple):
    """The services that run on the restored data: `saved` is the content of chats.json, `address` the web app's."""

    app: App
    sandbox: Sandbox
    telegram: SandboxClient
    data: Path
    saved: dict[str, Any]
    address: str

    async def person(self, chat_id: int) -> Person:
        return next(one for one in await self.telegram.people() if one.chat_id == chat_id)

    async def named(self, name: str) -> Person:
        return next(one for one in await self.telegram.people() if one.name == name)

    def query(self, statement: str, **values: object) -> list[Any]:
        """Read the database as it is on disk; to change it, call this in a thread."""
        with closing(sqlite3.connect(self.data / "clinic.db", timeout=30)) as database, database:
            return database.execute(statement, values).fetchall()

    def form(self, chat_id: int) -> str | None:
        """The state of the open form of this chat."""
        found = self.query("SELECT state FROM forms WHERE key LIKE :key", key=f"%:{chat_id}:{chat_id}")
        return found[0][0] if found else None

    async def reaches(self, chat_id: int, state: str | None, within: float = 20) -> None:
        """Wait until the form of this chat is in this state."""
        async with asyncio.timeout(within):
            while self.form(chat_id) != state:  # noqa: ASYNC110 - the row tells nobody that it changed
                await asyncio.sleep(0.02)

    def jobs(self) -> list[Job]:
        rows = self.query("SELECT id, kind, ended_at IS NOT NULL, error FROM jobs ORDER BY id")
        return [Job(*row) for row in rows]

    async def settles(self, within: float = 60) -> None:
        """Run every job, scheduled ones too, until none is left."""
        try:
            async with asyncio.timeout(within):
                while any(not job.ended for job in self.jobs()):
                    await asyncio.to_thread(self.query, BRING_FORWARD, now=_now())
                    self.app.worker._wake.set()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"still open: {[job for job in self.jobs() if not job.ended]}") from None

    async def command(self, *words: str) -> str:
        """Run `csss` on the restored folder; its output. Asserts that it succeeded."""
        settings = {"CSSS_BOT_TOKEN": self.saved["token"], "CSSS_DATA": str(self.data)}
        return await command(settings, *words)


async def command(settings: dict[str, str], *words: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, csss, words, env=settings)
    assert result.exit_code == 0, result.output
    return str(result.output)


@asynccontextmanager
async def restored(folder: Path, engines: Engines) -> AsyncIterator[Restored]:
    """Unpack the fixture below `folder`, upgrade it as `csss db upgrade` does, and run the bot on it."""
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(folder, filter="data")
    data, saved = folder / "data", json.loads((folder / "chats.json").read_text(encoding="utf-8"))
    _freshen(data)
    await command({"CSSS_BOT_TOKEN": saved["token"], "CSSS_DATA": str(data)}, "db", "upgrade")
    async with (
        _twilio() as twilio,
        Sandbox(saved["token"]) as sandbox,
        SandboxClient(sandbox.base) as telegram,
        unpaced(build_app(demo_settings(sandbox, data, **TWILIO, **_quick(), twilio_api=twilio), engines)) as app,
    ):
        _fill(sandbox, saved)
        for person in await telegram.people():
            person.mark = saved["last_event"]  # messages from before the upgrade are not new
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(app.run(stop, ready.set_result))
            try:
                yield Restored(app, sandbox, telegram, data, saved, await ready)
            finally:
                stop.set()
                await running


def _quick() -> dict[str, Any]:
    return {"idle_hours": LONG, "messages_per_minute": 60_000, "pictures_per_hour": 10_000, "keep_reports_days": 36_500}


def _freshen(data: Path) -> None:
    """Unanswered questions are deleted after months; the fixture's age must not matter."""
    with closing(sqlite3.connect(data / "clinic.db")) as database, database:
        database.execute("UPDATE faq_misses SET last_at = ?", (_now(),))
        database.execute("UPDATE faq_offers SET at = ?", (_now(),))


def _now() -> str:
    """The current time in SQLite's format."""
    return str(datetime.now(UTC).replace(tzinfo=None))


def _fill(sandbox: Sandbox, saved: dict[str, Any]) -> None:
    """People, messages with their buttons, files and pending updates, with their old ids."""
    engine = sandbox.engine
    for one in saved["people"]:
        engine.store.people[one["chat_id"]] = Listener(
            chat_id=one["chat_id"], name=one["name"], role=one["role"], language_code=one["language_code"],
            username=one["username"], started=one["started"], blocked=one["blocked"], keyboard=one["keyboard"],
        )  # fmt: skip
    for one in saved["entries"]:
        engine.store.keep(
            Entry(body=one["body"], outgoing=one["outgoing"], event=one["event"], keyboard=one["keyboard"])
        )
    engine.store._last_message = saved["last_message"]
    engine.events.last = saved["last_event"]
    engine.updates._last = saved["last_update"]
    for body in saved["updates"]:
        chat_id = body["message"]["chat"]["id"]
        engine.updates.pending[body["update_id"]] = Pending(update_id=body["update_id"], chat_id=chat_id, body=body)
    for one in saved["files"]:
        stored = StoredFile(
            kind=one["kind"], path=one["path"], data=bytes.fromhex(one["data"]), type=one["type"], shown=one["shown"]
        )
        engine.files._keep(stored)


@asynccontextmanager
async def _twilio() -> AsyncIterator[str]:
    """A stand-in for Twilio's API, which takes every message."""

    async def take(_: web.Request) -> web.Response:
        return web.json_response({"sid": "SM" + "7" * 32}, status=201)

    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", take)
    async with TestServer(app) as server:
        yield str(server.make_url(""))
