"""Threat: strangers use up a limit, and the owner of an account, or the staff, is refused.

Every throttle is listed: strangers run it at full rate for an hour, with the clock moved, and then its owner passes."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.channels.email import Email, Mailer, MailQuotaExceeded
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox
from models.base import Sessions
from models.tables.accounts import Account
from models.tables.codes import Code
from models.vocabulary import Role
from tests.support.code_steps import CHAT
from tests.support.rows import KEY, NOW, Staff, a_person, a_scan, a_staff
from workflow.accounts import logins, password_reset, registration
from workflow.accounts.codes import TOTAL_PER_WINDOW, Verdict, generate_digits
from workflow.accounts.requester import Requester
from workflow.accounts.sessions import create_link
from workflow.actors import Actor
from workflow.errors import CodesUsedUp, CodeTooSoon, LoginLocked
from workflow.reporting import release

STRANGERS = range(10_001, 10_031)
HOUR = timedelta(hours=1)


async def _linked(db: Sessions, role: Role = Role.DOCTOR, chat_id: int = CHAT) -> tuple[Actor, str]:
    async with db.begin() as session:
        actor = await a_person(session, role, password_hash="hash")
        account = await session.get_one(Account, actor.account_id)
        await create_link(session, chat_id, account, NOW)
        return actor, account.email


def _each_minute() -> Iterator[tuple[int, datetime]]:
    """Two strangers' chats for each minute of an hour."""
    for minute in range(60):
        for chat_id in STRANGERS[2 * minute % 30 : 2 * minute % 30 + 2]:
            yield chat_id, NOW + timedelta(minutes=minute)


async def _guesses(db: Sessions, email: str) -> None:
    for chat_id, at in _each_minute():
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
        assert await logins.begin_attempt(session, CHAT, email, NOW + HOUR) == "hash"
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
    for chat_id, at in _each_minute():
        try:
            async with db.begin() as session:
                await password_reset.request_reset_code(session, chat_id, email, "en", at)
        except CodeTooSoon:
            refused += 1
        async with db.begin() as session:
            await password_reset.verify_reset_code(session, chat_id, email, "000000", KEY, at)
    return refused


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


async def test_codes_of_strangers_and_patients_leave_a_share_to_the_release_of_reports(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
    assert await _use_up(sessions, Requester.STRANGER, 20_000) == TOTAL_PER_WINDOW / 2
    assert await _use_up(sessions, Requester.PATIENT, 30_000) == TOTAL_PER_WINDOW / 4
    assert [await _release(sessions, staff) for _ in range(5)] == [Verdict.RIGHT] * 5


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
