"""Several roles of one person: the active role, revoked roles, and separation of duties on one scan."""

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Sessions
from models.tables.accounts import Account, ChatLink
from models.tables.amendments import AmendmentState
from models.tables.audit import AuditRow
from models.tables.scans import Report, Scan
from models.vocabulary import Role
from tests.support.rows import KEY, NOW, Staff, a_person, a_reading, a_scan, a_staff
from workflow.accounts import roles
from workflow.accounts.sessions import actor_for
from workflow.actors import Actor
from workflow.audit.chain import PENDING
from workflow.errors import LastAdministrator, NotAllowed, NotFound, SeparationOfDuties
from workflow.permissions import STAFF, Permission, authorize
from workflow.reporting import amendments
from workflow.scans import critical, queries
from workflow.transitions import RULES, Action, advance

CHAT, OTHER_CHAT = 1001, 2002


async def a_person_of(sessions: Sessions, *held: Role, chat: int = CHAT) -> Actor:
    """An account with these roles, the first one active, and a chat."""
    async with sessions.begin() as session:
        who = await a_person(session, held[0])
        session.add(ChatLink(chat_id=chat, account_id=who.account_id, created_at=NOW, seen_at=NOW))
        account = await session.get_one(Account, who.account_id, populate_existing=True)
        for role in held[1:]:
            roles.grant(account, role, f"number as {role}", NOW, None)
        return who


async def here(sessions: Sessions, chat: int = CHAT) -> Actor:
    async with sessions() as session:
        actor = await actor_for(session, chat)
        assert actor is not None
        return actor


async def test_a_chat_acts_in_one_role_and_another_chat_of_the_person_in_another(sessions: Sessions) -> None:
    who = await a_person_of(sessions, Role.DOCTOR, Role.PHARMACIST)
    async with sessions.begin() as session:
        session.add(ChatLink(chat_id=OTHER_CHAT, account_id=who.account_id, created_at=NOW, seen_at=NOW))
        await roles.switch(session, OTHER_CHAT, Role.PHARMACIST, NOW)
    first, second = await here(sessions), await here(sessions, OTHER_CHAT)
    assert (first.role, second.role) == (Role.DOCTOR, Role.PHARMACIST)
    assert first.roles == second.roles == (Role.DOCTOR, Role.PHARMACIST)
    authorize(second, Action.PRESCRIBE)
    with pytest.raises(NotAllowed):
        authorize(second, Action.VERIFY)
    async with sessions() as session:
        assert await queries.chats_acting_as(session, Role.PHARMACIST) == [OTHER_CHAT]
        assert sorted(await queries.chats_of_role(session, Role.PHARMACIST)) == [CHAT, OTHER_CHAT]
        row = (await session.scalars(select(AuditRow).where(AuditRow.act == Permission.SWITCH_ROLE))).all()[-1]
    assert (row.actor_id, row.role, row.reason) == (who.account_id, "pharmacist", "pharmacist")


@pytest.mark.parametrize("wanted", [Role.ADMINISTRATOR, Role.PATIENT, Role.SYSTEM])
async def test_a_role_that_is_not_held_cannot_be_switched_to(sessions: Sessions, wanted: Role) -> None:
    await a_person_of(sessions, Role.DOCTOR, Role.PHARMACIST)
    with pytest.raises(NotFound):
        async with sessions.begin() as session:
            await roles.switch(session, CHAT, wanted, NOW)
    assert (await here(sessions)).role is Role.DOCTOR


async def test_a_role_that_is_taken_acts_nowhere_at_once(sessions: Sessions) -> None:
    """Also the active one: the next takes its place, with its own registration number."""
    who = await a_person_of(sessions, Role.DOCTOR, Role.PHARMACIST, Role.ADMINISTRATOR)
    async with sessions.begin() as session:
        await a_person(session, Role.ADMINISTRATOR)
        await roles.switch(session, CHAT, Role.ADMINISTRATOR, NOW)
    async with sessions.begin() as session:
        await roles.revoke(session, await session.get_one(Account, who.account_id), Role.ADMINISTRATOR)
    assert (await here(sessions)).role is Role.DOCTOR
    async with sessions.begin() as session:
        await roles.revoke(session, await session.get_one(Account, who.account_id), Role.DOCTOR)
    after = await here(sessions)
    assert (after.role, after.roles) == (Role.PHARMACIST, (Role.PHARMACIST,))
    async with sessions.begin() as session:
        account = await session.get_one(Account, who.account_id)
        assert account.registration_number_as(Role.PHARMACIST) == "number as pharmacist"
        await roles.revoke(session, account, Role.PHARMACIST)
    assert (await here(sessions)).roles == (Role.PATIENT,)


async def test_a_patient_who_joins_the_staff_stays_a_patient(sessions: Sessions) -> None:
    await a_person_of(sessions, Role.PATIENT, Role.DOCTOR)
    assert (await here(sessions)).roles == (Role.DOCTOR, Role.PATIENT)
    async with sessions() as session:
        assert [one.role for one in await queries.staff_accounts(session)] == [Role.DOCTOR]


@pytest.mark.parametrize("held", [(Role.ADMINISTRATOR,), (Role.DOCTOR, Role.ADMINISTRATOR)])
async def test_the_last_administrator_keeps_the_role_whichever_place_it_has(
    sessions: Sessions, held: tuple[Role, ...]
) -> None:
    who = await a_person_of(sessions, *held)
    async with sessions.begin() as session:
        await a_person(session, Role.ADMINISTRATOR, suspended_at=NOW)
        account = await session.get_one(Account, who.account_id)
        with pytest.raises(LastAdministrator):
            await roles.revoke(session, account, Role.ADMINISTRATOR)
        with pytest.raises(LastAdministrator):
            await roles.check_may_leave(session, account)


async def test_of_the_last_two_administrators_only_one_is_taken(sessions: Sessions) -> None:
    people = [
        await a_person_of(sessions, Role.ADMINISTRATOR),
        await a_person_of(sessions, Role.DOCTOR, Role.ADMINISTRATOR, chat=OTHER_CHAT),
    ]

    async def leaves(who: Actor) -> bool:
        try:
            async with sessions.begin() as session:
                await roles.revoke(session, await session.get_one(Account, who.account_id), Role.ADMINISTRATOR)
        except LastAdministrator:
            return False
        return True

    assert sorted(await asyncio.gather(*map(leaves, people))) == [False, True]


# Separation of duties

SIGNED = {  # signed so far, at which stage, and every role that may act next
    Role.PATIENT: ("PENDING_AI", "AI_ANALYZED", "DOCTOR_VERIFIED", "PHARMACIST_COMPLETED"),
    Role.DOCTOR: ("DOCTOR_VERIFIED", "PHARMACIST_COMPLETED"),
    Role.PHARMACIST: ("PHARMACIST_COMPLETED",),
}


ISSUED = {"file": "a report", "sha256": "0" * 64, "content_sha256": "0" * 64}


async def a_clinic(sessions: Sessions, everything: Role | None = None) -> tuple[Staff, Actor]:
    """Four people, and one with every role; `everything` takes the place of the named one."""
    one = await a_person_of(sessions, *STAFF, Role.PATIENT)
    async with sessions.begin() as session:
        staff = await a_staff(session)
    return staff._replace(**{everything: one._replace(role=everything)}) if everything else staff, one


@pytest.mark.parametrize("signed_as", SIGNED)
async def test_nobody_signs_one_scan_in_two_roles(sessions: Sessions, signed_as: Role) -> None:
    """An account that sent, verified or dispensed a scan does nothing else with it, in any other role."""
    staff, one = await a_clinic(sessions, signed_as)
    for status in SIGNED[signed_as]:
        async with sessions() as session:
            scan = await a_scan(session, staff, status)
            if status == "AI_ANALYZED":
                session.add(a_reading(scan.id, staff.doctor))
            moves = [(action, rule.role) for (at, action), rule in RULES.items() if at == status]
            for action, role in moves:
                if role in {signed_as, Role.SYSTEM}:
                    continue
                before = scan.version
                with pytest.raises(SeparationOfDuties):
                    await advance(session, scan.id, action, one._replace(role=role), NOW)
                with pytest.raises(SeparationOfDuties):
                    await queries.scan_for(session, scan.id, one._replace(role=role), action)
                assert scan.version == before


async def test_on_another_scan_the_same_person_may_act_in_the_other_role(sessions: Sessions) -> None:
    staff, one = await a_clinic(sessions)
    async with sessions() as session:
        scan = await a_scan(session, staff, "DOCTOR_VERIFIED")
        assert (await advance(session, scan.id, Action.PRESCRIBE, one._replace(role=Role.PHARMACIST), NOW)).id


async def test_who_marked_a_result_critical_does_not_complete_it_nor_mark_what_he_completed(sessions: Sessions) -> None:
    staff, one = await a_clinic(sessions)
    doctor, pharmacist = one._replace(role=Role.DOCTOR), one._replace(role=Role.PHARMACIST)
    async with sessions() as session:
        scan = await a_scan(session, staff, "DOCTOR_VERIFIED")
        await critical.mark(session, doctor, scan.id, NOW)
        await session.flush()
        with pytest.raises(SeparationOfDuties):
            await advance(session, scan.id, Action.PRESCRIBE, pharmacist, NOW)
        scan = await a_scan(session, staff._replace(pharmacist=pharmacist), "PHARMACIST_COMPLETED")
        with pytest.raises(SeparationOfDuties):
            await critical.mark(session, doctor, scan.id, NOW)


CHANGE = amendments.ProposedChange("The left, not the right.")


@pytest.mark.slow
async def test_who_changed_a_report_does_not_approve_the_next_change(sessions: Sessions) -> None:
    """The author may write the next change. A declined change does not count."""
    staff, one = await a_clinic(sessions)
    doctor, administrator = one._replace(role=Role.DOCTOR), one._replace(role=Role.ADMINISTRATOR)
    async with sessions() as session:
        scan = await a_changed_scan(session, staff, doctor, staff.administrator)
        await amendments.propose(session, staff.doctor, scan.id, CHANGE, NOW)
        with pytest.raises(SeparationOfDuties):
            await amendments.request_code(session, administrator, scan.id, 2, CHAT, NOW)
        scan = await a_changed_scan(session, staff, doctor, staff.administrator)
        await amendments.propose(session, doctor, scan.id, CHANGE, NOW)
        await amendments.decline(session, staff.administrator, scan.id, 2, NOW)

        scan = await a_released_scan(session, staff)
        await amendments.propose(session, doctor, scan.id, CHANGE, NOW)
        await amendments.decline(session, staff.administrator, scan.id, 1, NOW)
        await amendments.propose(session, staff.doctor, scan.id, CHANGE, NOW)
        assert await amendments.request_code(session, administrator, scan.id, 2, CHAT, NOW)


async def test_who_approved_a_change_does_not_write_the_next(sessions: Sessions) -> None:
    staff, one = await a_clinic(sessions)
    async with sessions() as session:
        scan = await a_changed_scan(session, staff, staff.doctor, one._replace(role=Role.ADMINISTRATOR))
        with pytest.raises(SeparationOfDuties):
            await amendments.propose(session, one._replace(role=Role.DOCTOR), scan.id, CHANGE, NOW)


async def a_changed_scan(session: AsyncSession, staff: Staff, author: Actor, approver: Actor) -> Scan:
    """A scan whose report's first change was approved and issued."""
    scan = await a_released_scan(session, staff)
    change = await amendments.propose(session, author, scan.id, CHANGE, NOW)
    change.administrator_id, change.approved_at, change.state = approver.account_id, NOW, AmendmentState.ISSUED
    await session.flush()
    return scan


async def a_released_scan(session: AsyncSession, staff: Staff) -> Scan:
    released = {"released_at": NOW, "released_by": staff.administrator.account_id}
    scan = await a_scan(session, staff, "REPORT_READY", **released)
    session.add(Report(scan_id=scan.id, version=1, number=f"R{scan.id}", created_at=NOW, **ISSUED))
    await session.flush()
    return scan


async def test_a_doctor_does_not_approve_their_own_change_of_a_report(sessions: Sessions) -> None:
    """Nor a change of a report that they dispensed; nor may the releasing administrator change its text."""
    staff, one = await a_clinic(sessions)
    async with sessions() as session:
        for place in (None, Role.PHARMACIST):
            people = staff._replace(**{place: one._replace(role=place)}) if place else staff
            scan = await a_released_scan(session, people)
            author = one._replace(role=Role.DOCTOR) if place is None else staff.doctor
            await amendments.propose(session, author, scan.id, CHANGE, NOW)
            await session.flush()
            with pytest.raises(SeparationOfDuties):
                await amendments.request_code(session, one._replace(role=Role.ADMINISTRATOR), scan.id, 1, CHAT, NOW)
            with pytest.raises(SeparationOfDuties):
                await amendments.decline(session, one._replace(role=Role.ADMINISTRATOR), scan.id, 1, NOW)
            code = await amendments.request_code(session, staff.administrator, scan.id, 1, CHAT, NOW)
            for waits_for in (code.content_sha256, "f" * 64):  # a wrong guess, and a code for another content
                code.content_sha256 = waits_for
                await session.flush()
                await amendments.approve(session, staff.administrator, scan.id, "000000", KEY, NOW)
                pending = session.info[PENDING][-1][1]
                assert (pending["act"], pending["outcome"]) == ("approve_amendment", "refused")
                session.info[PENDING].pop()
