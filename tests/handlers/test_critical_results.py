"""A result that cannot wait: told at once, told again, until the loop is closed."""

from collections.abc import Awaitable, Callable

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.ui.keyboards import CardAction, OnCard
from models.tables.jobs import Job
from models.tables.scans import Status
from tests.support.jobs import comes_due, waits
from tests.support.people import House, eventually
from tests.support.steps import a_scan, says, scan_row
from workflow.jobs import OWES


async def test_the_patient_and_the_administrator_hear_at_once_and_the_loop_is_closed(house: House) -> None:
    """No finding is named to the patient; the report prints who was told and when it was acknowledged."""
    scan = await a_scan(house, Status.AI_ANALYZED)
    await house.rao.presses("Write findings")
    await house.rao.presses("Pneumothorax, left")
    answer = await house.rao.presses("Critical result", on="Written down")
    assert answer.text == says(house, "critical.marked")
    told = await house.amina.sees("Please get medical care today")
    for word in ("Pneumothorax", "COVID", "94"):
        assert word not in told.text
    staff = await house.joseph.sees("Critical result, scan #1")
    assert "amina@example.org" in staff.text
    await house.rao.sees("not yet acknowledged")
    await house.amina.presses("I have read this")
    await house.joseph.sees("Amina Yusuf has read the message")
    first = (await scan_row(house, scan)).critical
    assert first is not None
    assert first.told_at is not None
    answer = await house.joseph.presses("Patient reached")
    again = (await scan_row(house, scan)).critical
    assert again is not None
    assert (again.acknowledged_at, again.acknowledged_by) == (first.acknowledged_at, first.acknowledged_by)
    await house.rao.presses("AI wrong", on="Written down")
    await house.dispenses()
    await house.releases()
    report = await house.amina.receives_document(timeout=30)
    from tests.support.pdf import pages

    sheet = "".join(pages(report.data))
    for words in ("CriticalresultPneumothorax", "ToldtoAminaYusuf", "Acknowledged", "Urgent:getcarenow"):
        assert words in sheet.replace("!", "")


async def test_unanswered_it_climbs_a_ladder_until_an_administrator_reaches_the_patient(house: House) -> None:
    scan = await a_scan(house, Status.DOCTOR_VERIFIED)
    await house.rao.sends("/start")
    await house.rao.forges(OnCard(action=CardAction.CRITICAL, scan_id=scan).pack())
    await house.amina.sees("Please get medical care today")
    for rung in (1, 2):
        await eventually(house.app.clinic.sessions, _waiting(rung))
        await house.amina.looks_away()
        await house.rao.looks_away()
        await comes_due(house)
        await house.amina.sees("Please get medical care today")
    await house.rao.sees("Nobody has answered yet")
    await house.joseph.presses("Patient reached")
    critical = (await scan_row(house, scan)).critical
    assert critical is not None
    assert critical.acknowledged_at is not None
    await house.amina.looks_away()
    await comes_due(house)
    await house.amina.does_not_see("Please get medical care today")


async def test_a_rung_that_an_outage_or_a_kill_repeats_owes_the_next_one_once(house: House) -> None:
    scan = await a_scan(house, Status.DOCTOR_VERIFIED)
    await house.rao.sends("/start")
    await house.rao.sees("Hello")
    await house.clinic.fault("500", "sendMessage", times=2)
    await house.rao.forges(OnCard(action=CardAction.CRITICAL, scan_id=scan).pack())
    await waits(house, "tell_critical")
    await comes_due(house)
    await house.amina.sees("Please get medical care today", timeout=30)
    await eventually(house.app.clinic.sessions, _waiting(1))
    async with house.app.clinic.sessions.begin() as session:  # killed before it was noted that the rung was done
        await session.execute(
            update(Job).where(Job.kind == "tell_critical", Job.ended_at.is_not(None)).values(ended_at=None)
        )
        session.info[OWES] = True
    await eventually(house.app.clinic.sessions, _waiting(1))
    assert await _rungs(house) == [0, 1]


async def test_marking_twice_marks_once_and_what_is_not_critical_cannot_be_acknowledged(house: House) -> None:
    scan = await a_scan(house, Status.DOCTOR_VERIFIED)
    await house.rao.sends("/start")
    mark = OnCard(action=CardAction.CRITICAL, scan_id=scan).pack()
    heard = OnCard(action=CardAction.HEARD, scan_id=scan).pack()
    await house.amina.sends("/status")
    await house.amina.sees("Scan #1")
    assert (await house.amina.forges(heard)).text == says(house, "error.stale")
    await house.rao.forges(mark)
    marked = await scan_row(house, scan)
    await house.rao.forges(mark)
    again = await scan_row(house, scan)
    assert marked.critical is not None
    assert again.critical is not None
    assert again.critical.marked_at == marked.critical.marked_at


def _waiting(rung: int) -> Callable[[AsyncSession], Awaitable[bool]]:
    async def look(session: AsyncSession) -> bool:
        jobs = await session.scalars(select(Job).where(Job.kind == "tell_critical", Job.ended_at.is_(None)))
        return [(job.payload["rung"], job.leased_until) for job in jobs] == [(rung, None)]

    return look


async def _rungs(house: House) -> list[int]:
    async with house.app.clinic.sessions() as session:
        jobs = await session.scalars(select(Job).where(Job.kind == "tell_critical").order_by(Job.id))
        return [job.payload["rung"] for job in jobs]
