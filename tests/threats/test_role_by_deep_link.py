"""Threat: a person obtains a staff role by a link or by the list of people."""

import asyncio

import pytest
from sqlalchemy import select, update

from models.base import Sessions
from models.tables.accounts import Account, Invite
from models.tables.audit import AuditRow
from models.vocabulary import Role
from tests.support.code_steps import another
from tests.support.registration_steps import AMINA, an_invite, register
from tests.support.rows import KEY, NOW, Staff, a_person, a_staff
from workflow.accounts import invitations
from workflow.accounts import staff as staffing
from workflow.accounts.codes import Verdict, generate_digits
from workflow.accounts.invitations import INVITE_LIFETIME, PlannedInvite
from workflow.accounts.staff import PlannedChange, StaffChange
from workflow.actors import Actor, actor_of
from workflow.errors import InviteForOther, InviteInvalid, LastAdministrator, NotFound, Suspended, WorkflowError
from workflow.permissions import Permission, authorize

CHAT = 1001


@pytest.mark.parametrize("forged", ["", "x", "administrator", "A" * 43, "join_"])
async def test_a_guessed_link_is_none(sessions: Sessions, forged: str) -> None:
    await an_invite(sessions)
    with pytest.raises(InviteInvalid):
        await register(sessions, invite=forged)


async def test_a_link_is_good_once_for_its_own_role_and_for_three_days(sessions: Sessions) -> None:
    """Edited, reused or expired it is refused; the role is stored on the server and not in the link."""
    token = await an_invite(sessions, Role.PHARMACIST)
    assert not any(role in token for role in Role)
    async with sessions() as session:
        for edited in (token[:-1], token + "a", token.swapcase()):
            with pytest.raises(InviteInvalid):
                await invitations.invited_role(session, edited, NOW)
        with pytest.raises(InviteInvalid):
            await invitations.invited_role(session, token, NOW + INVITE_LIFETIME)
    assert (await register(sessions, invite=token)).role is Role.PHARMACIST
    with pytest.raises(InviteInvalid):
        await register(sessions, 2002, AMINA._replace(email="b@example.org"), token)


async def test_a_link_is_good_for_the_address_that_was_invited(sessions: Sessions) -> None:
    """A forwarded link makes nobody else staff, neither at the registration nor with an account."""
    thief = AMINA._replace(email="thief@example.org")
    token = await an_invite(sessions)
    with pytest.raises(InviteForOther):
        await register(sessions, invite=token, person=thief)
    await register(sessions, 2002, thief)
    with pytest.raises(InviteForOther):
        async with sessions.begin() as session:
            await invitations.accept_invite(session, 2002, token, NOW)
    assert (await register(sessions, invite=token)).role is Role.DOCTOR


async def test_a_link_without_an_address_made_by_an_earlier_version_is_good_until_it_ends(sessions: Sessions) -> None:
    token = await an_invite(sessions)
    async with sessions.begin() as session:
        await session.execute(update(Invite).values(email=None))
    assert (await register(sessions, invite=token)).role is Role.DOCTOR


# The list of people


async def the_staff(sessions: Sessions) -> Staff:
    async with sessions.begin() as session:
        return await a_staff(session)


async def asks(sessions: Sessions, actor: Actor, plan: PlannedChange) -> str:
    async with sessions.begin() as session:
        code = await staffing.request_code(session, actor, plan, CHAT, NOW)
        return generate_digits(code, KEY, NOW) or ""


async def types(sessions: Sessions, actor: Actor, plan: PlannedChange, typed: str) -> Verdict:
    async with sessions.begin() as session:
        return await staffing.confirm(session, actor, plan, typed, KEY, NOW)


async def now(sessions: Sessions, actor: Actor) -> Actor:
    async with sessions() as session:
        return actor_of(await session.get_one(Account, actor.account_id))


async def test_a_change_needs_the_administrators_own_code_for_exactly_that(sessions: Sessions) -> None:
    staff = await the_staff(sessions)
    suspend, promote = (
        PlannedChange(staff.doctor.account_id or 0, change)
        for change in (StaffChange.SUSPEND, StaffChange.ADMINISTRATOR)
    )
    digits = await asks(sessions, staff.administrator, suspend)
    assert await types(sessions, staff.administrator, promote, digits) is Verdict.SPENT
    assert await types(sessions, staff.administrator, suspend, another(digits)) is Verdict.WRONG
    elsewhere = PlannedChange(staff.pharmacist.account_id or 0, StaffChange.SUSPEND)
    assert await types(sessions, staff.administrator, elsewhere, digits) is Verdict.SPENT
    assert not (await now(sessions, staff.doctor)).suspended
    assert await types(sessions, staff.administrator, suspend, digits) is Verdict.RIGHT
    assert await types(sessions, staff.administrator, suspend, digits) is Verdict.SPENT
    doctor = await now(sessions, staff.doctor)
    async with sessions() as session:
        rows = select(AuditRow.outcome).where(
            AuditRow.act == "staff:suspend", AuditRow.actor_id == staff.administrator.account_id
        )
        latest = (await session.scalars(rows.order_by(AuditRow.seq.desc()).limit(3))).all()
    assert latest == ["refused", "ok", "refused"], "a wrong code and a spent one stand in the record as refused"
    with pytest.raises(Suspended):
        authorize(doctor, Permission.SEE_QUEUE)
    authorize(doctor, Permission.PUBLIC_INFO)


@pytest.mark.parametrize("change", [StaffChange.SUSPEND, StaffChange.NOT_ADMINISTRATOR])
async def test_a_link_does_not_outlive_its_makers_right_to_invite(sessions: Sessions, change: StaffChange) -> None:
    """Links of a suspended administrator are void; links of others work, and the record names the void one."""
    staff = await the_staff(sessions)
    async with sessions.begin() as session:
        leaver = await a_person(session, Role.ADMINISTRATOR)
        void, good = invitations.new_token(), invitations.new_token()
        for one, token in ((leaver, void), (staff.administrator, good)):
            await invitations.create_invite(session, one, PlannedInvite(Role.DOCTOR, AMINA.email, token), NOW)
    plan = PlannedChange(leaver.account_id or 0, change)
    digits = await asks(sessions, staff.administrator, plan)
    assert await types(sessions, staff.administrator, plan, digits) is Verdict.RIGHT
    with pytest.raises(InviteInvalid):
        await register(sessions, invite=void)
    assert (await register(sessions, invite=good)).role is Role.DOCTOR
    async with sessions() as session:
        [row] = await session.scalars(select(AuditRow).where(AuditRow.act == "void_invite"))
    assert (row.actor_id, row.object_kind, row.object_id) == (staff.administrator.account_id, "invite", "1")


async def test_who_is_suspended_is_restored_and_works_again(sessions: Sessions) -> None:
    staff = await the_staff(sessions)
    for change, chat in ((StaffChange.SUSPEND, 1), (StaffChange.RESTORE, 2)):
        plan = PlannedChange(staff.doctor.account_id or 0, change)
        async with sessions.begin() as session:
            code = await staffing.request_code(session, staff.administrator, plan, chat, NOW)
            digits = generate_digits(code, KEY, NOW) or ""
        assert await types(sessions, staff.administrator, plan, digits) is Verdict.RIGHT
    authorize(await now(sessions, staff.doctor), Permission.SEE_QUEUE)


async def test_the_last_administrator_can_be_neither_suspended_nor_moved(sessions: Sessions) -> None:
    """A suspended administrator does not count as a remaining one."""
    staff = await the_staff(sessions)
    async with sessions.begin() as session:
        gone = await a_person(session, Role.ADMINISTRATOR, suspended_at=NOW)
    for change in (StaffChange.SUSPEND, StaffChange.NOT_ADMINISTRATOR):
        with pytest.raises(LastAdministrator):
            await asks(sessions, staff.administrator, PlannedChange(staff.administrator.account_id or 0, change))
    assert (await now(sessions, gone)).suspended


async def test_two_administrators_cannot_suspend_each_other_at_once(sessions: Sessions) -> None:
    staff = await the_staff(sessions)
    async with sessions.begin() as session:
        other = await a_person(session, Role.ADMINISTRATOR)
    pairs = [(staff.administrator, other), (other, staff.administrator)]
    plans = [PlannedChange(victim.account_id or 0, StaffChange.SUSPEND) for _, victim in pairs]
    codes = []
    for (actor, _), plan, chat in zip(pairs, plans, (1, 2), strict=True):
        async with sessions.begin() as session:
            codes.append(generate_digits(await staffing.request_code(session, actor, plan, chat, NOW), KEY, NOW) or "")

    async def confirms(number: int) -> bool:
        try:
            return await types(sessions, pairs[number][0], plans[number], codes[number]) is Verdict.RIGHT
        except WorkflowError:
            return False

    assert sorted(await asyncio.gather(confirms(0), confirms(1))) == [False, True]


async def test_nobody_else_may_and_a_patient_is_not_on_the_list(sessions: Sessions) -> None:
    staff = await the_staff(sessions)
    for actor in (staff.patient, staff.doctor, staff.pharmacist):
        with pytest.raises(WorkflowError):
            await asks(sessions, actor, PlannedChange(staff.doctor.account_id or 0, StaffChange.ADMINISTRATOR))
    for nobody in (staff.patient.account_id or 0, 10**6):
        with pytest.raises(NotFound):
            await asks(sessions, staff.administrator, PlannedChange(nobody, StaffChange.ADMINISTRATOR))
