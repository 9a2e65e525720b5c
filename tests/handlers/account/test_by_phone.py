"""A patient without email registers with the own telephone, gets the report in the chat, and unlocks with it."""

import pytest
from sqlalchemy import select

from bot.dev.sandbox import Person
from models.tables.accounts import Account
from models.tables.deliveries import Channel, Delivery
from tests.support.account_steps import rests
from tests.support.people import Clinic

PHONE = "+919840012345"


@pytest.mark.slow
async def test_one_without_email_gets_the_report_in_the_chat_and_unlocks_with_the_number(clinic: Clinic) -> None:
    kavin = await _registers(clinic)
    await kavin.sends("/me")
    assert PHONE in (await kavin.sees("Kavin Selvan")).text
    for command in ("/password", "/reset"):
        await kavin.sends(command)
        await kavin.sees("You have no password")
    await kavin.sends_photo(clinic.picture)
    await kavin.presses("I agree", on="Before your first picture")
    await kavin.sees("What troubles you")
    await clinic.verifies()
    await clinic.dispenses()
    await clinic.releases()
    await kavin.receives_document(timeout=30)
    assert "mailbox" not in (await kavin.sees("Your report")).text
    async with clinic.app.services.sessions() as session:
        [channel] = await session.scalars(select(Delivery.channel).where(Delivery.report_id.is_not(None)))
    assert channel is Channel.CHAT
    await _unlocks(clinic, kavin)


async def _registers(clinic: Clinic, name: str = "Kavin Selvan", phone: str = PHONE) -> Person:
    """Another person's contact, a forged one and other words are answered with the question again."""
    person = await clinic.telegram.person(name.split(maxsplit=1)[0])
    await person.sends("/register")
    notice = await person.sees("Before you tell us anything")
    assert all(one in notice.text for one in ("Telegram", "WhatsApp", "mail server", "/forget", "/human"))
    await person.sees("share your telephone number")
    for number, owner in ((phone, clinic.amina.chat_id), ("911", None)):
        await person.sends_contact(number, user_id=owner)
        await person.sees("That is not your own number")
        await person.sees("share your telephone number")
    await person.sends("my number is 98400")
    await person.sees("share your telephone number")
    await person.sends_contact(phone)
    await person.sees("full name")
    await person.sends(name)
    await person.sees("date of birth")
    await person.sends("24.12.1985")
    await person.presses("Male", on="Which sex")
    await person.presses("English", on="Which language")
    greeting = await person.sees("Your report will come to this chat")
    assert "✏️ Email" in greeting.buttons
    return person


async def _unlocks(clinic: Clinic, kavin: Person) -> None:
    await rests(clinic)
    await kavin.sends("/scans")
    await kavin.sees("This chat was unused for long")
    await kavin.sends("let me in")
    await kavin.sees("This chat was unused for long")
    for number, owner in (("+919840099999", None), (PHONE, clinic.amina.chat_id)):
        await kavin.sends_contact(number, user_id=owner)
        await kavin.sees("not the number of this account")
        await kavin.sends("/scans")
        await kavin.sees("This chat was unused for long")
    await kavin.sends_contact(PHONE)
    await kavin.sees("Thank you")
    await kavin.sends("/scans")
    await kavin.sees("#1")


@pytest.mark.slow
async def test_data_requests_and_signing_out_ask_for_the_number(clinic: Clinic) -> None:
    kavin = await _registers(clinic)
    await kavin.sends("/export")
    await kavin.sees("First share your number")
    await kavin.sends_contact("+919840099999")
    await kavin.sees("not the number of this account")
    await kavin.sends_contact(PHONE)
    archive = await kavin.receives_document(timeout=30)
    assert archive.name.endswith(".zip")
    await kavin.sends("/unlink")
    await kavin.sees("You have no email and no password")
    await kavin.sends("/forget")
    await kavin.presses("Yes, forget me")
    await kavin.sees("To confirm, share your number")
    await kavin.sends_contact(PHONE)
    await kavin.sees("You are forgotten")
    async with clinic.app.services.sessions() as session:
        left = (await session.scalars(select(Account).where(Account.erased_at.is_not(None)))).one()
        assert (left.phone, left.phone_hash, left.name) == (None, None, "")


async def test_a_contact_opens_nothing_for_an_account_with_a_password(clinic: Clinic) -> None:
    await rests(clinic)
    await clinic.amina.sends("/scans")
    await clinic.amina.sees("type your password")
    await clinic.amina.sends_contact(PHONE)
    await clinic.amina.sends("/scans")
    await clinic.amina.sees("type your password")
