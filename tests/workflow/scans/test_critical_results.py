"""The time at which a critical result counts as notified, in either order of the records."""

from datetime import timedelta

from models.base import Sessions
from models.tables.scans import Scan
from tests.support.rows import NOW, a_reading, a_scan, a_staff
from workflow.scans import critical


async def test_a_patient_who_answers_before_the_delivery_is_written_down_has_been_told(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff, "AI_ANALYZED")
        session.add(a_reading(scan.id, staff.doctor))
        await session.flush()
        await critical.mark(session, staff.doctor, scan.id, NOW)
    answered = NOW + timedelta(seconds=20)
    async with sessions.begin() as session:
        await critical.acknowledge(session, staff.patient, scan.id, answered)
    async with sessions.begin() as session:
        await critical.record_notified(session, scan.id, answered + timedelta(seconds=1))
    async with sessions() as session:
        result = (await session.get_one(Scan, scan.id)).critical
    assert result is not None
    assert (result.told_at, result.acknowledged_at) == (answered, answered)


async def test_an_administrator_who_reached_the_patient_does_not_make_the_message_told(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff, "DOCTOR_VERIFIED")
        await critical.mark(session, staff.doctor, scan.id, NOW)
        await critical.acknowledge(session, staff.administrator, scan.id, NOW)
    async with sessions() as session:
        result = (await session.get_one(Scan, scan.id)).critical
    assert result is not None
    assert result.told_at is None
