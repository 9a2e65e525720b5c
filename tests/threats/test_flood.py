"""Threat: somebody sends more than the house can bear; he hears it once, and everybody else is served as before."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram.types import Document, Update
from prometheus_client import Counter
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from bot.channels.email import Letter, Mail, MailsUsedUp
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox
from bot.dev.sandbox.client.transcript import Message
from bot.dev.sandbox.people import press, say
from bot.telegram.rate_limit import MESSAGES_AT_ONCE, PICTURES_AT_ONCE, PICTURES_UNDER_WAY, Rates, Turnstile
from faq.answer import load
from models.tables.codes import Code, Purpose
from models.tables.desk import TicketWords
from models.tables.jobs import Job
from models.tables.people import Account
from tests.support.jobs import settles
from tests.support.people import House, open_house
from tests.support.wire import said
from workflow.accounts.codes import ALL_PER_WINDOW, MAILS_PER_WINDOW, send_code
from workflow.desk import tickets
from workflow.errors import CodesUsedUp

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FAQ = load()
TOLD = {"en": "too much at once", "ta": "பத்து வினாடிகள்"}


@pytest.fixture
async def strict(engines: Engines) -> AsyncIterator[House]:
    """With the limits of a real clinic, under which the people of the stories may not type."""
    async with open_house(engines, messages_per_minute=120) as opened:
        yield opened


async def test_a_hundred_updates_in_a_second_are_told_once_in_his_language_and_the_others_are_served(
    strict: House,
) -> None:
    await _speaks(strict, "amina@example.org", "ta")
    engine, flooder = strict.sandbox.engine, strict.sandbox.engine.store.people[strict.amina.chat_id]
    async with asyncio.TaskGroup() as group:
        group.create_task(_flood(lambda number: say(engine, flooder, f"/status {number}"), 100))
        for person, question, answer in ((strict.rao, "/help", "How it works"), (strict.meena, "/queue", "Nothing")):
            await person.sends(question)
            await person.sees(answer)
    await strict.amina.sees(TOLD["ta"])
    assert len(await _messages(strict, TOLD["ta"])) == 1
    assert len(await strict.amina.messages()) <= 100 + MESSAGES_AT_ONCE + 2


async def test_more_than_the_feed_shows_at_once_still_holds_up_nobody(strict: House) -> None:
    """Telegram shows a hundred updates from the oldest that is not confirmed. None of his may stay under way, waiting
    for an answer of which there may be one a second, while the doctor's words stand three hundred behind it."""
    engine, flooder = strict.sandbox.engine, strict.sandbox.engine.store.people[strict.amina.chat_id]
    for number in range(300):
        say(engine, flooder, f"/help {number}")
    await strict.rao.sends("/help")
    await strict.rao.sees("How it works")


async def test_presses_count_like_messages(strict: House) -> None:
    engine, flooder = strict.sandbox.engine, strict.sandbox.engine.store.people[strict.rao.chat_id]
    presses = [press(engine, flooder, 1, "nothing", wait=2) for _ in range(MESSAGES_AT_ONCE + 20)]
    popped = [shown["text"] or "" for shown in await asyncio.gather(*presses)]
    assert len([text for text in popped if TOLD["en"] in text]) == 1


async def test_a_flood_is_over_when_it_was_calm_for_a_while(house: House) -> None:
    """While it goes on nothing more is heard, or its answers would pile up; after that he is a guest like any other."""
    clock = Clock()
    turnstile, heard = _turnstile(house, clock)
    for _ in range(MESSAGES_AT_ONCE + 10):
        await turnstile(heard, _says(house), {})
    clock.seconds += 9
    await turnstile(heard, _says(house), {})
    assert heard.count == MESSAGES_AT_ONCE
    clock.seconds += 11
    await turnstile(heard, _says(house), {})
    assert heard.count == MESSAGES_AT_ONCE + 1
    assert len(await _messages(house, TOLD["en"])) == 1


async def test_what_telegram_interrupted_is_not_counted_again(house: House) -> None:
    """A picture whose download is begun again and again is still one picture."""
    turnstile, heard = _turnstile(house)
    for _ in range(PICTURES_AT_ONCE * 2):
        await turnstile(heard, _says(house, picture=True), {"retried": True})
    assert heard.count == PICTURES_AT_ONCE * 2


async def test_pictures_have_a_limit_of_their_own(house: House) -> None:
    """Three albums at once are welcome, and take nothing from the words between them."""
    turnstile, heard = _turnstile(house)
    for _ in range(PICTURES_AT_ONCE + 1):
        await turnstile(heard, _says(house, picture=True), {})
    assert heard.count == PICTURES_AT_ONCE
    await house.amina.sees("very many pictures")
    await turnstile(heard, _says(house), {})
    assert heard.count == PICTURES_AT_ONCE + 1


async def test_only_so_many_pictures_are_under_way_in_the_whole_house(house: House) -> None:
    """Each sender beyond that is told, since each of these pictures is lost; when one is done the next is taken."""
    turnstile, heard = _turnstile(house)
    heard.gate.clear()
    async with asyncio.TaskGroup() as group:
        for number in range(PICTURES_UNDER_WAY):
            group.create_task(turnstile(heard, _says(house, 10**6 + number, picture=True), {}))
        await asyncio.sleep(0)
        for _ in range(2):
            await turnstile(heard, _says(house, picture=True), {})
        assert heard.count == PICTURES_UNDER_WAY
        heard.gate.set()
    await turnstile(heard, _says(house, picture=True), {})
    assert heard.count == PICTURES_UNDER_WAY + 1
    await house.amina.sees("in a minute")


async def test_nobody_floods_a_strangers_mailbox_with_codes(session: AsyncSession) -> None:
    """Each chat may ask three times in a quarter of an hour; all chats together six times for one address."""
    for chat_id in range(MAILS_PER_WINDOW):
        await send_code(session, _code(chat_id, "amina@example.org"), NOW)
    with pytest.raises(CodesUsedUp):
        await send_code(session, _code(99, "amina@example.org"), NOW)
    await send_code(session, _code(99, "meena@example.org"), NOW)
    await send_code(session, _code(98, "amina@example.org"), NOW + timedelta(minutes=16))


async def test_the_house_sends_only_so_many_codes(session: AsyncSession) -> None:
    for number in range(ALL_PER_WINDOW):
        session.add(_code(number, f"{number}@example.org", created_at=NOW, expires_at=NOW))
    await session.flush()
    with pytest.raises(CodesUsedUp):
        await send_code(session, _code(9999, "amina@example.org"), NOW)


async def test_the_house_sends_only_so_many_mails_and_the_others_wait(tmp_path: Any) -> None:
    """A mail that may not leave yet fails like one whose server is down: its job comes again."""
    async with Sandbox() as sandbox:
        mail = Mail(demo_settings(sandbox, tmp_path, mails_per_hour=20))
        for number in range(2):
            await mail.send(Letter("amina@example.org", "Code", "words", f"<{number}@example.org>"))
        with pytest.raises(MailsUsedUp):
            await mail.send(Letter("amina@example.org", "Code", "words", "<3@example.org>"))
        assert len(sandbox.mailbox.mails) == 2


class Heard:
    """A handler that counts, and waits where its gate is shut."""

    def __init__(self) -> None:
        self.count, self.gate = 0, asyncio.Event()
        self.gate.set()

    async def __call__(self, *_: Any) -> None:
        self.count += 1
        await self.gate.wait()


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def _turnstile(house: House, clock: Clock | None = None) -> tuple[Turnstile, Heard]:
    clinic, refused = house.app.clinic, Counter("x", "x", ["kind"], registry=None)
    return Turnstile(clinic.sessions, clinic.catalogues, refused, Rates(60, 60), FAQ, clock or Clock()), Heard()


def _says(house: House, user: int | None = None, picture: bool = False, words: str = "words") -> Update:
    user = user or house.amina.chat_id
    told = said(words, user, user)
    assert told.message
    if picture:
        document = Document(file_id="a", file_unique_id="a")
        changed = {"document": document, "text": None, "caption": words}
        told = told.model_copy(update={"message": told.message.model_copy(update=changed)})
    return Update.model_validate(told.model_dump(by_alias=True), context={"bot": house.app.clinic.bot})


def _code(chat_id: int, email: str, **more: Any) -> Code:
    return Code(purpose=Purpose.CONFIRM_EMAIL, chat_id=chat_id, email=email, language="en", **more)


async def _flood(once: Callable[[int], Any], times: int) -> None:
    for number in range(times):
        once(number)
        await asyncio.sleep(1 / times)


async def _speaks(house: House, email: str, language: str) -> None:
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == email).values(language=language))


async def _messages(house: House, words: str) -> list[Message]:
    return [message for message in await house.amina.messages() if words in message.text]


async def test_a_cry_for_help_is_heard_in_a_flood_and_again_only_after_a_while(house: House) -> None:
    """Nobody is left to die because he pressed too much; nobody floods with cries either."""
    clock = Clock()
    turnstile, heard = _turnstile(house, clock)
    for _ in range(MESSAGES_AT_ONCE + 10):
        await turnstile(heard, _says(house), {})
    assert heard.count == MESSAGES_AT_ONCE
    for _ in range(100):
        await turnstile(heard, _says(house, words="help I cannot breathe"), {})
    assert heard.count == MESSAGES_AT_ONCE + 1
    clock.seconds += 11
    for _ in range(MESSAGES_AT_ONCE + 10):
        await turnstile(heard, _says(house), {})
    before = heard.count
    await turnstile(heard, _says(house, words="நெஞ்சு வலிக்குது, மூச்சு விட முடியல"), {})
    assert heard.count == before + 1


async def test_a_cry_below_one_picture_too_many_is_heard(house: House) -> None:
    turnstile, heard = _turnstile(house, Clock())
    for _ in range(PICTURES_AT_ONCE + 1):
        await turnstile(heard, _says(house, picture=True), {})
    assert heard.count == PICTURES_AT_ONCE
    await turnstile(heard, _says(house, picture=True, words="help I cannot breathe"), {})
    assert heard.count == PICTURES_AT_ONCE + 1


async def test_who_floods_with_cries_is_answered_and_the_staff_hears_it_once(strict: House) -> None:
    engine, flooder = strict.sandbox.engine, strict.sandbox.engine.store.people[strict.amina.chat_id]
    for number in range(40):
        say(engine, flooder, f"/help {number}")
    for _ in range(40):
        say(engine, flooder, "I cannot breathe and my lips are blue")
    await strict.amina.sees("112", timeout=30)
    await strict.rao.sees("🆘", timeout=30)
    await settles(strict)
    alarms = [message for message in await strict.rao.messages() if "🆘" in message.text]
    assert len(alarms) == 1


async def test_who_still_cries_after_two_minutes_rings_again(session: AsyncSession) -> None:
    for seconds in (0, 1, 60, 121, 122):
        await tickets.cry(session, 7, None, "en", "I cannot breathe", NOW + timedelta(seconds=seconds))
    await session.flush()
    assert await session.scalar(select(func.count()).select_from(TicketWords)) == 5
    assert await session.scalar(select(func.count()).select_from(Job).where(Job.kind == "call_staff")) == 2
