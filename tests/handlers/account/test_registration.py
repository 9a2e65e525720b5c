"""Registration, linking from another chat, unlinking, language, invitations."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from models.tables.accounts import Invite
from tests.support.account_steps import GOOD, WEAK, asks_for_the_name, invites, registers, signs_in
from tests.support.people import CODE, Clinic
from tests.support.steps import an_hour_passes_for_codes

SLASH = "/lantern over wet slate"


@pytest.mark.slow
async def test_a_stranger_registers_and_sends_the_first_picture(clinic: Clinic) -> None:
    """With typing mistakes at each question; no code and no password stays in the chat."""
    ravi = await clinic.telegram.person("Ravi")
    secrets = await _registers_with_slips(clinic, ravi)

    shown = [message.text for message in await ravi.messages() if message.outgoing]
    assert not secrets & set(shown)
    await ravi.sends("/me")
    me = await ravi.sees("ravi@example.org")
    for words in ("Ravi Kumar", "24 December 1985", "patient", "English"):
        assert words in me.text
    await ravi.sends("/register")
    await ravi.sees("linked already")
    await clinic.rao.sees("Ravi Kumar")


async def _registers_with_slips(clinic: Clinic, ravi: Person) -> set[str]:
    """Register with mistakes; returns the typed texts that must not stay readable in the chat."""
    await ravi.sends_photo(clinic.picture)
    await ravi.sees("I keep your picture")
    await asks_for_the_name(ravi)
    await ravi.sends("R")
    await ravi.sees("2 to 120 letters")
    await ravi.sends("  Ravi \n Kumar ")
    await ravi.sees("email address")
    await ravi.sends("ravi at home")
    await ravi.sees("does not look like an email address")
    await ravi.sends("Ravi@Example.org")
    await ravi.sees("6-digit code to ravi@example.org")
    [code] = CODE.findall((await clinic.telegram.mail_to("ravi@example.org")).text)
    wrong = f"{(int(code) + 1) % 10**8:08}"
    await ravi.sends(wrong)
    await ravi.sees("That code is not right")
    await ravi.sends(f"{code[:3]} {code[3:]}")
    await ravi.sees("Choose a password")
    await ravi.sends(WEAK)
    await ravi.sees("too easy to guess")
    await ravi.sends(SLASH)
    await ravi.sees("cannot begin with a slash")
    await ravi.sends(GOOD)
    await ravi.sees("date of birth")
    for bad in ("tomorrow", "31.2.1990", "1.1.1800", "1.1.2999", "12.1985"):
        await ravi.sends(bad)
        await ravi.sees("cannot read this date")
    await ravi.sends("42 years")
    await ravi.sees(f"about {datetime.now(UTC).year - 42}, 42 yrs")  # no day is made up from an age
    await ravi.presses("Date of birth", on="Which sex")
    await ravi.sees("date of birth")
    await ravi.sends("1985/12/24")
    await ravi.sees("Born on 24 December 1985, 40 yrs")
    await ravi.presses("Male", on="Which sex")
    await ravi.presses("English", on="Which language")
    await ravi.sees("Hello Ravi Kumar")
    await ravi.presses("I agree", on="Before your first picture")
    await ravi.sees("What troubles you")
    return {code, f"{code[:3]} {code[3:]}", wrong, WEAK, SLASH, GOOD}


async def test_a_known_address_learns_it_from_the_mail_and_the_chat_shows_no_difference(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Stranger")
    await asks_for_the_name(stranger)
    await stranger.sends("Somebody Else")
    await stranger.sees("email address")
    await stranger.sends("amina@example.org")
    await stranger.sees("6-digit code to amina@example.org")
    mail = await clinic.telegram.mail_to("amina@example.org")
    assert "account" in mail.subject
    assert CODE.findall(mail.text) == []
    await stranger.sends("123456")
    await stranger.sees("That code is not right")


async def test_an_account_is_used_from_a_second_chat_and_forgotten_there_again(clinic: Clinic) -> None:
    """A wrong password, the right one, the language, and signing out; the scans stay."""
    await clinic.uploads()
    tablet = await clinic.telegram.person("Amina's tablet")
    for typed in ("wrong password", PASSWORD):
        await tablet.sends("/link")
        await tablet.sees("Which email address")
        await tablet.sends(" AMINA@example.org ")
        await tablet.sees("And the password?")
        await tablet.sends(typed)
        await tablet.sees("do not fit together" if typed != PASSWORD else "Hello Amina Yusuf")
    shown = [message.text for message in await tablet.messages()]
    assert "wrong password" not in shown
    assert PASSWORD not in shown
    await tablet.sends("/link")
    await tablet.sees("linked already")
    await tablet.sends("/scans")
    await tablet.sees("#1")
    await tablet.sends("/language")
    await tablet.presses("English", on="Which language")
    await tablet.sees("From now on I write in English")
    await tablet.sends("/unlink")
    await tablet.presses("Yes, separate")
    await tablet.sees("is separated from your account")
    await tablet.sends("/scans")
    await tablet.sees("I do not know you yet")
    await clinic.amina.sends("/scans")
    await clinic.amina.sees("#1")


@pytest.mark.parametrize("email", ["joseph@example.org", "nobody@example.org"])
async def test_wrong_passwords_wait_longer_and_tell_nothing_of_who_has_an_account(clinic: Clinic, email: str) -> None:
    """Three attempts, then a pause, in the same words whether or not the address is known, even for the right
    password.
    """
    thief = await clinic.telegram.person("Thief")
    for number in range(4):
        await thief.sends("/link")
        await thief.sees("Which email address")
        await thief.sends(email)
        await thief.sees("And the password?")
        await thief.sends(PASSWORD if number == 3 else f"guess {number}")
        await thief.sees("wait 1 minute" if number == 3 else "do not fit together")
    await thief.sends("/users")
    await thief.sees("I do not know you yet")


async def test_an_invitation_makes_a_doctor_once(clinic: Clinic) -> None:
    """It needs a registration number; used or edited it is void."""
    payload = await invites(clinic, "doctor", "lena@example.org")

    lena = await clinic.telegram.person("Lena")
    await lena.starts(payload)
    await lena.sees("invited to join as doctor")
    await registers(clinic, lena, "lena@example.org", "Dr Lena", invited=True)
    await lena.presses("Skip")
    await lena.presses("Female", on="Which sex")
    await lena.presses("English", on="Which language")
    await lena.sees("registration number")
    await lena.sends("later")
    await lena.sees("as it stands on your certificate")
    await lena.sends("TN-77")
    await lena.sees("You read scans here")
    await clinic.uploads()
    await lena.sees("Amina Yusuf")

    thief = await clinic.telegram.person("Thief")
    for used in (payload, payload[:-1] + ("A" if payload[-1] != "A" else "B"), "join_administrator"):
        await thief.starts(used)
        await thief.sees("used already or is too old")
    await clinic.joseph.sends("/users")
    users = await clinic.joseph.sees("Dr Lena – doctor – lena@example.org")
    assert "Staff: 4" in users.text


@pytest.mark.slow
async def test_an_invitation_that_expires_on_the_way_keeps_nobody_out(clinic: Clinic) -> None:
    """The last question is answered, the account exists, and the message explains the expired invitation."""
    payload = await invites(clinic, "doctor", "lena@example.org")
    lena = await clinic.telegram.person("Lena")
    await lena.starts(payload)
    await registers(clinic, lena, "lena@example.org", "Dr Lena", invited=True)
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(Invite).values(expires_at=datetime.now(UTC)))
    await lena.presses("Skip")
    await lena.presses("Female", on="Which sex")
    await lena.presses("English", on="Which language")
    first = await lena.sees("used already or is too old")
    assert "Send me a picture" in first.text
    await clinic.uploads(lena)


@pytest.mark.slow
async def test_a_password_is_changed_and_every_other_chat_is_signed_out(clinic: Clinic) -> None:
    """The old password is required; neither stays in the chat."""
    tablet = await clinic.telegram.person("Amina's tablet")
    await signs_in(tablet, "amina@example.org", PASSWORD)
    await clinic.amina.sends("/sessions")
    shown = await clinic.amina.sees("Where you are signed in")
    assert "Amina's tablet" in shown.text
    await clinic.amina.sends("/password")
    await clinic.amina.sees("present password")
    await clinic.amina.sends("a wrong one")
    await clinic.amina.sees("That is not the password")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees("And the new one")
    await clinic.amina.sends("amina@example.org")
    await clinic.amina.sees("too easy to guess")
    await clinic.amina.sends(GOOD)
    await clinic.amina.sees("signed out")
    replies = [message.text for message in await clinic.amina.messages() if message.outgoing]
    assert not {PASSWORD, GOOD, "a wrong one"} & set(replies)
    await tablet.sends("/scans")
    await tablet.sees("I do not know you yet")
    await signs_in(tablet, "amina@example.org", GOOD)


async def test_a_forgotten_password_is_replaced_by_a_code_and_a_stranger_learns_nothing(clinic: Clinic) -> None:
    """The chat gives the same answer for every address; only an existing account gets a mail."""
    phone = await clinic.telegram.person("Amina's new phone")
    for email in ("nobody@example.org", "amina@example.org"):
        await phone.sends("/reset")
        await phone.sees("Which email address")
        await phone.sends(email)
        await phone.sees(f"If {email} has an account here")
        await an_hour_passes_for_codes(clinic)
    [code] = CODE.findall((await clinic.telegram.mail_to("amina@example.org", "choose a new password")).text)
    assert await clinic.telegram.mails("nobody@example.org") == []
    await phone.sends(f"{(int(code) + 1) % 10**8:08}")
    await phone.sees("That code is not right")
    await phone.sends(code)
    await phone.sees("And the new one")
    await phone.sends(GOOD)
    await phone.sees("signed out")
    await phone.sends("/me")
    await phone.sees("Amina Yusuf")
    await clinic.amina.sends("/scans")
    await clinic.amina.sees("I do not know you yet")
    assert code not in [message.text for message in await phone.messages()]


async def test_somebody_with_an_account_accepts_an_invitation_and_keeps_what_he_was(clinic: Clinic) -> None:
    payload = await invites(clinic, "pharmacist", "amina@example.org")
    for other, refusal in ((clinic.meena, "You have this role already"), (clinic.rao, "for another address")):
        await other.starts(payload)
        answer = await other.presses("Yes, I join")
        assert refusal in (answer.text or "")
    await clinic.amina.starts(payload)
    await clinic.amina.presses("Yes, I join")
    await clinic.amina.sees("registration number")
    await clinic.amina.sends("PH-77")
    await clinic.amina.sees("Verified scans appear here")
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("This needs your role as patient")
    await clinic.amina.presses("Act as patient")
    await clinic.amina.sees("you now act as patient")
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")
