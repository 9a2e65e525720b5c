"""Threat: a sender exceeds the limits; they are notified once, and everybody else is served as before."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from aiogram.methods import SendMessage
from aiogram.types import Document, Update
from prometheus_client import Counter
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from bot.channels.email import Email, Mailer, MailQuotaExceeded
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox
from bot.dev.sandbox.client.transcript import Message
from bot.dev.sandbox.people import press_button, send_text
from bot.services import PICTURE_BURST
from bot.telegram.rate_limit import (
    MAX_MESSAGES_OF_STRANGER,
    MAX_NOTICES,
    MAX_PICTURES_IN_PROGRESS,
    MAX_PICTURES_OF_STRANGER,
    MAX_STRANGERS_IN_PROGRESS,
    MESSAGE_BURST,
    RateLimitMiddleware,
    Rates,
)
from faq.answer import load
from models.tables.accounts import Account
from models.tables.codes import Code, Purpose
from tests.support.jobs import settles
from tests.support.people import Clinic, open_clinic
from tests.support.wire import text_update
from workflow.accounts.codes import MAILS_PER_WINDOW, TOTAL_PER_WINDOW, send_code
from workflow.errors import CodesUsedUp
from workflow.requester import Requester

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FAQ = load()
NOTICE = {"en": "too much at once", "ta": "பத்து வினாடிகள்"}


@pytest.fixture
async def strict(engines: Engines) -> AsyncIterator[Clinic]:
    """The production limits, which the people of the stories would exceed."""
    async with open_clinic(engines, messages_per_minute=120) as opened:
        yield opened


@pytest.mark.slow
async def test_a_hundred_updates_in_a_second_get_one_notice_in_the_senders_language_and_the_others_are_served(
    strict: Clinic,
) -> None:
    await _set_language(strict, "amina@example.org", "ta")
    engine, flooder = strict.sandbox.engine, strict.sandbox.engine.store.people[strict.amina.chat_id]
    began = monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(_flood(lambda number: send_text(engine, flooder, f"/status {number}"), 100))
        for person, question, answer in ((strict.rao, "/help", "How it works"), (strict.meena, "/queue", "Nothing")):
            await person.sends(question)
            await person.sees(answer)
    await strict.amina.sees(NOTICE["ta"])
    assert len(await _messages(strict, NOTICE["ta"])) == 1
    refilled = (monotonic() - began) * 120 / 60  # a slow machine handles the flood over a longer time
    assert len(await strict.amina.messages()) <= 100 + MESSAGE_BURST + 2 + refilled


async def test_more_than_the_feed_shows_at_once_still_holds_up_nobody(strict: Clinic) -> None:
    """Telegram returns at most a hundred unconfirmed updates.

    None of the sender's may stay in progress, waiting for an answer of which there may be one a second, while the
    doctor's message is three hundred updates behind.
    """
    engine, flooder = strict.sandbox.engine, strict.sandbox.engine.store.people[strict.amina.chat_id]
    for number in range(300):
        send_text(engine, flooder, f"/help {number}")
    await strict.rao.sends("/help")
    await strict.rao.sees("How it works")


@pytest.mark.slow
async def test_presses_count_like_messages(strict: Clinic) -> None:
    engine, flooder = strict.sandbox.engine, strict.sandbox.engine.store.people[strict.rao.chat_id]
    presses = [press_button(engine, flooder, 1, "nothing", wait=2) for _ in range(MESSAGE_BURST + 20)]
    popped = [shown["text"] or "" for shown in await asyncio.gather(*presses)]
    assert len([text for text in popped if NOTICE["en"] in text]) == 1


async def test_a_flood_is_over_when_it_was_calm_for_a_while(clinic: Clinic) -> None:
    """During a flood no further update is handled, or its answers would pile up; after a pause the sender is served
    again.
    """
    clock = Clock()
    limiter, handler = _limiter(clinic, clock)
    for _ in range(MESSAGE_BURST + 10):
        await limiter(handler, _message(clinic), {})
    clock.seconds += 9
    await limiter(handler, _message(clinic), {})
    assert handler.count == MESSAGE_BURST
    clock.seconds += 11
    await limiter(handler, _message(clinic), {})
    assert handler.count == MESSAGE_BURST + 1
    assert len(await _messages(clinic, NOTICE["en"])) == 1


async def test_what_telegram_interrupted_is_not_counted_again(clinic: Clinic) -> None:
    """A picture whose download is retried is still one picture."""
    limiter, handler = _limiter(clinic)
    for _ in range(PICTURE_BURST * 2):
        await limiter(handler, _message(clinic, picture=True), {"is_retry": True})
    assert handler.count == PICTURE_BURST * 2


async def test_pictures_have_a_limit_of_their_own(clinic: Clinic) -> None:
    """Three albums at once are allowed and do not count against the limit of messages."""
    limiter, handler = _limiter(clinic)
    for _ in range(PICTURE_BURST + 1):
        await limiter(handler, _message(clinic, picture=True), {})
    assert handler.count == PICTURE_BURST
    await clinic.amina.sees("very many pictures")
    await limiter(handler, _message(clinic), {})
    assert handler.count == PICTURE_BURST + 1


async def test_only_so_many_pictures_are_in_progress_in_the_whole_bot(clinic: Clinic) -> None:
    """Strangers are refused first, then patients; each is notified, since the picture is dropped."""
    limiter, handler = _limiter(clinic)
    handler.gate.clear()
    patients = Requester.PATIENT.within(MAX_PICTURES_IN_PROGRESS)
    async with asyncio.TaskGroup() as group:
        for number in range(MAX_PICTURES_IN_PROGRESS):
            group.create_task(limiter(handler, _message(clinic, 10**6 + number, picture=True), {}))
        await _held(handler, Requester.STRANGER.within(MAX_PICTURES_IN_PROGRESS))
        for _ in range(MAX_PICTURES_IN_PROGRESS):
            group.create_task(limiter(handler, _message(clinic, picture=True), {}))
        await _held(handler, patients)
        await clinic.amina.sees("in a minute")
        group.create_task(limiter(handler, _message(clinic, clinic.rao.chat_id, picture=True), {}))
        await _held(handler, patients + 1)
        handler.gate.set()
    await limiter(handler, _message(clinic, 10**7, picture=True), {})
    assert handler.count == patients + 2


@pytest.mark.slow
async def test_strangers_messages_in_progress_hold_up_no_known_chat(clinic: Clinic) -> None:
    limiter, handler = _limiter(clinic)
    handler.gate.clear()
    async with asyncio.TaskGroup() as group:
        for number in range(3 * MAX_STRANGERS_IN_PROGRESS):
            group.create_task(limiter(handler, _message(clinic, 10**6 + number % 70), {}))
        await _held(handler, MAX_STRANGERS_IN_PROGRESS)
        for number, person in enumerate((clinic.amina, clinic.rao), 1):
            group.create_task(limiter(handler, _message(clinic, person.chat_id), {}))
            await _held(handler, MAX_STRANGERS_IN_PROGRESS + number)
        handler.gate.set()
    assert handler.count == MAX_STRANGERS_IN_PROGRESS + 2, "the strangers' other messages were refused, not kept"


async def test_a_few_strangers_use_up_neither_messages_nor_pictures_in_progress(clinic: Clinic) -> None:
    """Each stranger has a few in progress. Of the second half each has one, so that others find room."""
    for picture, own, most in (
        (False, MAX_MESSAGES_OF_STRANGER, MAX_STRANGERS_IN_PROGRESS),
        (True, MAX_PICTURES_OF_STRANGER, Requester.STRANGER.within(MAX_PICTURES_IN_PROGRESS)),
    ):
        limiter, handler = _limiter(clinic)
        handler.gate.clear()
        senders = most // 2 // own + 4
        async with asyncio.TaskGroup() as group:
            for _ in range(2 * own):
                group.create_task(limiter(handler, _message(clinic, 10**6, picture), {}))
            await _held(handler, own)
            for number in range(2 * own * senders):
                group.create_task(limiter(handler, _message(clinic, 10**6 + number % senders, picture), {}))
            held = await _settled(handler)
            assert own < held <= most // 2 + senders
            group.create_task(limiter(handler, _message(clinic, 10**7, picture), {}))
            await _held(handler, held + 1)
            handler.gate.set()


async def test_refusals_of_strangers_wait_for_no_more_notices_than_a_few(clinic: Clinic) -> None:
    """Polling sees a hundred updates: those that wait to say no would keep the others' from it."""
    limiter, handler = _limiter(clinic)
    handler.gate.clear()
    notified = list[int]()

    async def hold(request: Any, bot: Any, method: Any) -> Any:
        if isinstance(method, SendMessage):
            notified.append(method.chat_id)
            await handler.gate.wait()
        return await request(bot, method)

    clinic.app.services.bot.session.middleware(hold)
    async with asyncio.TaskGroup() as group:
        for number in range(MAX_STRANGERS_IN_PROGRESS):
            group.create_task(limiter(handler, _message(clinic, 10**6 + number), {}))
        await _held(handler, MAX_STRANGERS_IN_PROGRESS)
        chats = range(10**7, 10**7 + 5 * MAX_NOTICES)
        refused = [group.create_task(limiter(handler, _message(clinic, chat), {})) for chat in chats]
        while len(notified) < MAX_NOTICES:  # noqa: ASYNC110 - a list tells nobody
            await asyncio.sleep(0.01)
        done: set[asyncio.Task[Any]] = set()
        while len(done) < 4 * MAX_NOTICES:
            done |= (await asyncio.wait(set(refused) - done, return_when=asyncio.FIRST_COMPLETED))[0]
        assert len(notified) == MAX_NOTICES
        handler.gate.set()


async def _settled(handler: "Handler") -> int:
    """The number of updates that the handler holds when it holds no more a little later."""
    while True:
        count = handler.count
        for _ in range(20):
            await asyncio.sleep(0.005)
        if handler.count == count:
            return count


async def _held(handler: "Handler", count: int) -> None:
    """Wait until the handler holds so many updates, and see that it holds no more a little later."""
    async with asyncio.timeout(30):
        await handler.reaches(count)
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert handler.count == count


async def test_nobody_floods_a_strangers_mailbox_with_codes(session: AsyncSession) -> None:
    """Three requests per chat in a quarter of an hour; six per address from all chats together."""
    for chat_id in range(MAILS_PER_WINDOW):
        await send_code(session, _code(chat_id, "amina@example.org"), NOW)
    with pytest.raises(CodesUsedUp):
        await send_code(session, _code(99, "amina@example.org"), NOW)
    await send_code(session, _code(99, "meena@example.org"), NOW)
    await send_code(session, _code(98, "amina@example.org"), NOW + timedelta(minutes=16))


async def test_the_bot_sends_only_so_many_codes(session: AsyncSession) -> None:
    for number in range(TOTAL_PER_WINDOW):
        session.add(_code(number, f"{number}@example.org", created_at=NOW, expires_at=NOW))
    await session.flush()
    with pytest.raises(CodesUsedUp):
        await send_code(session, _code(9999, "amina@example.org"), NOW)


async def test_the_bot_sends_only_so_many_mails_and_the_others_wait(tmp_path: Any) -> None:
    """A mail above the limit fails like one whose server is down: its job is retried."""
    async with Sandbox() as sandbox:
        mail = Mailer(demo_settings(sandbox, tmp_path, mails_per_hour=20))
        for number in range(2):
            await mail.send(Email("amina@example.org", "Code", "words", f"<{number}@example.org>"))
        with pytest.raises(MailQuotaExceeded):
            await mail.send(Email("amina@example.org", "Code", "words", "<3@example.org>"))
        assert len(sandbox.mailbox.mails) == 2


class Handler:
    """A handler that counts its calls and waits while its gate is closed."""

    def __init__(self) -> None:
        self.count, self.gate, self._called = 0, asyncio.Event(), asyncio.Condition()
        self.gate.set()

    async def __call__(self, *_: Any) -> None:
        self.count += 1
        async with self._called:
            self._called.notify_all()
        await self.gate.wait()

    async def reaches(self, count: int) -> None:
        async with self._called:
            await self._called.wait_for(lambda: self.count >= count)


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def _limiter(clinic: Clinic, clock: Clock | None = None) -> tuple[RateLimitMiddleware, Handler]:
    telegram, refused = clinic.app.services, Counter("x", "x", ["kind"], registry=None)
    return RateLimitMiddleware(
        telegram.sessions, telegram.catalogues, refused, Rates(60, 60), FAQ, clock or Clock()
    ), Handler()


def _message(clinic: Clinic, user: int | None = None, picture: bool = False, words: str = "words") -> Update:
    user = user or clinic.amina.chat_id
    incoming = text_update(words, user, user)
    assert incoming.message
    if picture:
        document = Document(file_id="a", file_unique_id="a")
        changed = {"document": document, "text": None, "caption": words}
        incoming = incoming.model_copy(update={"message": incoming.message.model_copy(update=changed)})
    return Update.model_validate(incoming.model_dump(by_alias=True), context={"bot": clinic.app.services.bot})


def _code(chat_id: int, email: str, **more: Any) -> Code:
    return Code(purpose=Purpose.CONFIRM_EMAIL, chat_id=chat_id, email=email, language="en", **more)


async def _flood(once: Callable[[int], Any], times: int) -> None:
    for number in range(times):
        once(number)
        await asyncio.sleep(1 / times)


async def _set_language(clinic: Clinic, email: str, language: str) -> None:
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == email).values(language=language))


async def _messages(clinic: Clinic, words: str) -> list[Message]:
    return [message for message in await clinic.amina.messages() if words in message.text]


async def test_an_emergency_is_answered_in_a_flood_and_again_only_after_a_while(clinic: Clinic) -> None:
    """A rate-limited sender still gets the emergency answer; repeated emergencies are rate-limited too."""
    clock = Clock()
    limiter, handler = _limiter(clinic, clock)
    for _ in range(MESSAGE_BURST + 10):
        await limiter(handler, _message(clinic), {})
    assert handler.count == MESSAGE_BURST
    for _ in range(100):
        await limiter(handler, _message(clinic, words="help I cannot breathe"), {})
    assert handler.count == MESSAGE_BURST + 1
    clock.seconds += 11
    for _ in range(MESSAGE_BURST + 10):
        await limiter(handler, _message(clinic), {})
    before = handler.count
    await limiter(handler, _message(clinic, words="நெஞ்சு வலிக்குது, மூச்சு விட முடியல"), {})
    assert handler.count == before + 1


async def test_an_emergency_in_the_caption_of_one_picture_too_many_is_answered(clinic: Clinic) -> None:
    limiter, handler = _limiter(clinic, Clock())
    for _ in range(PICTURE_BURST + 1):
        await limiter(handler, _message(clinic, picture=True), {})
    assert handler.count == PICTURE_BURST
    await limiter(handler, _message(clinic, picture=True, words="help I cannot breathe"), {})
    assert handler.count == PICTURE_BURST + 1


@pytest.mark.slow
async def test_a_flood_of_emergencies_is_answered_and_notified_to_the_staff_once(strict: Clinic) -> None:
    engine, flooder = strict.sandbox.engine, strict.sandbox.engine.store.people[strict.amina.chat_id]
    for number in range(40):
        send_text(engine, flooder, f"/help {number}")
    for _ in range(40):
        send_text(engine, flooder, "I cannot breathe and my lips are blue")
    await strict.amina.sees("112", timeout=30)
    await strict.rao.sees("🆘", timeout=30)
    await settles(strict)
    alarms = [message for message in await strict.rao.messages() if "🆘" in message.text]
    assert len(alarms) == 1
