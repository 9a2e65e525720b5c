"""The bot is stopped and started between two questions of a form: the form continues."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

import pytest
from sqlalchemy import select

from bot.app import App, Engines, build_app
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Person, Sandbox, SandboxClient
from models.schema import upgrade
from models.tables.accounts import Account
from models.tables.scans import Prescription, Reading, Scan
from models.vocabulary import Role
from tests.support.account_steps import asks_for_the_name
from tests.support.people import CODE, FINDINGS
from tests.support.rows import UNUSABLE
from workflow import consent
from workflow.accounts import registration, sessions

pytestmark = pytest.mark.slow  # real back-off


class Bot:
    """A bot that can be stopped and started again over the same data folder; Telegram keeps running."""

    def __init__(self, sandbox: Sandbox, data: Path, engines: Engines) -> None:
        self.sandbox, self.data, self.engines = sandbox, data, engines
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self.app: App

    async def starts(self, group: asyncio.TaskGroup) -> Self:
        ready, self._stop = asyncio.Event(), asyncio.Event()
        self._running = group.create_task(self._run(ready, self._stop))
        await ready.wait()
        return self

    async def stops(self) -> None:
        self._stop.set()
        if self._running is not None:
            await self._running

    async def _run(self, ready: asyncio.Event, stop: asyncio.Event) -> None:
        async with build_app(demo_settings(self.sandbox, self.data), self.engines) as self.app:
            await upgrade(self.app.engine)
            await self.app.run(stop, lambda _: ready.set())


class Street(NamedTuple):
    """Telegram, its people, and a bot that is restarted."""

    telegram: SandboxClient
    sandbox: Sandbox
    bot: Bot
    restart: Callable[[], Awaitable[None]]


@asynccontextmanager
async def open_street(engines: Engines, data: Path) -> AsyncIterator[Street]:
    async with Sandbox() as sandbox, SandboxClient(sandbox.base) as telegram, asyncio.TaskGroup() as group:
        bot = await Bot(sandbox, data, engines).starts(group)

        async def restart() -> None:
            await bot.stops()
            await bot.starts(group)

        yield Street(telegram, sandbox, bot, restart)
        await bot.stops()


@pytest.fixture
async def street(engines: Engines, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(engines, tmp_path / "data") as opened:
        yield opened


async def test_registration_survives_a_restart_before_every_answer(street: Street) -> None:
    """The process that gets an answer is never the one that asked the question."""
    amina = await street.telegram.person("Amina")
    await asks_for_the_name(amina)
    await street.restart()
    await amina.sends("Amina Yusuf")
    await amina.sees("email address")
    await street.restart()
    await amina.sends("Amina@Example.org")
    await amina.sees("6-digit code")
    mail = await street.telegram.mail_to("amina@example.org")
    await street.restart()
    await amina.sends(*CODE.findall(mail.text))
    await amina.sees("Choose a password")
    await street.restart()
    await amina.sends("lantern harbour 42")
    await amina.sees("date of birth")
    await street.restart()
    await amina.sends("24.12.1985")
    await amina.sees("Which sex")
    await street.restart()
    await amina.presses("Female")
    await amina.sees("Which language")
    await street.restart()
    await amina.presses("English")
    await amina.sees("Hello Amina Yusuf")

    async with street.bot.app.services.sessions() as session:
        account = (await session.scalars(select(Account))).one()
    assert (account.name, account.email, str(account.date_of_birth)) == (
        "Amina Yusuf",
        "amina@example.org",
        "1985-12-24",
    )
    shown = " ".join(message.text for message in await amina.messages())
    assert "lantern" not in shown


async def test_findings_prescription_and_what_troubles_you_survive_a_restart(street: Street, picture: bytes) -> None:
    """Each form of a scan is interrupted halfway; messages sent while the bot is away are handled too."""
    amina, rao, meena = [await _enters(street, role) for role in (Role.PATIENT, Role.DOCTOR, Role.PHARMACIST)]
    await amina.sends_photo(picture)
    await amina.sees("What troubles you")
    await street.restart()
    await amina.sends("Cough")
    await amina.sees("Since when")
    await rao.presses("Analyse")
    await rao.presses("Write findings")
    if "own reading" in (await rao.sees("")).text:
        await rao.sends("Pneumonia.")
        await rao.sees("Findings")
    await rao.sends(FINDINGS[0])
    await rao.sees("Impression")
    await street.bot.stops()
    await rao.sends(FINDINGS[1])
    await street.restart()
    await rao.sees("Recommendations", timeout=20)
    await rao.sends(FINDINGS[2])
    await rao.presses("Verify", on="Written down")
    await meena.presses("Prescribe")
    await meena.presses("Fever, pain")
    await meena.sees("Written down")
    await street.restart()
    await meena.sends("Water, much")
    await meena.sees("Water, much")

    async with street.bot.app.services.sessions() as session:
        scan, reading = await session.get_one(Scan, 1), await session.get_one(Reading, 1)
        prescription = await session.get_one(Prescription, 1)
    assert scan.complaint == "Cough"
    assert (reading.findings, reading.impression, reading.recommendations) == FINDINGS
    assert [line.split()[0] for line in prescription.lines] == ["ready.fever", "Water,"]


async def _enters(street: Street, role: Role) -> Person:
    """Link an account of this role to a chat."""
    person = await street.telegram.person(f"A {role}")
    telegram, now = street.bot.app.services, datetime.now(UTC)
    person_data = registration.Person(f"A {role}", f"{role}@example.org", UNUSABLE)
    async with telegram.sessions.begin() as session:
        await registration.add_staff(session, person_data, role, now)
        actor = await sessions.sign_in(session, person.chat_id, person_data.email, now)
        await consent.agree(session, actor, now)
    await person.sends("/start")
    await person.sees("Hello")
    return person
