"""Files of patients who have no chat: who acts for them, and what export and erasure know of it."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Sessions
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.tables.jobs import Job
from models.tables.proxies import Proxy
from models.vocabulary import Relation, Role, Sex
from tests.support.rows import NOW, Staff, a_person, a_staff
from workflow.accounts.files import dependants, proxies, walk_ins
from workflow.accounts.files.dependants import Dependant, TooManyDependants
from workflow.accounts.files.walk_ins import WalkIn
from workflow.actors import Actor
from workflow.errors import NotAllowed, NotFound
from workflow.privacy import erasure, export
from workflow.scans import intake, queries

KUMAR = WalkIn("Kumar Raja", "ta", date(1981, 3, 1), True, Sex.MALE, "+919840012345", ["penicillin"])
MOTHER = Dependant("Lakshmi Ammal", date(1952, 5, 12), False, Sex.FEMALE, Relation.PARENT)
PICTURE = intake.Upload("original", "picture", "chest_xray")


async def _walks_in(session: AsyncSession) -> tuple[Staff, Actor]:
    """The staff, and the administrator in the walk-in's place."""
    staff = await a_staff(session)
    number = await walk_ins.register(session, staff.administrator, KUMAR, NOW)
    return staff, await proxies.act_for(session, staff.administrator, number)


async def test_the_desk_alone_acts_for_a_walk_in(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff, kumar = await _walks_in(session)
        other_desk = await a_person(session, Role.ADMINISTRATOR)
        assert (await proxies.act_for(session, other_desk, kumar.account_id or 0)).account_id == kumar.account_id
        for stranger in (staff.patient, staff.doctor, staff.pharmacist):
            with pytest.raises(NotFound):
                await proxies.act_for(session, stranger, kumar.account_id or 0)
            with pytest.raises(NotAllowed):
                await walk_ins.register(session, stranger, KUMAR, NOW)
        with pytest.raises(NotFound):  # a patient with a chat of their own is no walk-in
            await proxies.act_for(session, staff.administrator, staff.patient.account_id or 0)
        scan = await intake.create_scan(session, kumar, PICTURE, NOW)
        assert scan.patient_id == kumar.account_id
        assert await queries.own_scans(session, staff.administrator) == []


async def test_export_and_erasure_know_of_the_desk_and_of_the_consent_on_paper(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff, kumar = await _walks_in(session)
    async with sessions.begin() as session:
        told = (await export.gather(session, kumar, NOW)).data
        assert told["consents"] == [{**told["consents"][0], "paper": True, "for_patient": True}]
        assert told["facts"] == {"allergies": ["penicillin"]}
        [desk] = told["proxies"]
        assert (desk["relation"], desk["ended_at"], desk["person"]) == ("desk", None, staff.administrator.name)
        assert {"register_walk_in", "consent", "describe:facts"} <= {one["act"] for one in told["record"]}
        await erasure.request_erasure(session, kumar, 0, timedelta(days=1), NOW)
        gone = await session.get_one(Account, kumar.account_id)
        assert (gone.name, gone.phone, gone.date_of_birth, gone.erased_at) == ("", None, None, NOW)
        assert (await session.scalars(select(Proxy.patient_id))).all() == []


async def test_who_acts_for_a_relative_reaches_that_relative_alone_and_until_it_ends(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff, kumar = await _walks_in(session)
        amina, stranger = staff.patient, await a_person(session, Role.PATIENT)
        mother = await dependants.add(session, amina, MOTHER, NOW)
        scan = await intake.create_scan(session, mother, PICTURE, NOW)
        assert [one.id for one in await queries.own_scans(session, amina)] == [scan.id]
        assert (scan.patient_id, mother.person.account_id) == (mother.account_id, amina.account_id)
        for other in (stranger, kumar, staff.administrator):
            assert await queries.own_scans(session, other) == []
            with pytest.raises(NotFound):
                await proxies.act_for(session, other, mother.account_id or 0)
        with pytest.raises(NotAllowed):
            await dependants.add(session, staff.doctor, MOTHER, NOW)
        await dependants.give_up(session, amina, mother.account_id or 0, NOW)
        assert await queries.own_scans(session, amina) == []
        again = await dependants.add(session, amina, MOTHER, NOW)
        assert (await dependants.add(session, amina, MOTHER, NOW)).account_id == again.account_id
        for year in range(1990, 1989 + dependants.MOST):
            await dependants.add(session, amina, MOTHER._replace(date_of_birth=date(year, 1, 1)), NOW)
        with pytest.raises(TooManyDependants):
            await dependants.add(session, amina, MOTHER._replace(name="Valli"), NOW)


async def test_only_the_guardian_of_a_child_may_have_its_file_erased(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff, kumar = await _walks_in(session)
        amina = staff.patient
        mother = await dependants.add(session, amina, MOTHER, NOW)
        born = date(NOW.year - 8, 1, 1)
        child = await dependants.add(session, amina, MOTHER._replace(name="Noor", date_of_birth=born), NOW)
        walk_in = KUMAR._replace(date_of_birth=born)
        young = await walk_ins.register(session, staff.administrator, walk_in, NOW)
        for actor, patient_id in (
            (amina, mother.account_id),
            (amina, amina.account_id),
            (amina, young),
            (staff.administrator, young),
            (staff.administrator, kumar.account_id),
            (staff.doctor, child.account_id),
            (await a_person(session, Role.PATIENT), child.account_id),
        ):
            with pytest.raises(NotFound):
                await dependants.child_of(session, actor, patient_id or 0, NOW)
        own = await dependants.child_of(session, amina, child.account_id or 0, NOW)
        assert (own.account_id, own.person.account_id) == (child.account_id, amina.account_id)


@pytest.mark.parametrize("ends", ["gives up", "is erased"])
async def test_a_file_that_nobody_can_open_any_more_falls_to_the_desk(sessions: Sessions, ends: str) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        amina = staff.patient
        mother = await dependants.add(session, amina, MOTHER, NOW)
        number = mother.account_id or 0
        with pytest.raises(NotFound):
            await proxies.act_for(session, staff.administrator, number)
        if ends == "gives up":
            await dependants.give_up(session, amina, number, NOW)
        else:
            await erasure.request_erasure(session, amina, 0, timedelta(days=1), NOW)
        file = await walk_ins.file_of(session, staff.administrator, number, NOW)
        assert (file.account.name, file.claimed) == (MOTHER.name, False)
    async with sessions.begin() as session:
        rows = await session.scalars(select(AuditRow.object_id).where(AuditRow.act == "file_to_desk"))
        assert rows.all()[-1:] == [str(number)]
        [told] = await session.scalars(select(Job.payload).where(Job.kind == "tell_file_at_desk"))
        assert told["account_id"] == number
        with pytest.raises(NotFound):
            await proxies.act_for(session, amina, number)
