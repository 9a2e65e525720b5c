"""Who are you: registration, linking from another chat, unlinking, language, invitations."""

import re

from bot.demo import PASSWORD
from bot.sandbox import Person
from tests.people import CODE, House

WEAK, GOOD = "password", "grüne Mango 7"


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

    shown = [message.text for message in await ravi.messages() if message.outgoing]
    for secret in (code, f"{code[:3]} {code[3:]}", wrong, WEAK, GOOD):
        assert secret not in shown
    await ravi.sends("/me")
    me = await ravi.sees("ravi@example.org")
    for words in ("Ravi Kumar", "24 December 1985", "patient", "English"):
        assert words in me.text
    await ravi.sends("/register")
    await ravi.sees("linked already")
    await house.uploads(ravi)
    await house.rao.sees("Ravi Kumar")


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


async def test_five_wrong_passwords_lock_even_the_right_one_out(house: House) -> None:
    thief = await house.clinic.person("Thief")
    for number in range(6):
        await thief.sends("/link")
        await thief.sees("Which email address")
        await thief.sends("joseph@example.org")
        await thief.sees("And the password?")
        await thief.sends(PASSWORD if number == 5 else f"guess {number}")
        await thief.sees("wait 15 minutes" if number == 5 else "do not fit together")
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


async def test_somebody_with_an_account_accepts_an_invitation_and_the_last_administrator_cannot(house: House) -> None:
    await house.joseph.sends("/invite")
    await house.joseph.presses("pharmacist", on="Whom do you invite")
    [payload] = re.findall(r"start=(\S+)", (await house.joseph.sees("One-time link")).text)
    await house.joseph.starts(payload)
    answer = await house.joseph.presses("Yes, I join")
    assert "only administrator" in (answer.text or "")
    await house.amina.starts(payload)
    await house.amina.presses("Yes, I join")
    await house.amina.sees("Verified scans appear here")
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("Somebody else does this")
