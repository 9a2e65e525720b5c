"""Threat: somebody changes what opens an account, and its owner never hears of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.dev.demo import PASSWORD
from models.base import Sessions
from models.tables.accounts import Account, ChatLink
from models.tables.codes import Change, CredentialChange
from models.vocabulary import Role
from tests.support.account_steps import GOOD, changes, enrols, signs_in, staff_signs_in
from tests.support.code_steps import CHAT, OTHER_CHAT
from tests.support.jobs import settles
from tests.support.people import CODE, Clinic
from tests.support.rows import KEY, NOW, a_person
from workflow.accounts import denial
from workflow.accounts.sessions import create_link
from workflow.actors import Actor
from workflow.credentials import changes as noted
from workflow.errors import NotFound, StaleAction


@pytest.mark.slow
async def test_every_change_is_told_by_mail_and_in_the_other_chats(clinic: Clinic) -> None:
    """A sign-in, a sign-out, a new password, an authenticator, a role: each once, and none in the chat that made it."""
    phone = await clinic.telegram.person("A new phone")
    await staff_signs_in(clinic, phone, "rao@example.org")
    await clinic.rao.sees("signed in to in another chat")
    await clinic.rao.sends("/sessions")
    await clinic.rao.presses("A new phone", on="Where you are signed in")
    await phone.sees("A chat of your account was signed out")
    await clinic.rao.sends("/password")
    await clinic.rao.sends(PASSWORD)
    await clinic.rao.sees("And the new one")
    await clinic.rao.sends(GOOD)
    await clinic.rao.sees("counts from now on")
    await changes(clinic, "Make administrator")
    await clinic.rao.sees("The roles of your account were changed")
    await enrols(clinic)
    await settles(clinic)
    mails = await _notices(clinic, "rao@example.org")
    told = ("signed in to in another chat", "was signed out", "password of your account", "roles of your account")
    assert sorted(next(words for words in told if words in text) for text in mails) == sorted(told)
    [text] = await _notices(clinic, "joseph@example.org")
    assert "authenticator app of your account" in text
    own = [message.text for message in await clinic.rao.messages() if "Was it not you" in message.text]
    assert not any("password of your account" in text for text in own)


async def _notices(clinic: Clinic, email: str) -> list[str]:
    return [mail.text for mail in await clinic.telegram.mails(email) if mail.subject == "Your account was changed"]


@pytest.mark.slow
async def test_a_thief_who_signs_in_is_thrown_out_by_one_press_and_cannot_come_back(clinic: Clinic) -> None:
    thief = await clinic.telegram.person("Thief")
    await staff_signs_in(clinic, thief, "rao@example.org")
    await clinic.rao.presses("This was not me", on="signed in to in another chat")
    await clinic.rao.sees("its password is void")
    await clinic.joseph.sees("says that this was not them")
    await thief.sends("/queue")
    await thief.sees("I do not know you yet")
    await thief.sends("/link")
    await thief.sends("rao@example.org")
    await thief.sends(PASSWORD)
    await thief.sees("do not fit together")
    async with clinic.app.services.sessions() as session:
        rao = (await session.scalars(select(Account).where(Account.email == "rao@example.org"))).one()
        assert rao.suspended_at is not None


async def test_the_link_of_the_mail_denies_a_change_whose_chats_are_gone(clinic: Clinic) -> None:
    """The thief sets a new password and so signs out every chat of the owner; the mail's link still works, once."""
    thief = await clinic.telegram.person("Thief")
    await signs_in(thief, "amina@example.org", PASSWORD)
    await thief.sends("/password")
    await thief.sends(PASSWORD)
    await thief.sees("And the new one")
    await thief.sends(GOOD)
    await thief.sees("counts from now on")
    mail = await clinic.telegram.mail_to("amina@example.org", "password of your account")
    [payload] = re.findall(r"start=(notme_\S+)", mail.text)
    for forged in (payload[:-1], "notme_1_" + "0" * 32, "notme_x", payload.replace("_1_", "_2_")):
        if forged != payload:
            await clinic.amina.starts(forged)
            await clinic.amina.sees("")
    await clinic.amina.starts(payload)
    await clinic.amina.sees("its password is void")
    await thief.sends("/me")
    await thief.sees("I do not know you yet")


async def _changed(sessions: Sessions, role: Role, at: datetime = NOW) -> tuple[Actor, int]:
    async with sessions.begin() as session:
        actor = await a_person(session, role)
        account = await session.get_one(Account, actor.account_id)
        await create_link(session, CHAT, account, NOW)
        await noted.note(session, account.id, Change.SIGN_IN, at, OTHER_CHAT)
        return actor, (await session.scalars(select(CredentialChange.id))).one()


async def test_only_a_chat_that_was_told_denies_only_once_and_only_for_a_week(sessions: Sessions) -> None:
    _, change_id = await _changed(sessions, Role.PATIENT)
    for chat_id, at, refusal in (
        (OTHER_CHAT, NOW, NotFound),
        (CHAT, NOW + denial.DENIABLE + timedelta(seconds=1), StaleAction),
    ):
        with pytest.raises(refusal):
            async with sessions.begin() as session:
                await denial.deny_in_chat(session, change_id, chat_id, at)
    with pytest.raises(NotFound):
        async with sessions.begin() as session:
            await denial.deny_by_link(session, change_id, "0" * denial.SEAL_DIGITS, KEY, NOW)
    async with sessions.begin() as session:
        await denial.deny_by_link(session, change_id, denial.seal(change_id, KEY), KEY, NOW)
    with pytest.raises(StaleAction):
        async with sessions.begin() as session:
            await denial.deny_in_chat(session, change_id, CHAT, NOW)


async def test_the_last_administrator_is_signed_out_but_not_locked(sessions: Sessions) -> None:
    """Nobody could undo it; an established second administrator makes it possible."""
    actor, change_id = await _changed(sessions, Role.ADMINISTRATOR)
    async with sessions.begin() as session:
        await denial.deny_in_chat(session, change_id, CHAT, NOW)
    async with sessions() as session:
        account = await session.get_one(Account, actor.account_id)
        assert (account.suspended_at, account.password_hash) == (None, "")
        assert (await session.scalars(select(ChatLink))).all() == []


async def test_changes_are_forgotten_after_a_month(sessions: Sessions) -> None:
    await _changed(sessions, Role.PATIENT)
    async with sessions.begin() as session:
        await session.execute(update(CredentialChange).values(at=datetime.now(UTC) - noted.KEPT - timedelta(days=1)))
        await noted.delete_old(session, datetime.now(UTC))
        assert (await session.scalars(select(CredentialChange))).all() == []


async def test_a_thief_who_changes_the_address_is_told_of_at_the_old_one_which_takes_the_account_back(
    clinic: Clinic,
) -> None:
    thief = await clinic.telegram.person("Thief")
    await signs_in(thief, "amina@example.org", PASSWORD)
    await thief.sends("/me")
    await thief.presses("✏️ Email")
    await thief.sends(PASSWORD)
    await thief.sees("email address")
    await thief.sends("thief@example.org")
    [code] = CODE.findall((await clinic.telegram.mail_to("thief@example.org")).text)
    await thief.sends(code)
    await thief.sees("Corrected")
    mail = await clinic.telegram.mail_to("amina@example.org", "email address of your account")
    [payload] = re.findall(r"start=(notme_\S+)", mail.text)
    await clinic.amina.starts(payload)
    await clinic.amina.sees("its password is void")
    await thief.sends("/me")
    await thief.sees("I do not know you yet")
    async with clinic.app.services.sessions() as session:
        emails = set(await session.scalars(select(Account.email)))
    assert "amina@example.org" in emails
    assert "thief@example.org" not in emails
