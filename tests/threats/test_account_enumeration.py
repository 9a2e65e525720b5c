"""Threat: a stranger learns from the bot's answers whether an address has an account."""

import random
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import delete, select

from bot import hospital
from bot.channels.email import Email, Refusal, UndeliverableMail
from bot.jobs import codes as code_jobs
from bot.services import Services
from bot.settings import Settings
from handlers.ui.texts import Catalogues
from models.base import Sessions
from models.tables.jobs import Job
from models.vocabulary import Role, Sex
from tests.support.people import Clinic
from tests.support.rows import KEY, NOW, a_person
from tests.support.steps import actor
from workflow import jobs
from workflow.accounts import password_reset, registration
from workflow.accounts.chats import phones
from workflow.accounts.files import walk_ins
from workflow.errors import CodeError
from workflow.jobs import JobKind

MAIL = ("fine", "451", "550", "away")
INPUTS = ("ask", "type", "61 s", "11 min", *MAIL)
DOORS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "reset": (password_reset.request_reset_code, password_reset.verify_reset_code),
    "registration": (registration.request_email_code, registration.verify_email_code),
}
CATALOGUES = Catalogues(hospital.for_chats(Settings(_env_file=None, bot_token="42:SANDBOX-test")))
WALK_IN = walk_ins.WalkIn("Leela Menon", "en", date(1950, 1, 2), False, Sex.FEMALE, "+919840044444", ())
HANDLERS = {"MAIL_CODE": code_jobs.mail_code, "MAIL_ACCOUNT_EXISTS": code_jobs.mail_account_exists}


class Conversation:
    """One chat asks about one address; `seen` is all that the chat is shown, in order."""

    def __init__(self, sessions: Sessions, door: str, chat_id: int, email: str, at: datetime) -> None:
        self.sessions, self.door, self.chat_id, self.email, self.at = sessions, DOORS[door], chat_id, email, at
        self.seen: list[object] = []
        self.mail = "fine"

    async def send(self, _email: Email) -> None:
        """The mail server, as the mailer reports it."""
        match self.mail:
            case "550":
                raise UndeliverableMail(Refusal.ADDRESS)
            case "451" | "away":
                raise OSError(self.mail)

    async def play(self, inputs: Sequence[str]) -> list[object]:
        for typed in inputs:
            self.seen.append(typed)
            match typed:
                case "ask":
                    await self._ask()
                case "type":
                    async with self.sessions.begin() as session:
                        self.seen.append(await self.door[1](session, self.chat_id, self.email, "not 1", KEY, self.at))
                case "61 s" | "11 min":
                    self.at += timedelta(seconds=61) if typed == "61 s" else timedelta(minutes=11)
                case _:
                    self.mail = typed
            await self._run_jobs()
        async with self.sessions.begin() as session:
            await session.execute(delete(Job))
        return self.seen

    async def _ask(self) -> None:
        try:
            async with self.sessions.begin() as session:
                await self.door[0](session, self.chat_id, self.email, "en", self.at)
        except CodeError as error:
            self.seen.append((type(error).__name__, error.values))

    async def _run_jobs(self) -> None:
        services = cast(
            "Services",
            SimpleNamespace(
                sessions=self.sessions, secret_key=KEY, now=lambda: self.at, catalogues=CATALOGUES,
                mail_domain="example.org", mailer=self,
            ),
        )  # fmt: skip
        async with self.sessions() as session:
            due = select(Job).where(Job.ended_at.is_(None), Job.run_at <= self.at)
            waiting = list(await session.scalars(due.order_by(Job.id)))
        for job in waiting:
            if job.kind == JobKind.NOTIFY_CREDENTIAL:  # tells the owner, not this chat
                continue
            try:
                await HANDLERS[job.kind.upper()](services, **job.payload)
            except OSError as error:
                async with self.sessions.begin() as session:
                    await jobs.postpone(session, job.id, str(error), self.at)
            else:
                async with self.sessions.begin() as session:
                    await jobs.finish(session, [job.id], self.at)


@pytest.fixture(autouse=True)
def _notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every later word of a mail job goes into the transcript of its conversation."""

    async def notify(services: Any, _chats: object, _key: str, sentence: str, texts: Any, **_values: object) -> None:
        services.mailer.seen.append((sentence, texts.language))

    monkeypatch.setattr(code_jobs, "notify", notify)


async def _differences(sessions: Sessions, sequences: Sequence[Sequence[str]]) -> list[object]:
    """Sequences whose transcripts differ. Each plays on a day of its own, with an account that reads Tamil."""
    found: list[object] = []
    for number, (door, inputs) in enumerate(product(DOORS, sequences)):
        at, known = NOW + timedelta(days=number), f"known{number}@example.org"
        async with sessions.begin() as session:
            await a_person(session, Role.PATIENT, email=known, language="ta")
        real = await Conversation(sessions, door, 2 * number + 1, known, at).play(inputs)
        decoy = await Conversation(sessions, door, 2 * number + 2, f"unknown{number}@example.org", at).play(inputs)
        if real != decoy:
            found.append((door, real, decoy))
    return found


async def test_the_ways_that_told_a_known_address_before_tell_nothing(sessions: Sessions) -> None:
    told = [
        ("ask", "ask"),
        ("ask", "61 s", "ask", "ask"),
        ("550", "ask", "type"),
        ("away", "ask", "11 min", "type", "fine"),
        ("451", "ask", "61 s", "fine", "61 s", "type"),
        ("away", "ask", "11 min", "fine", "11 min"),
        ("ask", *["type"] * 6, "61 s", "ask", "type"),
    ]
    assert await _differences(sessions, told) == []


async def test_transcripts_about_a_known_and_an_unknown_address_are_equal(sessions: Sessions) -> None:
    chance = random.Random(11)
    sample = [("ask", *chance.choices(INPUTS, k=5)) for _ in range(12)]
    assert await _differences(sessions, sample) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_transcripts_are_equal_for_every_sequence_of_three_and_many_of_six(sessions: Sessions) -> None:
    """Every one on SQLite; PostgreSQL, on which the same queries run, answers a tenth of them."""
    chance = random.Random(12)
    every = [(first, "ask", *rest) for first in MAIL for rest in product(INPUTS, repeat=2)]
    every += [tuple(chance.choices(INPUTS, k=6)) for _ in range(500)]
    if sessions.kw["bind"].dialect.name == "postgresql":
        every = chance.sample(every, len(every) // 10)
    assert await _differences(sessions, every) == []


async def test_a_telephone_that_has_an_account_is_answered_like_one_that_has_none(clinic: Clinic) -> None:
    """Nobody is signed in by a number alone, which operators give to somebody else after a while.

    Known numbers: of an account's WhatsApp, of one that registered by telephone, and of a file of the desk."""
    now = clinic.app.services.now()
    async with clinic.app.services.sessions.begin() as session:
        amina, joseph = [await actor(session, f"{name}@example.org") for name in ("amina", "joseph")]
        await phones.turn_whatsapp_on(session, amina, "+919840011111", now)
        await walk_ins.register(session, joseph, WALK_IN, now)
    heard = [
        await _registers(clinic, chat, phone)
        for chat, phone in (
            ("Phone one", "+919840011111"),
            ("Phone two", "+919840022222"),
            ("Phone three", "+919840022222"),
            ("Phone four", WALK_IN.phone or ""),
        )
    ]
    assert heard[1:] == heard[:-1]


async def _registers(clinic: Clinic, chat: str, phone: str) -> list[str]:
    """Register by telephone; returns all that the chat is shown."""
    person = await clinic.telegram.person(chat)
    await person.sends("/register")
    await person.sees("share your telephone number")
    await person.sends_contact(phone)
    await person.sees("full name")
    await person.sends("Somebody Else")
    await person.sees("date of birth")
    await person.presses("Skip")
    await person.presses("Male", on="Which sex")
    await person.presses("English", on="Which language")
    await person.sees("Your report will come to this chat")
    await person.sends("/scans")
    await person.sees("no scan of yours yet")
    return [message.text for message in await person.messages() if not message.outgoing]
