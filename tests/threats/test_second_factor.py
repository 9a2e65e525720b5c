"""Threat: the password of a member of staff, or their mailbox, is enough for a new chat."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from models.base import Sessions
from models.tables.audit import AuditRow
from models.tables.codes import Change, CredentialChange
from models.vocabulary import Role
from tests.support.account_steps import GOOD, enrols, staff_signs_in
from tests.support.jobs import settles
from tests.support.people import CODE, Clinic
from tests.support.rows import KEY, NOW, a_person
from workflow.accounts.chats import sign_in
from workflow.accounts.chats.sign_in import NewChat
from workflow.accounts.codes import MAX_ATTEMPTS, Verdict, generate_digits
from workflow.accounts.password_reset import MAX_WRONG, TOLD_AT, set_password
from workflow.errors import CodeSpent

CHAT, EMAIL = 7007, "devi@example.org"


async def _types_password(who: Person, email: str) -> None:
    await who.sends("/link")
    await who.sees("Which email")
    await who.sends(email)
    await who.sees("And the password?")
    await who.sends(PASSWORD)


async def test_staff_are_let_in_by_password_and_mailed_code_and_patients_by_the_password(clinic: Clinic) -> None:
    thief = await clinic.telegram.person("Thief")
    await _types_password(thief, "rao@example.org")
    await thief.sees("One more step for staff")
    for typed in ("000000", "/queue"):
        await thief.sends(typed)
    await thief.sees("I do not know you yet")
    await thief.does_not_see("Hello")
    await staff_signs_in(clinic, await clinic.telegram.person("A new phone"), "meena@example.org")
    tablet = await clinic.telegram.person("A tablet")
    await _types_password(tablet, "amina@example.org")
    await tablet.sees("Hello")
    async with clinic.app.services.sessions() as session:
        refused = select(AuditRow.reason).where(AuditRow.act == "sign_in", AuditRow.outcome == "refused")
        assert (await session.scalars(refused)).all() == ["code:wrong"]


@pytest.mark.slow
async def test_an_authenticator_is_asked_at_the_sign_in_and_at_a_reset(clinic: Clinic) -> None:
    """The mailbox alone opens nothing, and no code is mailed for the sign-in."""
    app = await enrols(clinic)
    phone = await clinic.telegram.person("A new phone")
    mails = len(await clinic.telegram.mails("joseph@example.org"))
    await _types_password(phone, "joseph@example.org")
    await phone.sees("One more step for staff")
    await phone.sends(app.at(datetime.now(UTC) + timedelta(seconds=30)))
    await phone.sees("Hello")
    await settles(clinic)
    codes = [mail for mail in (await clinic.telegram.mails("joseph@example.org"))[mails:] if CODE.search(mail.text)]
    assert codes == []
    thief = await clinic.telegram.person("Reads the mailbox")
    await thief.sends("/reset")
    await thief.sees("Which email")
    earlier = await clinic.telegram.mails("joseph@example.org")
    await thief.sends("joseph@example.org")
    await thief.sees("8-digit code")
    [code] = CODE.findall((await clinic.telegram.mail_to("joseph@example.org", after=earlier[-1])).text)
    await thief.sends(code)
    await thief.sees("Your account has an authenticator app")
    await thief.sends("123456")
    await thief.sees("not the code that the app shows")
    await thief.sends(GOOD)
    await thief.does_not_see("counts from now on")


async def test_wrong_second_factors_are_told_to_the_owner_and_end_after_a_hundred(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await a_person(session, Role.DOCTOR, email=EMAIL)
    at, wrong = NOW, 0
    while wrong < MAX_WRONG:
        at += timedelta(minutes=31)
        await _code(sessions, at)
        for _ in range(MAX_ATTEMPTS):
            assert await _types(sessions, "not 1", at) is Verdict.WRONG
            wrong += 1
    at += timedelta(minutes=31)
    assert await _types(sessions, await _code(sessions, at), at) is Verdict.SPENT
    async with sessions.begin() as session:
        told = (await session.scalars(select(CredentialChange.change))).all()
        assert told == [Change.FACTOR_GUESSED] * len(TOLD_AT)
        await set_password(session, CHAT + 1, EMAIL, "another hash", at)
    at += timedelta(minutes=31)
    assert await _types(sessions, await _code(sessions, at), at) is Verdict.RIGHT


async def test_the_operator_issues_the_code_where_no_mail_arrives(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await a_person(session, Role.ADMINISTRATOR, email=EMAIL)
        with pytest.raises(CodeSpent):
            await sign_in.issue_code(session, EMAIL, KEY, NOW)
    await _code(sessions, NOW)
    async with sessions.begin() as session:
        digits = await sign_in.issue_code(session, EMAIL, KEY, NOW)
    assert await _types(sessions, digits, NOW) is Verdict.RIGHT
    async with sessions() as session:
        assert (await session.scalars(select(AuditRow.act).order_by(AuditRow.seq))).all()[-2:] == [
            "issue_code",
            "sign_in",
        ]


async def _code(sessions: Sessions, at: datetime) -> str:
    async with sessions.begin() as session:
        return generate_digits(await sign_in.request_code(session, CHAT, EMAIL, at), KEY, at) or ""


async def _types(sessions: Sessions, typed: str, at: datetime) -> Verdict:
    async with sessions.begin() as session:
        return (await sign_in.sign_in_with_code(session, NewChat(CHAT, EMAIL), typed, KEY, at))[0]
