"""Threat: strangers use up a limit, and the owner of an account, or the staff, is refused.

Strangers run each throttle at full rate for an hour, with the clock moved, and then its owner passes. Every limit and
its test are listed in test_every_limit_has_a_test."""

import asyncio
import threading
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any, cast

import pytest
from aiogram.methods import SendMessage
from sqlalchemy import select

from bot.channels.email import Email, Mailer, MailQuotaExceeded
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox
from bot.telegram.rate_limit import MAX_STRANGERS_IN_PROGRESS
from bot.telegram.send_limiter import ANSWERS_A_STRANGER, MESSAGES_PER_SECOND, SendLimiter
from inference.upload.decoder import DecoderPool
from models.base import Sessions
from models.tables.accounts import Account
from models.tables.codes import Code
from models.vocabulary import Role
from tests.support.code_steps import CHAT
from tests.support.rows import KEY, NOW, UNUSABLE, Staff, a_person, a_scan, a_staff
from tests.support.strangers import HOUR, STRANGERS, each_minute
from workflow.accounts import logins, password_reset, registration
from workflow.accounts.codes import TOTAL_PER_WINDOW, Verdict, generate_digits
from workflow.accounts.passwords import MAX_WAITING, PasswordHasher, hash_password
from workflow.accounts.sessions import create_link
from workflow.actors import Actor
from workflow.errors import CodesUsedUp, CodeTooSoon, LoginLocked
from workflow.reporting import release
from workflow.reporting.verification import LOOKUPS_PER_MINUTE, lookup_buckets
from workflow.requester import Requester
from workflow.text_thread import MAX_INLINE, read_text


async def _linked(db: Sessions, role: Role = Role.DOCTOR, chat_id: int = CHAT) -> tuple[Actor, str]:
    async with db.begin() as session:
        actor = await a_person(session, role)
        account = await session.get_one(Account, actor.account_id)
        await create_link(session, chat_id, account, NOW)
        return actor, account.email


async def _guesses(db: Sessions, email: str) -> None:
    for chat_id, at in each_minute():
        try:
            async with db.begin() as session:
                await logins.begin_attempt(session, chat_id, email, at)
        except LoginLocked:
            pass


async def test_wrong_passwords_of_strangers_shut_no_linked_chat(sessions: Sessions) -> None:
    _, email = await _linked(sessions)
    await _guesses(sessions, email)
    async with sessions.begin() as session:
        with pytest.raises(LoginLocked):
            await logins.begin_attempt(session, STRANGERS[0], email, NOW + HOUR)
    async with sessions.begin() as session:
        assert await logins.begin_attempt(session, CHAT, email, NOW + HOUR) == UNUSABLE
        await logins.record_success(session, CHAT, email)
    async with sessions.begin() as session:  # the owner's success gives strangers no new guesses
        with pytest.raises(LoginLocked):
            await logins.begin_attempt(session, STRANGERS[0], email, NOW + HOUR)


async def test_a_linked_chat_has_no_more_guesses_than_another(sessions: Sessions) -> None:
    _, email = await _linked(sessions)
    for _ in range(logins.FREE_FAILURES):
        async with sessions.begin() as session:
            await logins.begin_attempt(session, CHAT, email, NOW)
    async with sessions.begin() as session:
        with pytest.raises(LoginLocked):
            await logins.begin_attempt(session, CHAT, email, NOW)


async def _request_and_guess(db: Sessions, email: str) -> int:
    """Strangers ask for codes of this address and type wrong ones; returns how many were refused."""
    refused = 0
    for chat_id, at in each_minute():
        try:
            async with db.begin() as session:
                await password_reset.request_reset_code(session, chat_id, email, "en", at)
        except CodeTooSoon:
            refused += 1
        async with db.begin() as session:
            await password_reset.verify_reset_code(session, chat_id, email, "000000", KEY, at)
    return refused


@pytest.mark.slow
async def test_resets_and_wrong_codes_of_strangers_block_no_reset_of_a_linked_chat(sessions: Sessions) -> None:
    _, email = await _linked(sessions)
    assert await _request_and_guess(sessions, email) > 0
    async with sessions.begin() as session:
        await password_reset.request_reset_code(session, CHAT, email, "en", NOW + HOUR)
        code = (await session.scalars(select(Code).order_by(Code.id.desc()).limit(1))).one()
        digits = generate_digits(code, KEY, NOW + HOUR) or ""
    async with sessions.begin() as session:
        assert await password_reset.verify_reset_code(session, CHAT, email, digits, KEY, NOW + HOUR) is Verdict.RIGHT


async def _use_up(db: Sessions, requester: Requester, first_chat: int) -> int:
    """New chats ask for codes until one is refused; returns the number of codes."""
    for number in range(TOTAL_PER_WINDOW + 1):
        chat_id = first_chat + number
        email = f"{chat_id}@example.org"
        try:
            async with db.begin() as session:
                if requester is Requester.STRANGER:
                    await registration.request_email_code(session, chat_id, email, "en", NOW)
                else:
                    patient = await a_person(session, Role.PATIENT, email=email)
                    await create_link(session, chat_id, await session.get_one(Account, patient.account_id), NOW)
                    await password_reset.request_reset_code(session, chat_id, email, "en", NOW)
        except CodesUsedUp:
            return number
    return TOTAL_PER_WINDOW + 1


async def _release(db: Sessions, staff: Staff) -> Verdict:
    async with db.begin() as session:
        scan = await a_scan(session, staff, "PHARMACIST_COMPLETED")
        code = await release.request_code(session, staff.administrator, scan.id, CHAT, NOW)
        digits = generate_digits(code, KEY, NOW) or ""
        return await release.release(session, staff.administrator, scan.id, digits, KEY, NOW)


@pytest.mark.slow
async def test_codes_of_strangers_and_patients_leave_a_share_to_the_release_of_reports(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
    assert await _use_up(sessions, Requester.STRANGER, 20_000) == TOTAL_PER_WINDOW / 2
    assert await _use_up(sessions, Requester.PATIENT, 30_000) == TOTAL_PER_WINDOW / 4
    assert [await _release(sessions, staff) for _ in range(5)] == [Verdict.RIGHT] * 5


async def test_passwords_of_strangers_and_patients_hold_up_no_password_of_staff() -> None:
    """Strangers' passwords wait for a slot of their own; a bounded number of them, the rest is refused."""
    hasher, done, chats = PasswordHasher(8), list[Requester](), count()

    async def check(requester: Requester) -> None:
        await hasher.matches("wrong", None, requester)
        done.append(requester)

    async def choose(requester: Requester) -> None:
        await hasher.hash("a much better passphrase", [], next(chats), requester)
        done.append(requester)

    async def type_elsewhere(requester: Requester) -> None:
        await hasher.is_own("Breathlessly9", hashed, next(chats), requester)

    hashed = hash_password("a much better passphrase", cost=8)
    async with asyncio.TaskGroup() as group:
        for requester in (Requester.STRANGER, Requester.PATIENT):
            for _ in range(MAX_WAITING // 2):
                group.create_task(check(requester))
                group.create_task(choose(requester))
                group.create_task(type_elsewhere(requester))
        await asyncio.sleep(0)
        with pytest.raises(LoginLocked):
            hasher.check_room(Requester.STRANGER)
        for begun in (check, choose):
            await begun(Requester.STAFF)
        assert len(done) < 2 * MAX_WAITING
    hasher.check_room(Requester.STRANGER)


async def test_answers_to_strangers_delay_no_message_to_staff() -> None:
    limiter, sent = SendLimiter(), list[int]()

    async def request(_: object, method: Any) -> Any:
        sent.append(method.chat_id)

    async def answer(chat_id: int) -> None:
        ANSWERS_A_STRANGER.set(True)
        await limiter(cast("Any", request), cast("Any", None), SendMessage(chat_id=chat_id, text="words"))

    async with asyncio.TaskGroup() as group:
        answers = [group.create_task(answer(chat_id)) for chat_id in range(10 * MESSAGES_PER_SECOND)]
        await asyncio.sleep(0)
        for _ in range(MESSAGES_PER_SECOND // 3):
            await limiter(cast("Any", request), cast("Any", None), SendMessage(chat_id=-CHAT, text="words"))
        assert sent.count(-CHAT) == MESSAGES_PER_SECOND // 3
        assert len(sent) < len(answers) / 2
        for one in answers:
            one.cancel()


async def test_mails_of_strangers_leave_a_share_to_patients_codes_and_another_to_reports(tmp_path: Any) -> None:
    async with Sandbox() as sandbox:
        mail = Mailer(demo_settings(sandbox, tmp_path, mails_per_hour=80))
        sent: dict[Requester, int] = {}
        for requester in (Requester.STRANGER, Requester.PATIENT, Requester.STAFF):
            email = Email("amina@example.org", "Code", "words", f"<{requester}@example.org>", requester=requester)
            sent[requester] = 0
            with suppress(MailQuotaExceeded):
                while sent[requester] < 9:
                    await mail.send(email)
                    sent[requester] += 1
        assert sent == {Requester.STRANGER: 4, Requester.PATIENT: 2, Requester.STAFF: 2}


def test_lookups_of_strangers_leave_each_other_chat_its_own() -> None:
    clock = [0.0]
    lookups = lookup_buckets(lambda: clock[0])
    refused = 0
    for second in range(3600):
        clock[0] = float(second)
        refused += sum(not lookups[chat_id].spend() for chat_id in STRANGERS)
    assert refused > 3600 * len(STRANGERS) / 2
    assert [lookups[CHAT].spend() for _ in range(LOOKUPS_PER_MINUTE)] == [True] * LOOKUPS_PER_MINUTE


async def test_long_texts_of_strangers_hold_up_no_short_text() -> None:
    """A long text of another waits behind theirs, of which so many are in progress, and is read after them."""
    gate, done, long = threading.Event(), list[str](), "x" * (MAX_INLINE + 1)

    def read(name: str) -> None:
        gate.wait()
        done.append(name)

    async with asyncio.TaskGroup() as group:
        for _ in range(MAX_STRANGERS_IN_PROGRESS):
            group.create_task(read_text(long, partial(read, "stranger")))
        await asyncio.sleep(0)
        group.create_task(read_text(long, partial(read, "owner")))
        assert await read_text("help", lambda: "at once") == "at once"
        assert done == []
        gate.set()
    assert done.count("owner") == 1


async def test_uploads_of_many_chats_hold_up_no_picture_that_staff_read_or_send() -> None:
    """Uploads wait for each other; of two hundred none is lost."""
    gate = threading.Event()
    with DecoderPool() as decoder:
        async with asyncio.TaskGroup() as group:
            uploads = [group.create_task(decoder.run_upload(gate.wait)) for _ in range(200)]
            await asyncio.sleep(0)
            assert await decoder.run(lambda: "read") == "read"
            gate.set()
    assert all(one.result() for one in uploads)
