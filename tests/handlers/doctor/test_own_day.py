"""/mine: a doctor's day in figures, counted by queries that load no scan."""

from datetime import timedelta

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from models.base import Sessions
from models.tables.scans import Reading, ScanEvent
from models.vocabulary import Role, ScanStatus
from tests.support.people import Clinic
from tests.support.rows import NOW, Staff, a_person, a_scan, a_staff
from tests.support.steps import a_scan as a_clinics_scan
from workflow.actors import Actor
from workflow.queue.doctors_day import DoctorsDay, day_of

MIDNIGHT = NOW - timedelta(hours=8)
MINUTE = timedelta(minutes=1)


async def test_a_doctor_sees_the_day(clinic: Clinic) -> None:
    await clinic.rao.sends("/mine")
    first = await clinic.rao.sees("Your day")
    assert "Read today: 0" in first.text
    assert "median" not in first.text
    await a_clinics_scan(clinic, ScanStatus.AI_ANALYZED, label="Normal", abnormal=0.04)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Normal chest")
    await clinic.rao.presses("AI right", on="Written down")
    await clinic.rao.sends("/mine")
    day = await clinic.rao.sees("Read today: 1")
    for words in ("Waiting for a doctor: 0", "1 min for a scan (median)", "In agreement with the computer: 1 of 1"):
        assert words in day.text


async def test_the_figures_are_the_doctors_own_of_today_and_take_three_queries(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        colleague = await a_person(session, Role.DOCTOR)
        for minutes, agrees in ((2, True), (4, False), (60, None)):
            await _reads(session, staff, staff.doctor, minutes, agrees=agrees)
        await _reads(session, staff, colleague, 9, agrees=True)
        await _reads(session, staff, staff.doctor, 9, agrees=True, days=1)
        for status in ("PENDING_AI", "AI_ANALYZED", "REJECTED"):
            await a_scan(session, staff, status)
    asked: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    async with sessions() as session:
        day = await day_of(session, staff.doctor, MIDNIGHT)
    assert day == DoctorsDay(read=3, waiting=2, minutes=4, agreed=1, compared=2)
    assert len([one for one in asked if one.startswith("SELECT")]) == 3
    async with sessions() as session:
        assert await day_of(session, await a_person(session, Role.DOCTOR), MIDNIGHT) == DoctorsDay(0, 2, None, 0, 0)


async def _reads(
    session: AsyncSession, staff: Staff, doctor: Actor, minutes: int, *, agrees: bool | None, days: int = 0
) -> None:
    begin = NOW - timedelta(days=days)
    scan = await a_scan(session, staff, "DOCTOR_VERIFIED")
    reading = await session.get_one(Reading, scan.id)
    reading.doctor_id, reading.agrees, reading.signed_at = doctor.account_id or 0, agrees, begin + minutes * MINUTE
    for action, at in (("write_findings", begin), ("verify", begin + minutes * MINUTE)):
        event_ = ScanEvent(scan_id=scan.id, actor_id=doctor.account_id, role="doctor", action=action, at=at)
        event_.status = ScanStatus.DOCTOR_VERIFIED
        session.add(event_)
    await session.flush()
