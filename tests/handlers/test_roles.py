"""/role: one person, two roles, one of them at a time."""

import re

from sqlalchemy import select

from bot.dev.demo import PASSWORD
from handlers.ui.keyboards import CardAction, OnCard
from models.tables.audit import AuditRow
from models.tables.scans import Status
from tests.handlers.test_registration import signs_in
from tests.support.jobs import settles
from tests.support.people import House
from tests.support.steps import a_scan, says


async def invites(house: House, role: str) -> str:
    await house.joseph.sends("/invite")
    await house.joseph.presses(role, on="Whom do you invite")
    [payload] = re.findall(r"start=(\S+)", (await house.joseph.sees("One-time link")).text)
    return str(payload)


async def joins_as_pharmacist(house: House) -> None:
    """Dr Rao, a doctor, is a pharmacist besides."""
    await house.rao.starts(await invites(house, "pharmacist"))
    await house.rao.presses("Yes, I join")
    await house.rao.sees("registration number")
    await house.rao.sends("PH-77")
    await house.rao.sees("Verified scans appear here")


async def menu(house: House) -> list[str]:
    await settles(house)
    shown = [call for call in await house.clinic.calls() if call["method"] == "setMyCommands"]
    mine = [call for call in shown if str(house.rao.chat_id) in str(call)]
    return re.findall(r'"?command"?\W+(\w+)', str(mine[-1]))


async def test_one_person_works_as_doctor_and_as_pharmacist_but_never_on_the_same_scan(house: House) -> None:
    await joins_as_pharmacist(house)
    await house.rao.sends("/role")
    await house.rao.sees("you act as pharmacist")
    await house.rao.presses("Act as doctor")
    await house.rao.sees("you now act as doctor")
    scan = await a_scan(house, Status.DOCTOR_VERIFIED)
    await house.rao.sends("/start")
    answer = await house.rao.forges(OnCard(action=CardAction.PRESCRIBE, scan_id=scan).pack())
    assert answer.text == says(house, "error.not_allowed"), "the other role could not do it either"
    await house.rao.sends("/role")
    await house.rao.presses("Act as pharmacist")
    answer = await house.rao.forges(OnCard(action=CardAction.PRESCRIBE, scan_id=scan).pack())
    assert answer.text == says(house, "error.same_hand")
    async with house.app.clinic.sessions() as session:
        acts = (await session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()))).all()
    refused = [(row.role, row.outcome, row.reason) for row in acts if row.act == "trespass"]
    assert refused == [("pharmacist", "refused", "same_hand"), ("doctor", "refused", "not_allowed")]
    assert [row.reason for row in acts if row.act == "switch_role"] == ["pharmacist", "doctor"]


async def test_a_press_under_a_card_of_the_other_role_offers_the_switch(house: House) -> None:
    await joins_as_pharmacist(house)
    await house.rao.sends("/role")
    await house.rao.presses("Act as doctor")
    await house.uploads()
    await house.rao.sees("Scan #1")
    await house.rao.sends("/role")
    await house.rao.presses("Act as pharmacist")
    await house.rao.sees("you now act as pharmacist")
    await house.rao.presses("Analyse", on="Scan #1")
    await house.rao.sees("This needs your role as doctor")
    await house.rao.presses("Act as doctor", on="This needs your role")
    await house.rao.sees("you now act as doctor")
    await house.rao.presses("Analyse", on="Scan #1")
    await house.rao.sees("replaces none")


async def test_who_acts_elsewhere_hears_that_a_scan_waits_for_the_other_role(house: House) -> None:
    """The menu goes with the role, too."""
    await joins_as_pharmacist(house)
    await house.uploads()
    await house.rao.sees("Scan #1 waits for your role as doctor")
    assert "role" in await menu(house)


async def test_an_invitation_is_accepted_after_signing_in(house: House) -> None:
    phone = await house.clinic.person("Amina's new phone")
    await phone.starts(await invites(house, "administrator"))
    await phone.sees("If you have an account already: /link")
    await signs_in(phone, "amina@example.org", PASSWORD)
    await phone.presses("Yes, I join", on="You are invited to join as administrator")
    await phone.sees("You release reports")
    await house.joseph.sends("/users")
    await house.joseph.sees("Amina Yusuf – administrator, patient")
