"""Steps for accounts: authenticator, sessions, roles, registration."""

import re
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pyotp
from aiogram.types import BotCommandScopeChat
from numpy.typing import NDArray
from sqlalchemy import update

from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from models.tables.accounts import ChatLink
from tests.support.people import CODE, Clinic
from tests.support.steps import an_hour_passes_for_codes


def read_code(pixels: NDArray[np.uint8]) -> str:
    """OpenCV reads nearly every code at its original size, and the others at another size or with its second
    detector.
    """
    for scale in (1.0, 1.5, 2.0, 0.75, 3.0, 0.5):
        shown = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for detector in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()):
            if found := detector.detectAndDecode(shown)[0]:
                return str(found)
    raise AssertionError("no code can be read from the picture")


async def enrols(clinic: Clinic) -> pyotp.TOTP:
    """Joseph sets up the app: password, QR code, first code. The picture is decoded as a phone does."""
    await clinic.joseph.sends("/authenticator")
    await clinic.joseph.sees("type your password")
    await clinic.joseph.sends(PASSWORD)
    shown = await clinic.joseph.sees("Scan this picture")
    pixels = cv2.imdecode(np.frombuffer(await shown.download(), np.uint8), cv2.IMREAD_GRAYSCALE)
    app = pyotp.parse_uri(read_code(pixels))
    assert isinstance(app, pyotp.TOTP)
    assert (app.issuer, app.name) == ("Demo Hospital", "joseph@example.org")
    await clinic.joseph.sends(app.at(datetime.now(UTC)))
    await clinic.joseph.sees("counts from now on")
    return app


async def rests(clinic: Clinic, hours: float = 13) -> None:
    """Set the last use of every chat to so long ago."""
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(ChatLink).values(seen_at=datetime.now(UTC) - timedelta(hours=hours)))


async def asks_to_be_forgotten(person: Person) -> None:
    await person.looks_away()
    await person.sends("/forget")
    await person.sees("Shall we forget you?")
    await person.presses("Yes, forget me")
    await person.sees("To confirm, type your password")
    await person.sends(PASSWORD)


async def changes(clinic: Clinic, button: str) -> str:
    """Joseph opens Dr Rao in the list and presses; the code from the mail confirms it."""
    earlier = await clinic.telegram.mails("joseph@example.org")
    await clinic.joseph.sends("/users")
    await clinic.joseph.presses("Dr Rao", on="Staff:")
    await clinic.joseph.presses(button)
    question = await clinic.joseph.sees("You confirm: Dr Rao")
    mail = await clinic.telegram.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("It counts at once")
    await an_hour_passes_for_codes(clinic)
    return question.text


async def proves(clinic: Clinic) -> None:
    """Joseph types the code that an operation asked for."""
    await clinic.joseph.sees("First show that it is you")
    mail = await clinic.telegram.mail_to("joseph@example.org", after=None)
    [code] = CODE.findall(mail.text)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("needs no further code")


async def is_proved(clinic: Clinic) -> None:
    """Joseph's chat was proved with a code just now."""
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(ChatLink).values(proved_at=datetime.now(UTC)))


async def invites(clinic: Clinic, role: str, email: str) -> str:
    """Joseph makes a link; the code from the mail confirms it. Returns the payload of the link."""
    earlier = await clinic.telegram.mails("joseph@example.org")
    await clinic.joseph.sends("/invite")
    await clinic.joseph.presses(role.capitalize(), on="Whom do you invite")
    await clinic.joseph.sends(email)
    await clinic.joseph.sees("You confirm: Invite staff")
    mail = await clinic.telegram.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    await clinic.joseph.sends(code)
    [payload] = re.findall(r"start=(\S+)", (await clinic.joseph.sees("One-time link")).text)
    await an_hour_passes_for_codes(clinic)
    return str(payload)


WEAK, GOOD = "password", "grüne Mango 7"


async def asks_for_the_name(who: Person, invited: bool = False) -> None:
    """/register, by email; an invitation leaves no choice."""
    await who.sends("/register")
    if not invited:
        await who.presses("Register with email")
    await who.sees("full name")


async def registers(clinic: Clinic, who: Person, email: str, name: str = "Ravi Kumar", invited: bool = False) -> None:
    """From /register to the question for the date of birth."""
    await asks_for_the_name(who, invited)
    await who.sends(name)
    await who.sees("email address")
    await who.sends(email)
    await who.sees(f"6-digit code to {email.lower()}")
    mail = await clinic.telegram.mail_to(email.lower())
    [code] = CODE.findall(mail.text)
    await who.sends(code)
    await who.sees("Choose a password")
    await who.sends(GOOD)
    await who.sees("date of birth")


async def signs_in(who: Person, email: str, password: str) -> None:
    await who.sends("/link")
    await who.sends(email)
    await who.sees("And the password?")
    await who.sends(password)
    await who.sees("Hello")


async def staff_signs_in(clinic: Clinic, who: Person, email: str, password: str = PASSWORD) -> None:
    """With the second factor: the code from the mail."""
    earlier = await clinic.telegram.mails(email)
    await who.sends("/link")
    await who.sends(email)
    await who.sees("And the password?")
    await who.sends(password)
    await who.sees("One more step for staff")
    mail = await clinic.telegram.mail_to(email, after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    await who.sends(code)
    await who.sees("Hello")


async def menu_of(clinic: Clinic, who: Person) -> set[str]:
    shown = await clinic.app.services.bot.get_my_commands(scope=BotCommandScopeChat(chat_id=who.chat_id))
    return {one.command for one in shown}
