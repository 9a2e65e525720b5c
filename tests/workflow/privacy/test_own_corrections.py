"""A correction waits while a released report is being written, and is told for each report that there is."""

import pytest
from sqlalchemy import select

from models.base import Sessions
from models.tables.jobs import Job
from models.vocabulary import Role
from tests.support.rows import NOW, a_person, a_scan, a_staff, jobs_of
from workflow.errors import LoginFailed, StaleAction
from workflow.privacy import corrections


async def test_a_name_does_not_change_between_the_release_and_its_report(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        await a_scan(session, staff, "PHARMACIST_COMPLETED", released_at=NOW)
    with pytest.raises(StaleAction):
        async with sessions.begin() as session:
            await corrections.correct(session, staff.patient, "name", "Another Name", NOW)


async def test_the_same_value_changes_nothing_and_another_redraws_the_cards_and_tells_of_the_reports(
    sessions: Sessions,
) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        for status in ("PENDING_AI", "REPORT_READY"):
            await a_scan(session, staff, status)
    async with sessions.begin() as session:
        await corrections.correct(session, staff.patient, "name", staff.patient.name, NOW)
        assert await jobs_of(session) == []
        await corrections.correct(session, staff.patient, "name", "Another Name", NOW)
        assert await jobs_of(session) == ["show_cards", "show_cards", "tell_identity"]
        told = (await session.scalars(select(Job).where(Job.kind == "tell_identity"))).one()
        assert told.payload == {"account_id": staff.patient.account_id, "on": NOW.isoformat()}


async def test_an_address_of_another_account_is_refused(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        patient = await a_person(session, Role.PATIENT)
        await a_person(session, Role.PATIENT, email="taken@example.org")
    with pytest.raises(LoginFailed):
        async with sessions.begin() as session:
            await corrections.set_email(session, patient, "Taken@example.org", 1, NOW)
