"""An open chat is not enough: operations that change rights, release, or take a record out ask for a proof first."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.dev.sandbox import Person
from models.base import Sessions
from models.tables.accounts import ChatLink, Invite
from models.tables.audit import AuditRow
from models.vocabulary import Role
from tests.support.account_steps import invites, proves
from tests.support.code_steps import CHAT
from tests.support.file_steps import registers_walk_in, sends_film
from tests.support.people import Clinic
from tests.support.registration_steps import AMINA, register
from tests.support.report_steps import asks_to_amend
from tests.support.rows import KEY, NOW, a_person, a_scan, a_staff
from tests.support.steps import asks_unanswered, until
from workflow.accounts import invitations
from workflow.accounts import staff as staffing
from workflow.accounts.codes import Verdict, generate_digits
from workflow.accounts.invitations import PlannedInvite
from workflow.accounts.staff import PlannedChange, StaffChange
from workflow.actors import Actor
from workflow.errors import NewAdministrator, NotFound
from workflow.permissions import GRANTS, PROOF_PERIOD, STEP_UP, Operation, Permission, Proof
from workflow.reporting import release
from workflow.transitions import Action

Begin = Callable[[Clinic], Awaitable[Person]]


async def an_invitation(clinic: Clinic) -> Person:
    await clinic.joseph.sends("/invite")
    await clinic.joseph.presses("Administrator", on="Whom do you invite")
    await clinic.joseph.sends("nina@example.org")
    await clinic.joseph.sees("You confirm: Invite staff – administrator, nina@example.org")
    return clinic.joseph


async def a_staff_change(clinic: Clinic) -> Person:
    await clinic.joseph.sends("/users")
    await clinic.joseph.presses("Dr Rao", on="Staff:")
    await clinic.joseph.presses("Suspend")
    await clinic.joseph.sees("You confirm: Dr Rao")
    return clinic.joseph


async def a_release(clinic: Clinic) -> Person:
    await until(clinic, "completed")
    await clinic.approves()
    return clinic.joseph


async def an_amendment(clinic: Clinic) -> Person:
    await clinic.plays("released")
    await asks_to_amend(clinic)
    await clinic.joseph.presses("Approve the change")
    await clinic.joseph.sees("6-digit code")
    return clinic.joseph


def types(person: str, command: str, prompt: str) -> Begin:
    """A command that asks for the proof at once."""

    async def begin(clinic: Clinic) -> Person:
        one: Person = getattr(clinic, person)
        await one.sends(command)
        await one.sees(prompt)
        return one

    return begin


async def a_new_address(clinic: Clinic) -> Person:
    await clinic.amina.sends("/me")
    await clinic.amina.presses("✏️ Email", on="·")
    await clinic.amina.sees("present password")
    return clinic.amina


async def an_erasure(clinic: Clinic) -> Person:
    await clinic.amina.sends("/forget")
    await clinic.amina.presses("Yes, forget me")
    await clinic.amina.sees("type your password")
    return clinic.amina


async def a_teaching(clinic: Clinic) -> Person:
    await asks_unanswered(clinic)
    await clinic.joseph.sends("/faqmisses")
    await clinic.joseph.presses("1", on="found no answer")
    await clinic.joseph.presses("Another topic")
    await clinic.joseph.presses("➕ Contact")
    await clinic.joseph.sees("First show that it is you")
    return clinic.joseph


async def a_switch(clinic: Clinic) -> Person:
    await clinic.joseph.sends("/model")
    await clinic.joseph.presses("off", on="is on")
    await clinic.joseph.sees("First show that it is you")
    return clinic.joseph


async def a_change_of_the_hours(clinic: Clinic) -> Person:
    await clinic.joseph.sends("/hours")
    await clinic.joseph.presses("Sun", on="Opening hours")
    await clinic.joseph.sees("First show that it is you")
    return clinic.joseph


async def a_second_sending(clinic: Clinic) -> Person:
    await clinic.plays("completed")
    code = await clinic.approves()
    clinic.sandbox.mailbox.fail(1, 550)
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("could not be delivered", timeout=30)
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(ChatLink).values(proved_at=datetime.now(UTC) - PROOF_PERIOD))
    await clinic.joseph.sends("/undelivered")
    await clinic.joseph.presses("· email")
    await clinic.joseph.sees("First show that it is you")
    return clinic.joseph


async def a_handing_over(clinic: Clinic) -> Person:
    await registers_walk_in(clinic)
    await sends_film(clinic, "a cough")
    await clinic.verifies()
    await clinic.dispenses()
    await clinic.releases()
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(ChatLink).values(proved_at=datetime.now(UTC) - PROOF_PERIOD))
    await clinic.joseph.presses("Print report #1", on="Ready to print")
    await clinic.joseph.sees("First show that it is you")
    return clinic.joseph


async def a_slip(clinic: Clinic) -> Person:
    await registers_walk_in(clinic)
    await clinic.joseph.sends("/walkin P000005")
    await clinic.joseph.presses("Claim slip")
    await clinic.joseph.sees("First show that it is you")
    return clinic.joseph


BEGUN: Final[Mapping[Operation, tuple[Begin, str]]] = {  # with the act of the record that must not appear
    Permission.INVITE: (an_invitation, "invite:administrator"),
    Permission.MANAGE_STAFF: (a_staff_change, "staff:suspend"),
    Permission.DECIDE_AMENDMENT: (an_amendment, "approve_amendment"),
    Action.RELEASE: (a_release, "release"),
    Permission.RESEND: (a_second_sending, "send_again:email"),
    Permission.ISSUE_SLIP: (a_slip, "issue_slip"),
    Permission.PRINT_REPORT: (a_handing_over, "print_report"),
    Permission.SWITCH_MODEL: (a_switch, "switch:off"),
    Permission.TEACH_FAQ: (a_teaching, "faq:teach"),
    Permission.SET_HOURS: (a_change_of_the_hours, "set_hours"),
    Permission.CHANGE_PASSWORD: (types("amina", "/password", "your present password"), "set_password"),
    Permission.SET_AUTHENTICATOR: (types("joseph", "/authenticator", "type your password"), "enrol_authenticator"),
    Permission.EXPORT_SELF: (types("amina", "/export", "First type your password"), "export"),
    Permission.ERASE_SELF: (an_erasure, "forget"),
    Permission.SET_EMAIL: (a_new_address, "correct:email"),
}
WRONG: Final = {
    Proof.CODE: ("not 1 it", "That code is not right"),
    Proof.RECENT_CODE: ("not 1 it", "That code is not right"),
    Proof.PASSWORD: ("not it", "That is not the password"),
}
IN_THE_BROWSER: Final = {Permission.EXPORT_LISTS}  # tests/bot/web/desk/test_house_and_record.py
WHOLE_STORIES: Final = (Permission.DECIDE_AMENDMENT, Permission.RESEND, Permission.PRINT_REPORT)


def test_each_operation_with_a_proof_is_walked_and_granted() -> None:
    assert set(BEGUN) | IN_THE_BROWSER == set(STEP_UP) <= set(GRANTS)


@pytest.mark.parametrize(
    "operation", [pytest.param(one, marks=[pytest.mark.slow] if one in WHOLE_STORIES else []) for one in BEGUN]
)
async def test_without_the_proof_nothing_happens(operation: Operation, clinic: Clinic) -> None:
    begin, act = BEGUN[operation]
    person = await begin(clinic)
    typed, answer = WRONG[STEP_UP[operation]]
    await person.sends(typed)
    await person.sees(answer)
    async with clinic.app.services.sessions() as session:
        done = select(AuditRow.seq).where(AuditRow.act == act, AuditRow.outcome == "ok")
        assert (await session.scalars(done)).all() == []
        assert (await session.scalars(select(Invite.id))).all() == []


CHANGES: Final = {  # each permission that changes rights or what patients are told, or takes something out of the house
    *(Permission.INVITE, Permission.MANAGE_STAFF, Permission.CHANGE_PASSWORD, Permission.SET_AUTHENTICATOR),
    *(Permission.DECIDE_AMENDMENT, Permission.RESEND, Permission.SWITCH_MODEL, Permission.TEACH_FAQ, Action.RELEASE),
    *(Permission.EXPORT_SELF, Permission.ERASE_SELF, Permission.SET_EMAIL, Permission.PRINT_REPORT),
    *(Permission.ISSUE_SLIP, Permission.EXPORT_LISTS, Permission.SET_HOURS),
}
SIGNED_FOR_BY_A_CODE: Final = {Permission.AMEND, *(set(Action) - {Action.RELEASE})}  # nothing of it leaves unreleased


def test_what_changes_rights_or_what_patients_are_told_names_its_proof() -> None:
    """The rest shows, writes about oneself, or is conversation; a new permission has to be placed here."""
    assert set(STEP_UP) == CHANGES
    conversation = {
        *("talk", "register", "link", "unlink", "unlock", "reset_password", "see_sessions", "join", "switch_role"),
        *("speak", "see_self", "upload", "describe", "see_own", "see_queue", "see_day", "see_scan", "see_story"),
        *("see_report", "see_model", "see_staff", "see_audit", "see_draft", "claim_scan", "mark_critical"),
        *("ask_clarification", "answer_clarification", "acknowledge", "set_stat", "see_undelivered", "give_phone"),
        *("link_chat", "correct_self", "give_facts", "call_desk", "see_privacy", "serve_desk", "find_patient"),
        *("prove", "deny_change", "serve_walk_ins", "claim_file", "manage_family", "withdraw_consent"),
        *("open_browser", "see_week"),
    }
    assert {str(one) for one in set(GRANTS) - CHANGES - SIGNED_FOR_BY_A_CODE} == conversation


async def test_after_the_code_the_operation_is_done_and_the_next_needs_none_for_a_while(clinic: Clinic) -> None:
    await a_switch(clinic)
    await proves(clinic)
    for shown, button in (("is on", "off"), ("off", "on"), ("is on", "off")):
        await clinic.joseph.presses(button, on=shown)
    async with clinic.app.services.sessions.begin() as session:
        done = select(AuditRow.act).where(AuditRow.act.startswith("switch:")).order_by(AuditRow.seq)
        assert (await session.scalars(done)).all() == ["switch:off", "switch:on", "switch:off"]
        await session.execute(update(ChatLink).values(proved_at=datetime.now(UTC) - PROOF_PERIOD))
    await clinic.joseph.sends("/model")
    await clinic.joseph.presses("on", on="off")
    await clinic.joseph.sees("wait")


async def test_a_code_for_one_role_and_address_invites_to_no_other(sessions: Sessions) -> None:
    email = "nina@example.org"
    plans = [PlannedInvite(role, email, invitations.new_token()) for role in (Role.ADMINISTRATOR, Role.DOCTOR)]
    elsewhere = plans[1]._replace(email="lena@example.org")
    async with sessions.begin() as session:
        own = (await a_staff(session)).administrator
        code = await invitations.request_invite(session, own, Role.DOCTOR, email, CHAT, NOW)
        digits = generate_digits(code, KEY, NOW) or ""
        for plan, verdict in (
            (plans[0], Verdict.SPENT),
            (elsewhere, Verdict.SPENT),
            (plans[1], Verdict.RIGHT),
            (plans[1], Verdict.SPENT),
        ):
            assert await invitations.confirm_invite(session, own, plan, digits, KEY, NOW) is verdict
        assert (await session.execute(select(Invite.role, Invite.email))).all() == [(Role.DOCTOR, email)]


async def test_a_new_administrator_releases_nothing_until_a_second_one_vouches_or_a_day_is_over(
    sessions: Sessions,
) -> None:
    """Not the inviter vouches, no new one vouches, and none that is new removes those who could stop it."""
    async with sessions.begin() as session:
        staff = await a_staff(session)
        second = await a_person(session, Role.ADMINISTRATOR)
        scan = await a_scan(session, staff, "PHARMACIST_COMPLETED")
        token = invitations.new_token()
        plan = PlannedInvite(Role.ADMINISTRATOR, AMINA.email, token)
        await invitations.create_invite(session, staff.administrator, plan, NOW)
    new = await register(sessions, invite=token)
    for act in (
        lambda session: release.request_code(session, new, scan.id, CHAT, NOW),
        lambda session: _changes(session, new, second, StaffChange.SUSPEND),
        lambda session: _changes(session, new, new, StaffChange.VOUCH),
    ):
        with pytest.raises(NewAdministrator):
            async with sessions.begin() as session:
                await act(session)
    with pytest.raises(NotFound):
        async with sessions.begin() as session:
            await _changes(session, staff.administrator, new, StaffChange.VOUCH)
    async with sessions() as session:
        await release.request_code(session, new, scan.id, CHAT, NOW + timedelta(hours=24))
    async with sessions.begin() as session:
        await _changes(session, second, new, StaffChange.VOUCH)
    async with sessions.begin() as session:
        await release.request_code(session, new, scan.id, CHAT, NOW)


async def _changes(session: AsyncSession, actor: Actor, whom: Actor, change: StaffChange) -> None:
    plan = PlannedChange(whom.account_id or 0, change)
    code = await staffing.request_code(session, actor, plan, CHAT, NOW)
    digits = generate_digits(code, KEY, NOW) or ""
    assert await staffing.confirm(session, actor, plan, digits, KEY, NOW) is Verdict.RIGHT


async def test_administrators_are_told_of_an_invitation_when_it_is_made_and_used(clinic: Clinic) -> None:
    payload = await invites(clinic, "administrator", "amina@example.org")
    await clinic.joseph.sees("New invitation: amina@example.org may join as administrator. Made by: Joseph")
    await clinic.rao.starts(payload)
    popped = await clinic.rao.presses("Yes, I join")
    assert "for another address" in (popped.text or "")
    await clinic.amina.starts(payload)
    await clinic.amina.presses("Yes, I join")
    await clinic.joseph.sees("Amina Yusuf, amina@example.org, has joined as administrator")
