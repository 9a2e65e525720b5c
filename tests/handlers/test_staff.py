"""/users: an administrator suspends and restores, each time with a code of his own."""

from sqlalchemy import select

from models.tables.people import Account, Role
from tests.support.jobs import settles
from tests.support.people import CODE, House
from tests.support.rows import a_person
from tests.support.steps import an_hour_passes_for_codes


async def changes(house: House, button: str) -> str:
    """Joseph opens Dr Rao in the list and presses; the code from the mail confirms it."""
    earlier = await house.clinic.mails("joseph@example.org")
    await house.joseph.sends("/users")
    await house.joseph.presses("Dr Rao", on="Staff:")
    await house.joseph.presses(button)
    asked = await house.joseph.sees("You confirm: Dr Rao")
    mail = await house.clinic.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    await house.joseph.sends(code)
    await house.joseph.sees("It counts at once")
    await an_hour_passes_for_codes(house)
    return asked.text


async def test_who_is_suspended_hears_so_and_gets_no_cards_until_restored(house: House) -> None:
    assert "Suspend" in await changes(house, "Suspend")
    await house.joseph.sends("/users")
    await house.joseph.sees("Dr Rao – doctor – rao@example.org – suspended")
    await house.rao.sends("/queue")
    await house.rao.sees("Your access is suspended")
    await house.uploads()
    await settles(house)
    assert [one for one in await house.rao.messages() if one.photo] == []
    await changes(house, "Restore")
    await house.rao.sends("/queue")
    await house.rao.sees("Waiting for you")


async def test_a_staff_of_many_comes_in_as_many_messages_as_it_needs(house: House) -> None:
    async with house.app.clinic.sessions.begin() as session:
        for number in range(120):
            await a_person(session, Role.DOCTOR, name=f"Dr Number {number:03} of the Hospital")
    await house.joseph.sends("/users")
    await house.joseph.sees("Dr Number 119")
    listed = [one for one in await house.joseph.messages() if "Dr Number" in one.text]
    assert len(listed) > 1
    assert "Staff: 123" in listed[0].text
    assert "\n".join(one.text for one in listed).count("•") == 123
    assert sum(len(one.buttons) for one in listed) == 123


async def test_a_conversation_of_somebody_suspended_is_taken_by_another(house: House) -> None:
    """What the patient wrote is not left lying with who may no longer read it."""
    await house.amina.sends("I want to talk to a human")
    await house.rao.presses("I take it")
    await house.amina.sees("Dr Rao")
    await house.meena.looks_away()
    await changes(house, "Suspend")
    await house.amina.sends("Are you still there?")
    await house.meena.sees("would like to talk to a person")
    await house.meena.presses("I take it")
    await house.meena.sees("Are you still there?")


async def test_a_role_that_is_registered_somewhere_is_given_with_its_number(house: House) -> None:
    """The number is part of what the code confirms, and what reports print."""
    earlier = await house.clinic.mails("joseph@example.org")
    await house.joseph.sends("/users")
    await house.joseph.presses("Dr Rao", on="Staff:")
    await house.joseph.presses("Make pharmacist")
    await house.joseph.sees("registration number for this role")
    await house.joseph.sends("?")
    await house.joseph.sees("as it stands on your certificate")
    await house.joseph.sends("PH-4711")
    assert "Make pharmacist (PH-4711)" in (await house.joseph.sees("You confirm: Dr Rao")).text
    mail = await house.clinic.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    await house.joseph.sends(code)
    await house.joseph.sees("It counts at once")
    async with house.app.clinic.sessions() as session:
        rao = (await session.scalars(select(Account).where(Account.email == "rao@example.org"))).one()
    assert rao.number_as(Role.PHARMACIST) == "PH-4711"
    assert rao.number_as(Role.DOCTOR) != "PH-4711"
