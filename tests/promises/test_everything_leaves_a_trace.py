"""Promise: nothing is done or seen of anybody's health, and nobody gets in, without a row in the record."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import pytest
from sqlalchemy import select

from bot.dev.demo import PASSWORD
from handlers.ui.keyboards import CardAction, OnCard
from models.tables.audit import AuditRow
from models.tables.scans import Status
from tests.handlers.test_amended_reports import asks_to_amend
from tests.handlers.test_authenticator import enrols
from tests.handlers.test_registration import registers, signs_in
from tests.handlers.test_roles import invites
from tests.handlers.test_staff import changes
from tests.support.jobs import settles
from tests.support.people import House
from tests.support.steps import a_scan, actor, scan_row
from tests.threats.test_erasure import asks_to_be_forgotten
from tests.threats.test_stolen_phone import rests
from workflow.accounts import registration
from workflow.permissions import TABLE, Deed, Verb
from workflow.transitions import Action

SHOWS_NOBODYS_HEALTH: Final = {
    *(Verb.TALK, Verb.SPEAK),  # the FAQ, the language
    *(Verb.SEE_OWN, Verb.SEE_QUEUE),  # numbers, times and stages; the card that a number opens is recorded
    *(Verb.SEE_SELF, Verb.SEE_SESSIONS, Verb.SEE_PRIVACY),  # one's own account, chats and record
    *(Verb.SEE_MODEL, Verb.SEE_STAFF, Verb.SEE_UNDELIVERED),  # the model's card, colleagues, numbers of reports
}
LEAVES: Final[Mapping[Deed, str]] = {
    **{action: str(action) for action in Action},
    Verb.REGISTER: "register",
    Verb.LINK: "sign_in",
    Verb.UNLINK: "sign_out",
    Verb.UNLOCK: "unlock",
    Verb.RESET_PASSWORD: "set_password",
    Verb.CHANGE_PASSWORD: "set_password",
    Verb.SET_AUTHENTICATOR: "enrol_authenticator",
    Verb.JOIN: "join:pharmacist",
    Verb.SWITCH_ROLE: "switch_role",
    Verb.UPLOAD: "upload",
    Verb.DESCRIBE: "describe:complaint",
    Verb.SEE_SCAN: "look:card",
    Verb.SEE_STORY: "look:story",
    Verb.SEE_REPORT: "look:report",
    Verb.SEE_DRAFT: "look:draft",
    Verb.SEE_AUDIT: "look:audit",
    Verb.SWITCH_MODEL: "switch:off",
    Verb.MANAGE_STAFF: "staff:suspend",
    Verb.INVITE: "invite:pharmacist",
    Verb.AMEND: "amend",
    Verb.JUDGE_AMENDMENT: "decline_amendment",
    Verb.MARK_CRITICAL: "mark_critical",
    Verb.ACKNOWLEDGE: "acknowledge",
    Verb.SEND_AGAIN: "send_again:email",
    Verb.GIVE_PHONE: "phone:given",
    Verb.CALL_DESK: "emergency",
    Verb.SERVE_DESK: "claim",
    Verb.TEACH_FAQ: "faq:teach",
    Verb.EXPORT_SELF: "export",
    Verb.FORGET_SELF: "forget",
}


async def a_whole_scan(house: House) -> None:
    """From the picture to the report, and each look at it on the way."""
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("What troubles you")
    await house.amina.sends("A cough.")
    await house.amina.sees("Since when")
    await house.amina.presses("Skip")
    await house.analyses()
    await house.rao.presses("Heat map")
    await house.writes_findings()
    await house.rao.forges(OnCard(action=CardAction.PREVIEW, scan_id=1).pack())
    await house.rao.receives_document(timeout=30)
    await house.rao.presses("Critical result", on="Written down")
    await house.amina.presses("I have read this")
    await house.rao.forges(OnCard(action=CardAction.READ_ALL, scan_id=1).pack())
    await house.rao.presses("Verify", on="Written down")
    await house.dispenses()
    code = await house.approves()
    await house.joseph.sends(f"{(int(code) + 1) % 1_000_000:06}")
    await house.joseph.sees("not right")
    await house.joseph.sends(code)
    await house.joseph.sees("is released")
    await house.amina.receives_document(timeout=30)
    await house.amina.sends("/report")
    await house.amina.receives_document(timeout=30)


async def a_mail_that_was_refused_and_a_change_that_was_declined(house: House) -> None:
    await house.until("completed")
    code = await house.approves()
    house.sandbox.mailbox.fail(1, 550)
    await house.joseph.sends(code)
    await house.joseph.sees("could not be delivered", timeout=30)
    await house.joseph.sends("/undelivered")
    await house.joseph.presses("· email")
    await house.joseph.sees("is on its way again")
    await asks_to_amend(house)
    await house.joseph.presses("Decline", on="asks to change")
    await house.rao.sees("has declined your change")


async def a_refused_picture_and_a_press_that_was_not_allowed(house: House) -> None:
    await a_scan(house, Status.AI_ANALYZED)
    await house.rao.sends("/start")
    await house.rao.presses("Better image")
    await house.rao.sees("Why does scan")
    await house.rao.sends("Blurred.")
    await house.amina.sees("Blurred.")
    await house.rao.forges(OnCard(action=CardAction.APPROVE, scan_id=1).pack())


async def a_newcomer(house: House) -> None:
    """Registered, asked for consent, gone, and trying at somebody else's account."""
    ravi = await house.clinic.person("Ravi")
    await registers(house, ravi, "ravi@example.org")
    for button in ("Skip", "not stated", "English"):
        await ravi.presses(button)
    await ravi.sees("Hello Ravi")
    await ravi.sends_photo(house.picture)
    await ravi.sees("Before your first picture")
    await ravi.presses("No")
    await house.uploads(ravi)
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


async def what_is_ones_own(house: House) -> None:
    await rests(house)
    await house.amina.sends("/unlock")
    await house.amina.sends(PASSWORD)
    await house.amina.sees("Thank you")
    async with house.app.clinic.sessions.begin() as session:
        amina = await actor(session, "amina@example.org")
        await registration.give_phone(session, amina, "+919876543210", datetime.now(UTC))
    await house.amina.sends("/export")
    await house.amina.sends(PASSWORD)
    await house.amina.receives_document(timeout=30)
    await house.amina.sends("/password")
    await house.amina.sends(PASSWORD)
    await house.amina.sees("And the new one")
    await house.amina.sends(PASSWORD[::-1])
    await house.amina.sees("counts from now on")
    await house.amina.sends("/password")
    await house.amina.sends(PASSWORD[::-1])
    await house.amina.sees("And the new one")
    await house.amina.sends(PASSWORD)
    await house.amina.sees("counts from now on")
    await asks_to_be_forgotten(house.amina)
    await house.amina.sees("")


async def a_conversation(house: House) -> None:
    await house.amina.sends("I cannot breathe")
    await house.meena.presses("I take it", on="words of an emergency")
    await house.meena.presses("Reply")
    await house.meena.sees("Type your answer")
    await house.meena.sends("An ambulance is coming.")
    await house.amina.sees("An ambulance")
    await house.meena.presses("Close", on="On its way")
    await house.amina.sees("has ended")


async def an_administrators_day(house: House) -> None:
    await house.rao.starts(await invites(house, "pharmacist"))
    await house.rao.presses("Yes, I join")
    await house.rao.sends("PH-77")
    await house.rao.sees("Verified scans appear here")
    await house.rao.sends("/role")
    await house.rao.presses("Act as doctor")
    await house.rao.sees("you now act as doctor")
    await changes(house, "Suspend")
    await house.joseph.sends("/model")
    await house.joseph.presses("off")
    await house.joseph.sees("off")
    await house.joseph.sends("/audit")
    await house.joseph.sees("")
    await house.amina.sends("is there parking for scooters")
    await house.amina.sees("do not know that")
    await house.joseph.sends("/faqmisses")
    await house.joseph.presses("1", on="found no answer")
    await house.joseph.presses("Another topic")
    await house.joseph.presses("➕ Contact")
    await house.joseph.sees("Learned")
    await enrols(house)


STORIES: Final[Mapping[Callable[[House], Awaitable[None]], set[str]]] = {
    a_whole_scan: {
        *("patient upload ok", "patient describe:complaint ok", "patient look:card ok", "patient acknowledge ok"),
        *("patient look:report ok", "doctor look:card ok", "doctor ask_analysis ok", "system record_analysis ok"),
        *("doctor look:heat_map ok", "doctor write_findings ok", "doctor look:draft ok", "doctor mark_critical ok"),
        *("doctor look:story ok", "doctor verify ok", "pharmacist look:card ok", "pharmacist prescribe ok"),
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
    },
    what_is_ones_own: {
        *("patient unlock ok", "patient phone:given ok", "patient set_password ok", "patient export ok"),
        "patient forget ok",
    },
    a_conversation: {"patient emergency ok", "pharmacist claim ok", "pharmacist reply ok", "pharmacist close ok"},
    an_administrators_day: {
        *("administrator invite:pharmacist ok", "pharmacist join:pharmacist ok", "doctor switch_role ok"),
        *("administrator enrol_authenticator ok", "administrator switch:off ok", "administrator look:audit ok"),
        *("administrator staff:suspend ok", "administrator faq:teach ok"),
    },
}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_every_step_of_the_story_stands_in_the_record(
    story: Callable[[House], Awaitable[None]], house: House
) -> None:
    async with house.app.clinic.sessions() as session:
        before = (await session.scalars(select(AuditRow.seq))).all()
    await story(house)
    await settles(house)
    async with house.app.clinic.sessions() as session:
        rows = (await session.scalars(select(AuditRow).where(AuditRow.seq > max(before, default=0)))).all()
    assert STORIES[story] - {f"{row.role} {row.act} {row.outcome}" for row in rows} == set()


def test_every_deed_is_in_a_story_or_shows_nobodys_health() -> None:
    """A new deed has to say what it leaves behind."""
    told = {row.split()[1] for rows in STORIES.values() for row in rows}
    assert set(LEAVES) | SHOWS_NOBODYS_HEALTH == set(TABLE)
    assert set(LEAVES.values()) - told == set()


async def test_a_card_that_is_edited_in_place_is_a_look_at_its_new_version(house: House) -> None:
    await house.uploads()
    await house.analyses()
    await settles(house)
    async with house.app.clinic.sessions() as session:
        looks = select(AuditRow.version).where(AuditRow.act == "look:card", AuditRow.role == "doctor")
        versions = (await session.scalars(looks.order_by(AuditRow.seq))).all()
    assert versions[0] < versions[-1] == (await scan_row(house, 1)).version
