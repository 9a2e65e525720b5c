"""Who are you: registration, linking from another chat, unlinking, language, invitations."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from models.tables.people import Invite
from tests.support.people import CODE, House
from tests.support.steps import an_hour_passes_for_codes

WEAK, GOOD = "password", "grüne Mango 7"
SLASH = "/lantern over wet slate"


async def registers(house: House, who: Person, email: str, name: str = "Ravi Kumar") -> None:
    """From /register to the question for the date of birth."""
    await who.sends("/register")
    await who.sees("full name")
    await who.sends(name)
    await who.sees("email address")
    await who.sends(email)
    await who.sees(f"6-digit code to {email.lower()}")
    mail = await house.clinic.mail_to(email.lower())
    [code] = CODE.findall(mail.text)
    await who.sends(code)
    await who.sees("Choose a password")
    await who.sends(GOOD)
    await who.sees("date of birth")


async def test_a_stranger_registers_and_sends_the_first_picture(house: House) -> None:
    """With every slip of the finger on the way; no code and no password stays in the chat."""
    ravi = await house.clinic.person("Ravi")
    secrets = await _registers_with_slips(house, ravi)

    shown = [message.text for message in await ravi.messages() if message.outgoing]
    assert not secrets & set(shown)
    await ravi.sends("/me")
    me = await ravi.sees("ravi@example.org")
    for words in ("Ravi Kumar", "24 December 1985", "patient", "English"):
        assert words in me.text
    await ravi.sends("/register")
    await ravi.sees("linked already")
    await house.uploads(ravi)
    await house.rao.sees("Ravi Kumar")


async def _registers_with_slips(house: House, ravi: Person) -> set[str]:
    """All that was typed and may not be read by the next who holds the phone."""
    await ravi.sends_photo(house.picture)
    await ravi.sees("I do not know you yet")
    await ravi.sends("/register")
    await ravi.sends("R")
    await ravi.sees("2 to 120 letters")
    await ravi.sends("  Ravi \n Kumar ")
    await ravi.sees("email address")
    await ravi.sends("ravi at home")
    await ravi.sees("does not look like an email address")
    await ravi.sends("Ravi@Example.org")
    await ravi.sees("6-digit code to ravi@example.org")
    [code] = CODE.findall((await house.clinic.mail_to("ravi@example.org")).text)
    wrong = f"{(int(code) + 1) % 10**6:06}"
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
    await ravi.sends("1985/12/24")
    await ravi.sees("Which sex")
    await ravi.presses("male", on="Which sex")
    await ravi.presses("English", on="Which language")
    await ravi.sees("Hello Ravi Kumar")
    return {code, f"{code[:3]} {code[3:]}", wrong, WEAK, SLASH, GOOD}


async def test_a_known_address_learns_it_from_the_mail_and_the_chat_shows_no_difference(house: House) -> None:
    stranger = await house.clinic.person("Stranger")
    await stranger.sends("/register")
    await stranger.sends("Somebody Else")
    await stranger.sees("email address")
    await stranger.sends("amina@example.org")
    await stranger.sees("6-digit code to amina@example.org")
    mail = await house.clinic.mail_to("amina@example.org")
    assert "account" in mail.subject
    assert CODE.findall(mail.text) == []
    await stranger.sends("123456")
    await stranger.sees("That code is not right")


async def test_an_account_is_used_from_a_second_chat_and_forgotten_there_again(house: House) -> None:
    """A wrong password, the right one, the language, and good-bye; the scans stay."""
    await house.uploads()
    tablet = await house.clinic.person("Amina's tablet")
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
    await house.amina.sends("/scans")
    await house.amina.sees("#1")


@pytest.mark.parametrize("email", ["joseph@example.org", "nobody@example.org"])
async def test_wrong_passwords_wait_longer_and_tell_nothing_of_who_has_an_account(house: House, email: str) -> None:
    """Three tries, then a pause, in the same words whether or not the address is known, even for the right one."""
    thief = await house.clinic.person("Thief")
    for number in range(4):
        await thief.sends("/link")
        await thief.sees("Which email address")
        await thief.sends(email)
        await thief.sees("And the password?")
        await thief.sends(PASSWORD if number == 3 else f"guess {number}")
        await thief.sees("wait 1 minute" if number == 3 else "do not fit together")
    await thief.sends("/users")
    await thief.sees("I do not know you yet")


async def test_an_invitation_makes_a_doctor_once(house: House) -> None:
    """For somebody new with a registration number; then it is worth nothing, and neither is an edited one."""
    await house.joseph.sends("/invite")
    await house.joseph.presses("doctor", on="Whom do you invite")
    link = await house.joseph.sees("One-time link")
    [payload] = re.findall(r"start=(\S+)", link.text)

    lena = await house.clinic.person("Lena")
    await lena.starts(payload)
    await lena.sees("invited to join as doctor")
    await registers(house, lena, "lena@example.org", "Dr Lena")
    await lena.presses("Skip")
    await lena.presses("female", on="Which sex")
    await lena.presses("English", on="Which language")
    await lena.sees("registration number")
    await lena.sends("later")
    await lena.sees("as it stands on your certificate")
    await lena.sends("TN-77")
    await lena.sees("You read scans here")
    await house.uploads()
    await lena.sees("Amina Yusuf")

    thief = await house.clinic.person("Thief")
    for used in (payload, payload[:-1] + ("A" if payload[-1] != "A" else "B"), "join_administrator"):
        await thief.starts(used)
        await thief.sees("used already or is too old")
    await house.joseph.sends("/users")
    users = await house.joseph.sees("Dr Lena – doctor – lena@example.org")
    assert "Staff: 4" in users.text


async def test_an_invitation_that_expires_on_the_way_keeps_nobody_out(house: House) -> None:
    """The last question is answered, the account is there, and the sentence says what became of the invitation."""
    await house.joseph.sends("/invite")
    await house.joseph.presses("doctor", on="Whom do you invite")
    [payload] = re.findall(r"start=(\S+)", (await house.joseph.sees("One-time link")).text)
    lena = await house.clinic.person("Lena")
    await lena.starts(payload)
    await registers(house, lena, "lena@example.org", "Dr Lena")
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(update(Invite).values(expires_at=datetime.now(UTC)))
    await lena.presses("Skip")
    await lena.presses("female", on="Which sex")
    await lena.presses("English", on="Which language")
    first = await lena.sees("used already or is too old")
    assert "Send me a picture" in first.text
    await house.uploads(lena)


async def test_a_password_is_changed_and_every_other_chat_is_signed_out(house: House) -> None:
    """The old one is asked first; neither stays in the chat; who knew the old one is out."""
    tablet = await house.clinic.person("Amina's tablet")
    await signs_in(tablet, "amina@example.org", PASSWORD)
    await house.amina.sends("/sessions")
    shown = await house.amina.sees("Where you are signed in")
    assert "Amina's tablet" in shown.text
    await house.amina.sends("/password")
    await house.amina.sees("present password")
    await house.amina.sends("a wrong one")
    await house.amina.sees("That is not the password")
    await house.amina.sends(PASSWORD)
    await house.amina.sees("And the new one")
    await house.amina.sends("amina@example.org")
    await house.amina.sees("too easy to guess")
    await house.amina.sends(GOOD)
    await house.amina.sees("signed out")
    said = [message.text for message in await house.amina.messages() if message.outgoing]
    assert not {PASSWORD, GOOD, "a wrong one"} & set(said)
    await tablet.sends("/scans")
    await tablet.sees("I do not know you yet")
    await signs_in(tablet, "amina@example.org", GOOD)


async def test_a_forgotten_password_is_replaced_by_a_code_and_a_stranger_learns_nothing(house: House) -> None:
    """The chat says the same for every address; a mail leaves for those with an account alone."""
    phone = await house.clinic.person("Amina's new phone")
    for email in ("nobody@example.org", "amina@example.org"):
        await phone.sends("/reset")
        await phone.sees("Which email address")
        await phone.sends(email)
        await phone.sees(f"If {email} has an account here")
        await an_hour_passes_for_codes(house)
    [code] = CODE.findall((await house.clinic.mail_to("amina@example.org", "choose a new password")).text)
    assert await house.clinic.mails("nobody@example.org") == []
    await phone.sends(f"{(int(code) + 1) % 10**6:06}")
    await phone.sees("That code is not right")
    await phone.sends(code)
    await phone.sees("And the new one")
    await phone.sends(GOOD)
    await phone.sees("signed out")
    await phone.sends("/me")
    await phone.sees("Amina Yusuf")
    await house.amina.sends("/scans")
    await house.amina.sees("I do not know you yet")
    assert code not in [message.text for message in await phone.messages()]


async def signs_in(who: Person, email: str, password: str) -> None:
    await who.sends("/link")
    await who.sends(email)
    await who.sees("And the password?")
    await who.sends(password)
    await who.sees("Hello")


async def test_somebody_with_an_account_accepts_an_invitation_and_keeps_what_he_was(house: House) -> None:
    await house.joseph.sends("/invite")
    await house.joseph.presses("pharmacist", on="Whom do you invite")
    [payload] = re.findall(r"start=(\S+)", (await house.joseph.sees("One-time link")).text)
    await house.meena.starts(payload)
    answer = await house.meena.presses("Yes, I join")
    assert "You have this role already" in (answer.text or "")
    await house.amina.starts(payload)
    await house.amina.presses("Yes, I join")
    await house.amina.sees("registration number")
    await house.amina.sends("PH-77")
    await house.amina.sees("Verified scans appear here")
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("This needs your role as patient")
    await house.amina.presses("Act as patient")
    await house.amina.sees("you now act as patient")
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("What troubles you")
