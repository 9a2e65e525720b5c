"""An open chat is not enough: operations that change rights, release, or take a record out ask for a proof first."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import pytest
from sqlalchemy import select

from bot.dev.sandbox import Person
from models.base import Sessions
from models.tables.accounts import Invite
from models.tables.audit import AuditRow
from models.vocabulary import Role
from tests.support.account_steps import invites
from tests.support.code_steps import CHAT
from tests.support.people import Clinic
from tests.support.report_steps import asks_to_amend
from tests.support.rows import KEY, NOW, a_staff
from tests.support.steps import until
from workflow.accounts import invitations
from workflow.accounts.codes import Verdict, generate_digits
from workflow.accounts.invitations import PlannedInvite
from workflow.permissions import GRANTS, STEP_UP, Operation, Permission, Proof
from workflow.transitions import Action

Begin = Callable[[Clinic], Awaitable[Person]]


async def an_invitation(clinic: Clinic) -> Person:
    await clinic.joseph.sends("/invite")
    await clinic.joseph.presses("administrator", on="Whom do you invite")
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


async def an_erasure(clinic: Clinic) -> Person:
    await clinic.amina.sends("/forget")
    await clinic.amina.presses("Yes, forget me")
    await clinic.amina.sees("type your password")
    return clinic.amina


BEGUN: Final[Mapping[Operation, tuple[Begin, str]]] = {  # with the act of the record that must not appear
    Permission.INVITE: (an_invitation, "invite:administrator"),
    Permission.MANAGE_STAFF: (a_staff_change, "staff:suspend"),
    Permission.DECIDE_AMENDMENT: (an_amendment, "approve_amendment"),
    Action.RELEASE: (a_release, "release"),
    Permission.CHANGE_PASSWORD: (types("amina", "/password", "your present password"), "set_password"),
    Permission.SET_AUTHENTICATOR: (types("joseph", "/authenticator", "type your password"), "enrol_authenticator"),
    Permission.EXPORT_SELF: (types("amina", "/export", "First type your password"), "export"),
    Permission.ERASE_SELF: (an_erasure, "forget"),
}
WRONG: Final = {
    Proof.CODE: ("not-it", "That code is not right"),
    Proof.PASSWORD: ("not it", "That is not the password"),
}
WHOLE_STORIES: Final = (Permission.DECIDE_AMENDMENT,)


def test_each_operation_with_a_proof_is_walked_and_granted() -> None:
    assert set(BEGUN) == set(STEP_UP) <= set(GRANTS)


@pytest.mark.parametrize(
    "operation", [pytest.param(one, marks=[pytest.mark.slow] if one in WHOLE_STORIES else []) for one in STEP_UP]
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


async def test_administrators_are_told_of_an_invitation_when_it_is_made_and_used(clinic: Clinic) -> None:
    payload = await invites(clinic, "administrator", "amina@example.org")
    await clinic.joseph.sees("New invitation: amina@example.org may join as administrator. Made by: Joseph")
    await clinic.rao.starts(payload)
    popped = await clinic.rao.presses("Yes, I join")
    assert "for another address" in (popped.text or "")
    await clinic.amina.starts(payload)
    await clinic.amina.presses("Yes, I join")
    await clinic.joseph.sees("Amina Yusuf, amina@example.org, has joined as administrator")
