"""/role: one person, two roles, one of them at a time."""

import re

import pytest
from sqlalchemy import select

from bot.dev.demo import PASSWORD
from handlers.ui.callbacks import CardAction, OnCard
from models.tables.audit import AuditRow
from models.vocabulary import ScanStatus
from tests.support.account_steps import invites, signs_in
from tests.support.jobs import settles
from tests.support.people import Clinic
from tests.support.steps import a_scan, sentence_for


async def joins_as_pharmacist(clinic: Clinic) -> None:
    """Give Dr Rao, a doctor, the pharmacist role too."""
    await clinic.rao.starts(await invites(clinic, "pharmacist", "rao@example.org"))
    await clinic.rao.presses("Yes, I join")
    await clinic.rao.sees("registration number")
    await clinic.rao.sends("PH-77")
    await clinic.rao.sees("Verified scans appear here")


async def menu(clinic: Clinic) -> list[str]:
    await settles(clinic)
    shown = [call for call in await clinic.telegram.calls() if call["method"] == "setMyCommands"]
    mine = [call for call in shown if str(clinic.rao.chat_id) in str(call)]
    return re.findall(r'"?command"?\W+(\w+)', str(mine[-1]))


@pytest.mark.slow
async def test_one_person_works_as_doctor_and_as_pharmacist_but_never_on_the_same_scan(clinic: Clinic) -> None:
    await joins_as_pharmacist(clinic)
    await clinic.rao.sends("/role")
    await clinic.rao.sees("you act as pharmacist")
    await clinic.rao.presses("Act as doctor")
    await clinic.rao.sees("you now act as doctor")
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await clinic.rao.sends("/start")
    answer = await clinic.rao.forges(OnCard(action=CardAction.PRESCRIBE, scan_id=scan).pack())
    assert answer.text == sentence_for(clinic, "error.not_allowed"), "the other role could not do it either"
    await clinic.rao.sends("/role")
    await clinic.rao.presses("Act as pharmacist")
    answer = await clinic.rao.forges(OnCard(action=CardAction.PRESCRIBE, scan_id=scan).pack())
    assert answer.text == sentence_for(clinic, "error.same_hand")
    async with clinic.app.services.sessions() as session:
        acts = (await session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()))).all()
    refused = [(row.role, row.outcome, row.reason) for row in acts if row.act == "trespass"]
    assert refused == [("pharmacist", "refused", "same_hand"), ("doctor", "refused", "not_allowed")]
    assert [row.reason for row in acts if row.act == "switch_role"] == ["pharmacist", "doctor"]


@pytest.mark.slow
async def test_a_press_under_a_card_of_the_other_role_offers_the_switch(clinic: Clinic) -> None:
    await joins_as_pharmacist(clinic)
    await clinic.rao.sends("/role")
    await clinic.rao.presses("Act as doctor")
    await clinic.uploads()
    await clinic.rao.sees("Scan #1")
    await clinic.rao.sends("/role")
    await clinic.rao.presses("Act as pharmacist")
    await clinic.rao.sees("you now act as pharmacist")
    await clinic.rao.presses("Analyse", on="Scan #1")
    await clinic.rao.sees("This needs your role as doctor")
    await clinic.rao.presses("Act as doctor", on="This needs your role")
    await clinic.rao.sees("you now act as doctor")
    await clinic.rao.presses("Analyse", on="Scan #1")
    await clinic.rao.sees("replaces none")


@pytest.mark.slow
async def test_who_acts_elsewhere_hears_that_a_scan_waits_for_the_other_role(clinic: Clinic) -> None:
    """The menu follows the active role."""
    await joins_as_pharmacist(clinic)
    await clinic.uploads()
    await clinic.rao.sees("Scan #1 waits for your role as doctor")
    assert "role" in await menu(clinic)


async def test_an_invitation_is_accepted_after_signing_in(clinic: Clinic) -> None:
    phone = await clinic.telegram.person("Amina's new phone")
    await phone.starts(await invites(clinic, "administrator", "amina@example.org"))
    await phone.sees("If you have an account already: /link")
    await signs_in(phone, "amina@example.org", PASSWORD)
    await phone.presses("Yes, I join", on="You are invited to join as administrator")
    await phone.sees("You release reports")
    await clinic.joseph.sends("/users")
    await clinic.joseph.sees("Amina Yusuf – administrator, patient")
