"""Promise: no act on health data, no access to it and no sign-in without a row in the audit record."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import pytest
from sqlalchemy import select

from bot.dev.demo import PASSWORD
from bot.engines import Engines
from handlers.ui.callbacks import CardAction, OnCard
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.vocabulary import ScanStatus
from tests.support.account_steps import (
    asks_to_be_forgotten,
    changes,
    enrols,
    invites,
    proves,
    registers,
    rests,
    signs_in,
)
from tests.support.file_steps import gets_slip, names_mother, registers_walk_in, sends_film
from tests.support.jobs import settles
from tests.support.people import CODE, Clinic, open_clinic
from tests.support.report_steps import asks_to_amend
from tests.support.steps import a_scan, actor, asks_unanswered, scan_row
from workflow.accounts.chats import phones
from workflow.permissions import GRANTS, Operation, Permission
from workflow.transitions import Action

SHOWS_NOBODYS_HEALTH: Final = {
    *(Permission.PUBLIC_INFO, Permission.SET_LANGUAGE),  # the FAQ, the language
    Permission.SEE_OWN,  # numbers, times and stages; opening the card by its number is recorded
    *(Permission.SEE_SELF, Permission.SEE_SESSIONS, Permission.SEE_PRIVACY),  # one's own account, chats and record
    *(
        Permission.SEE_MODEL,
        Permission.SEE_STAFF,
        Permission.SEE_WEEK,
        Permission.SEE_UNDELIVERED,
        Permission.SEE_DAY,
    ),  # the model's card, colleagues, numbers of reports, a doctor's and the hospital's figures
}
LEAVES: Final[Mapping[Operation, str]] = {
    **{action: str(action) for action in Action},
    Permission.REGISTER: "register",
    Permission.SIGN_IN: "sign_in",
    Permission.SIGN_OUT: "sign_out",
    Permission.UNLOCK: "unlock",
    Permission.LINK_CHAT: "offer_link",
    Permission.OPEN_BROWSER: "offer_browser",
    Permission.EXPORT_LISTS: "look:audit",
    Permission.CORRECT_SELF: "correct:name",
    Permission.SET_EMAIL: "correct:email",
    Permission.RESET_PASSWORD: "set_password",
    Permission.CHANGE_PASSWORD: "set_password",
    Permission.SET_AUTHENTICATOR: "enrol_authenticator",
    Permission.ACCEPT_INVITE: "join:pharmacist",
    Permission.PROVE: "prove",
    Permission.DENY_CHANGE: "deny_change",
    Permission.SWITCH_ROLE: "switch_role",
    Permission.UPLOAD: "upload",
    Permission.DESCRIBE: "describe:complaint",
    Permission.SEE_QUEUE: "look:queue",
    Permission.SEE_SCAN: "look:card",
    Permission.SEE_HISTORY: "look:story",
    Permission.SEE_REPORT: "look:report",
    Permission.SEE_DRAFT: "look:draft",
    Permission.SEE_AUDIT: "look:audit",
    Permission.SWITCH_MODEL: "switch:off",
    Permission.MANAGE_STAFF: "staff:suspend",
    Permission.INVITE: "invite:pharmacist",
    Permission.AMEND: "amend",
    Permission.DECIDE_AMENDMENT: "decline_amendment",
    Permission.CLAIM: "give_back",
    Permission.MARK_CRITICAL: "mark_critical",
    Permission.ACKNOWLEDGE: "acknowledge",
    Permission.ASK_CLARIFICATION: "ask_clarification",
    Permission.ANSWER_CLARIFICATION: "answer_clarification",
    Permission.SET_STAT: "set_stat:on",
    Permission.RESEND: "send_again:email",
    Permission.SET_PHONE: "phone:given",
    Permission.SET_FACTS: "describe:facts",
    Permission.CALL_DESK: "emergency",
    Permission.SERVE_DESK: "claim",
    Permission.TEACH_FAQ: "faq:teach",
    Permission.SET_HOURS: "set_hours",
    Permission.FIND_PATIENT: "look:patient",
    Permission.SERVE_WALK_INS: "register_walk_in",
    Permission.MANAGE_FAMILY: "register_dependant",
    Permission.PRINT_REPORT: "print_report",
    Permission.ISSUE_SLIP: "issue_slip",
    Permission.CLAIM_FILE: "claim_file",
    Permission.EXPORT_SELF: "export",
    Permission.ERASE_SELF: "forget",
    Permission.WITHDRAW_CONSENT: "withdraw_consent",
}

EMAIL: Final = "amina@example.org"


async def a_whole_scan(clinic: Clinic) -> None:
    """From the picture to the report, with each access on the way."""
    await _is_read(clinic)
    await _is_dispensed_and_asked_about(clinic)
    code = await clinic.approves()
    await clinic.joseph.sends(f"{(int(code) + 1) % 1_000_000:06}")
    await clinic.joseph.sees("not right")
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("is released")
    await clinic.amina.receives_document(timeout=30)
    await clinic.amina.sends("/report")
    await clinic.amina.receives_document(timeout=30)


async def _is_read(clinic: Clinic) -> None:
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")
    await clinic.amina.sends("A cough.")
    await clinic.amina.sees("Since when")
    await clinic.amina.presses("Skip")
    await clinic.amina.presses("Answer")
    await clinic.amina.presses("None", on="must not take")
    await clinic.rao.sends("/queue")
    await clinic.rao.sees("A cough.")
    await clinic.rao.presses("⚡ STAT")
    await clinic.analyses()
    await clinic.rao.presses("Heat map")
    await clinic.writes_findings()
    await clinic.rao.forges(OnCard(action=CardAction.PREVIEW, scan_id=1).pack())
    await clinic.rao.receives_document(timeout=30)
    await clinic.rao.presses("Critical result", on="Written down")
    await clinic.amina.presses("I have read this")
    await clinic.rao.forges(OnCard(action=CardAction.READ_ALL, scan_id=1).pack())
    await clinic.rao.sends("/patient Amina")
    await clinic.rao.presses("P0", on="Amina")
    await clinic.rao.sees("Scans: ")
    await clinic.rao.presses("Give back")
    await clinic.rao.presses("Verify", on="Written down")


async def _is_dispensed_and_asked_about(clinic: Clinic) -> None:
    await clinic.meena.presses("Prescribe")
    await clinic.meena.presses("Antibiotic")
    await clinic.meena.presses("Complete", on="Written down")
    await clinic.rao.forges(OnCard(action=CardAction.CORRECT, scan_id=1).pack())
    await clinic.rao.presses("Verify", on="Written down")
    await clinic.meena.presses("Confirm again")
    await clinic.rao.presses("Countersign", on="Waits for a doctor")
    await clinic.meena.presses("Ask the patient")
    await clinic.meena.presses("Allergic", on="choose a question")
    await clinic.amina.presses("No, none", on="Allergic to a medicine")
    await clinic.meena.presses("Ask the doctor")
    await clinic.meena.sends("Both lungs?")
    await clinic.meena.sees("is sent")
    await clinic.meena.presses("Questions")
    await clinic.meena.presses("Withdraw", on="Both lungs")
    await clinic.meena.sees("is withdrawn")


async def a_mail_that_was_refused_and_a_change_that_was_declined(clinic: Clinic) -> None:
    await clinic.plays("completed")
    code = await clinic.approves()
    clinic.sandbox.mailbox.fail(1, 550)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("could not be delivered", timeout=30)
    await clinic.joseph.sends("/undelivered")
    await clinic.joseph.presses("· email")
    await clinic.joseph.sees("is on its way again")
    await asks_to_amend(clinic)
    await clinic.joseph.presses("Decline", on="asks to change")
    await clinic.rao.sees("has declined your change")


async def a_refused_picture_and_a_press_that_was_not_allowed(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.sends("/start")
    await clinic.rao.presses("Better image")
    await clinic.rao.sees("Why does scan")
    await clinic.rao.sends("Blurred.")
    await clinic.amina.sees("Blurred.")
    await clinic.rao.forges(OnCard(action=CardAction.APPROVE, scan_id=1).pack())


async def a_newcomer(clinic: Clinic) -> None:
    """Registers, is asked for consent, signs out, and attempts another account's password."""
    ravi = await clinic.telegram.person("Ravi")
    await registers(clinic, ravi, "ravi@example.org")
    for button in ("Skip", "Not stated", "English"):
        await ravi.presses(button)
    await ravi.sees("Hello Ravi")
    await ravi.sends_photo(clinic.picture)
    await ravi.sees("Before your first picture")
    await ravi.presses("No")
    await clinic.uploads(ravi)
    await ravi.sends("/unlink")
    await ravi.presses("Yes, separate")
    await ravi.sees("is separated from your account")
    await ravi.sends("/link")
    await ravi.sends("amina@example.org")
    await ravi.sends("not her password")
    await ravi.sees("do not fit together")
    await ravi.sends("/reset")
    await ravi.sees("email")
    await ravi.sends("amina@example.org")
    await ravi.sees("code")
    await ravi.sends("000000")
    await ravi.sees("not right")
    await signs_in(ravi, "amina@example.org", PASSWORD)
    await clinic.amina.presses("This was not me", on="was signed in to in another chat")
    await clinic.amina.sees("is signed out and its password is void")


async def what_is_ones_own(clinic: Clinic) -> None:
    await clinic.amina.sends("/sessions")
    await clinic.amina.presses("Another chat", on="Where you are signed in")
    await rests(clinic)
    await clinic.amina.sends("/unlock")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees("Thank you")
    await corrects_name_and_address(clinic)
    async with clinic.app.services.sessions.begin() as session:
        amina = await actor(session, "amina@example.org")
        await phones.turn_whatsapp_on(session, amina, "+919876543210", datetime.now(UTC))
    await clinic.amina.sends("/export")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.receives_document(timeout=30)
    await clinic.amina.sends("/password")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees("And the new one")
    await clinic.amina.sends(PASSWORD[::-1])
    await clinic.amina.sees("counts from now on")
    await clinic.amina.sends("/password")
    await clinic.amina.sends(PASSWORD[::-1])
    await clinic.amina.sees("And the new one")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees("counts from now on")
    await asks_to_be_forgotten(clinic.amina)
    await clinic.amina.sees("")


async def corrects_name_and_address(clinic: Clinic) -> None:
    """The address is set to what it was."""
    await clinic.amina.sends("/me")
    await clinic.amina.presses("✏️ Name")
    await clinic.amina.sends("Amina Y")
    await clinic.amina.sees("Corrected")
    await clinic.amina.presses("✏️ Email")
    await clinic.amina.sends(PASSWORD)
    await clinic.amina.sees("email address")
    await clinic.amina.sends("amina.y@example.org")
    [code] = CODE.findall((await clinic.telegram.mail_to("amina.y@example.org")).text)
    await clinic.amina.sends(code)
    await clinic.amina.sees("Corrected")
    async with clinic.app.services.sessions.begin() as session:
        (await session.get_one(Account, (await actor(session, "amina.y@example.org")).account_id)).email = EMAIL


async def a_conversation(clinic: Clinic) -> None:
    await clinic.amina.sends("I cannot breathe")
    await clinic.meena.presses("I take it", on="words of an emergency")
    await clinic.meena.sees("Just write")
    await clinic.meena.sends("An ambulance is coming.")
    await clinic.amina.sees("An ambulance")
    await clinic.meena.presses("Close", on="On its way")
    await clinic.amina.sees("has ended")


async def an_administrators_day(clinic: Clinic) -> None:
    await clinic.joseph.sends("/computer")
    await clinic.joseph.sees("/desk/open/")
    await clinic.joseph.sends("/model")
    await clinic.joseph.presses("off", on="is on")
    await proves(clinic)
    await clinic.joseph.presses("off", on="is on")
    await clinic.joseph.sees("off")
    await clinic.rao.starts(await invites(clinic, "pharmacist", "rao@example.org"))
    await clinic.rao.presses("Yes, I join")
    await clinic.rao.sends("PH-77")
    await clinic.rao.sees("Verified scans appear here")
    await clinic.rao.sends("/role")
    await clinic.rao.presses("Act as doctor")
    await clinic.rao.sees("you now act as doctor")
    await changes(clinic, "Suspend")
    await clinic.joseph.sends("/audit")
    await clinic.joseph.sees("")
    await clinic.joseph.sends("/hours")
    await clinic.joseph.presses("Sun", on="Opening hours")
    await clinic.joseph.presses("Closed all day", on="open on Sun")
    await clinic.joseph.sees("Sun: closed")
    await asks_unanswered(clinic)
    await clinic.joseph.sends("/faqmisses")
    await clinic.joseph.presses("1", on="found no answer")
    await clinic.joseph.presses("Another topic")
    await clinic.joseph.presses("➕ Contact")
    await clinic.joseph.sees("Learned")
    await enrols(clinic)


async def a_relative(clinic: Clinic) -> None:
    await clinic.amina.sends("/family")
    await clinic.amina.presses("Another person", on="Persons for whom")
    await names_mother(clinic.amina)
    await clinic.amina.sees("has a file of their own")
    await clinic.amina.sends("/family")
    await clinic.amina.presses("Lakshmi Ammal", on="Lakshmi Ammal")
    await clinic.amina.presses("Take back", on="Lakshmi")
    await clinic.amina.presses("Take back", on="Take back the agreement?")
    await clinic.amina.sees("is taken back")
    await clinic.amina.presses("No longer for them")
    await clinic.amina.sees("You no longer send for Lakshmi")


async def a_walk_in(clinic: Clinic) -> None:
    await registers_walk_in(clinic)
    await sends_film(clinic, "a cough")
    await clinic.verifies()
    await clinic.dispenses()
    await clinic.releases()
    await clinic.joseph.presses("Print report #1", on="Ready to print")
    await clinic.joseph.receives_document(timeout=30)
    await clinic.joseph.sends("/walkin P000005")
    await gets_slip(clinic, "P000005")
    await clinic.joseph.looks_away()
    await clinic.joseph.sends("/walkin P000005")
    await clinic.joseph.presses("Void the slip", on="P000005")
    payload = await gets_slip(clinic, "P000005")
    kumar = await clinic.telegram.person("Kumar")
    await kumar.starts(payload)
    await kumar.sends_contact("+919840012345")
    await kumar.sees("Your file is open in this chat")


STORIES: Final[Mapping[Callable[[Clinic], Awaitable[None]], set[str]]] = {
    a_whole_scan: {
        *("patient upload ok", "patient describe:complaint ok", "patient look:card ok", "patient acknowledge ok"),
        *("patient describe:facts ok", "doctor claim ok", "doctor give_back ok"),
        *("patient look:report ok", "doctor look:card ok", "doctor ask_analysis ok", "system record_analysis ok"),
        *("doctor look:heat_map ok", "doctor write_findings ok", "doctor look:draft ok", "doctor mark_critical ok"),
        *("doctor find_patient ok", "doctor look:patient ok", "doctor look:story ok", "doctor verify ok"),
        *("pharmacist look:card ok", "pharmacist prescribe ok"),
        *("doctor countersign ok", "doctor correct ok", "doctor keep_draft ok", "pharmacist confirm ok"),
        *("pharmacist ask_clarification ok", "patient answer_clarification ok", "doctor set_stat:on ok"),
        *("pharmacist look:questions ok", "pharmacist withdraw_clarification ok", "doctor look:queue ok"),
        *("pharmacist complete ok", "administrator look:card ok", "administrator ask_code ok"),
        *("administrator release refused", "administrator release ok", "system record_report ok"),
        *("system deliver:chat ok", "system deliver:email ok"),
    },
    a_mail_that_was_refused_and_a_change_that_was_declined: {
        *("administrator send_again:email ok", "doctor amend ok", "administrator decline_amendment ok"),
    },
    a_refused_picture_and_a_press_that_was_not_allowed: {"doctor reject ok", "doctor trespass refused"},
    a_newcomer: {
        *("patient register ok", "patient decline_consent ok", "patient consent ok", "patient upload ok"),
        *("patient sign_out ok", "stranger sign_in refused", "stranger set_password refused", "patient sign_in ok"),
        "patient deny_change ok",
    },
    what_is_ones_own: {
        *("patient unlock ok", "patient phone:given ok", "patient set_password ok", "patient export ok"),
        *("patient forget ok", "patient offer_link ok", "patient correct:name ok", "patient correct:email ok"),
    },
    a_conversation: {"patient emergency ok", "pharmacist claim ok", "pharmacist reply ok", "pharmacist close ok"},
    a_relative: {
        "patient register_dependant ok",
        "patient consent ok",
        "patient end_proxy ok",
        "patient withdraw_consent ok",
    },
    a_walk_in: {
        *("administrator register_walk_in ok", "administrator consent ok", "administrator upload ok"),
        *("administrator describe:facts ok", "administrator describe:complaint ok", "administrator print_report ok"),
        *("administrator issue_slip ok", "administrator revoke_slip ok", "patient claim_file ok"),
    },
    an_administrators_day: {
        *("administrator invite:pharmacist ok", "pharmacist join:pharmacist ok", "doctor switch_role ok"),
        *("administrator enrol_authenticator ok", "administrator switch:off ok", "administrator look:audit ok"),
        *("administrator prove ok", "administrator staff:suspend ok", "administrator faq:teach ok"),
        *("administrator offer_browser ok", "administrator set_hours ok"),
    },
}


@pytest.fixture
async def clinic(engines: Engines) -> AsyncIterator[Clinic]:
    """With a public address, so that browsers are let in."""
    async with open_clinic(engines, public_url="https://scans.example.org") as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_every_step_of_the_story_stands_in_the_record(
    story: Callable[[Clinic], Awaitable[None]], clinic: Clinic
) -> None:
    async with clinic.app.services.sessions() as session:
        before = (await session.scalars(select(AuditRow.seq))).all()
    await story(clinic)
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        rows = (await session.scalars(select(AuditRow).where(AuditRow.seq > max(before, default=0)))).all()
    assert STORIES[story] - {f"{row.role} {row.act} {row.outcome}" for row in rows} == set()


def test_every_permission_is_in_a_story_or_shows_nobodys_health() -> None:
    """A new permission has to declare its audit rows."""
    recorded = {row.split()[1] for rows in STORIES.values() for row in rows}
    assert set(LEAVES) | SHOWS_NOBODYS_HEALTH == set(GRANTS)
    assert set(LEAVES.values()) - recorded == set()


@pytest.mark.slow
async def test_a_card_that_is_edited_in_place_is_a_look_at_its_new_version(clinic: Clinic) -> None:
    await clinic.uploads()
    await clinic.analyses()
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        looks = select(AuditRow.version).where(AuditRow.act == "look:card", AuditRow.role == "doctor")
        versions = (await session.scalars(looks.order_by(AuditRow.seq))).all()
    assert versions[0] < versions[-1] == (await scan_row(clinic, 1)).version
