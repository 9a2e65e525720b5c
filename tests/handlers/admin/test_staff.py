"""/users: an administrator suspends and restores, each time with a one-time code."""

import pytest
from sqlalchemy import select

from models.tables.accounts import Account
from models.vocabulary import Role
from tests.support.account_steps import changes
from tests.support.jobs import settles
from tests.support.people import CODE, Clinic
from tests.support.rows import a_person


@pytest.mark.slow
async def test_who_is_suspended_hears_so_and_gets_no_cards_until_restored(clinic: Clinic) -> None:
    assert "Suspend" in await changes(clinic, "Suspend")
    await clinic.joseph.sends("/users")
    await clinic.joseph.sees("Dr Rao – doctor – rao@example.org – suspended")
    await clinic.rao.sends("/queue")
    await clinic.rao.sees("Your access is suspended")
    await clinic.uploads()
    await settles(clinic)
    assert [one for one in await clinic.rao.messages() if one.photo] == []
    await changes(clinic, "Restore")
    await clinic.rao.sends("/queue")
    await clinic.rao.sees("Waiting for you")


async def test_a_staff_of_many_comes_in_as_many_messages_as_it_needs(clinic: Clinic) -> None:
    async with clinic.app.services.sessions.begin() as session:
        for number in range(120):
            await a_person(session, Role.DOCTOR, name=f"Dr Number {number:03} of the Hospital")
    await clinic.joseph.sends("/users")
    await clinic.joseph.sees("Dr Number 119")
    listed = [one for one in await clinic.joseph.messages() if "Dr Number" in one.text]
    assert len(listed) > 1
    assert "Staff: 123" in listed[0].text
    assert "\n".join(one.text for one in listed).count("•") == 123
    assert sum(len(one.buttons) for one in listed) == 123


async def test_a_conversation_of_somebody_suspended_is_taken_by_another(clinic: Clinic) -> None:
    """The patient's message does not stay with an account that may no longer read it."""
    await clinic.amina.sends("I want to talk to a human")
    await clinic.rao.presses("I take it")
    await clinic.amina.sees("Dr Rao")
    await clinic.meena.looks_away()
    await changes(clinic, "Suspend")
    await clinic.amina.sends("Are you still there?")
    await clinic.meena.sees("would like to talk to a person")
    await clinic.meena.presses("I take it")
    await clinic.meena.sees("Are you still there?")


async def test_a_role_that_is_registered_somewhere_is_given_with_its_number(clinic: Clinic) -> None:
    """The code confirms the number too, and reports print it."""
    earlier = await clinic.telegram.mails("joseph@example.org")
    await clinic.joseph.sends("/users")
    await clinic.joseph.presses("Dr Rao", on="Staff:")
    await clinic.joseph.presses("Make pharmacist")
    await clinic.joseph.sees("registration number for this role")
    await clinic.joseph.sends("?")
    await clinic.joseph.sees("as it stands on your certificate")
    await clinic.joseph.sends("PH-4711")
    assert "Make pharmacist (PH-4711)" in (await clinic.joseph.sees("You confirm: Dr Rao")).text
    mail = await clinic.telegram.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("It counts at once")
    async with clinic.app.services.sessions() as session:
        rao = (await session.scalars(select(Account).where(Account.email == "rao@example.org"))).one()
    assert rao.registration_number_as(Role.PHARMACIST) == "PH-4711"
    assert rao.registration_number_as(Role.DOCTOR) != "PH-4711"
