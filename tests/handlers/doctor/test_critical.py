"""A critical result is notified at once and repeated until it is acknowledged."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.ui.callbacks import CardAction, OnCard
from models.tables.jobs import Job
from models.vocabulary import ScanStatus
from tests.support.jobs import comes_due, settles, waits
from tests.support.people import Clinic, eventually
from tests.support.steps import a_scan, scan_row, sentence_for
from workflow.jobs import HAS_JOBS


@pytest.mark.slow
async def test_the_patient_and_the_administrator_hear_at_once_and_the_loop_is_closed(clinic: Clinic) -> None:
    """No finding is named to the patient; the report prints the recipient and the time of acknowledgement."""
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Pneumothorax, left")
    answer = await clinic.rao.presses("Critical result", on="Written down")
    assert answer.text == sentence_for(clinic, "critical.marked")
    notice = await clinic.amina.sees("Please get medical care today")
    for word in ("Pneumothorax", "COVID", "94"):
        assert word not in notice.text
    staff = await clinic.joseph.sees("Critical result, scan #1")
    assert "amina@example.org" in staff.text
    await clinic.rao.sees("not yet acknowledged")
    await clinic.amina.presses("I have read this")
    await clinic.joseph.sees("The patient has read the message")
    first = (await scan_row(clinic, scan)).critical
    assert first is not None
    assert first.told_at is not None
    answer = await clinic.joseph.presses("Patient reached")
    again = (await scan_row(clinic, scan)).critical
    assert again is not None
    assert (again.acknowledged_at, again.acknowledged_by) == (first.acknowledged_at, first.acknowledged_by)
    await clinic.rao.presses("AI wrong", on="Written down")
    await clinic.dispenses()
    await clinic.releases()
    report = await clinic.amina.receives_document(timeout=30)
    from tests.support.pdf import pages

    sheet = "".join(pages(report.data))
    for words in ("CriticalresultPneumothorax", "ReportedtoAminaYusuf", "Acknowledged", "Urgent:getcarenow"):
        assert words in sheet.replace("!", "")


@pytest.mark.slow
async def test_unanswered_it_escalates_until_an_administrator_reaches_the_patient(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await clinic.rao.sends("/start")
    await clinic.rao.forges(OnCard(action=CardAction.CRITICAL, scan_id=scan).pack())
    await clinic.amina.sees("Please get medical care today")
    for level in (1, 2):
        await eventually(clinic.app.services.sessions, _waiting(level))
        await clinic.amina.looks_away()
        await clinic.rao.looks_away()
        await comes_due(clinic)
        await clinic.amina.sees("Please get medical care today")
    await clinic.rao.sees("Nobody has answered yet")
    await clinic.joseph.presses("Patient reached")
    critical = (await scan_row(clinic, scan)).critical
    assert critical is not None
    assert critical.acknowledged_at is not None
    await clinic.amina.looks_away()
    await comes_due(clinic)
    await clinic.amina.does_not_see("Please get medical care today")


@pytest.mark.slow
async def test_a_level_that_an_outage_or_a_kill_repeats_enqueues_the_next_one_once(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await clinic.rao.sends("/start")
    await clinic.rao.sees("Hello")
    await settles(clinic)  # no earlier job uses up the faults
    await clinic.telegram.fault("500", "sendMessage", times=2)
    await clinic.rao.forges(OnCard(action=CardAction.CRITICAL, scan_id=scan).pack())
    await waits(clinic, "tell_critical")
    await comes_due(clinic)
    await clinic.amina.sees("Please get medical care today", timeout=30)
    await eventually(clinic.app.services.sessions, _waiting(1))
    async with clinic.app.services.sessions.begin() as session:  # killed before the level was recorded as done
        await session.execute(
            update(Job).where(Job.kind == "tell_critical", Job.ended_at.is_not(None)).values(ended_at=None)
        )
        session.info[HAS_JOBS] = True
    await eventually(clinic.app.services.sessions, _waiting(1))
    assert await _rungs(clinic) == [0, 1]


async def test_marking_twice_marks_once_and_what_is_not_critical_cannot_be_acknowledged(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await clinic.rao.sends("/start")
    mark = OnCard(action=CardAction.CRITICAL, scan_id=scan).pack()
    acknowledge = OnCard(action=CardAction.ACKNOWLEDGE, scan_id=scan).pack()
    await clinic.amina.sends("/status")
    await clinic.amina.sees("Scan #1")
    assert (await clinic.amina.forges(acknowledge)).text == sentence_for(clinic, "error.stale")
    await clinic.rao.forges(mark)
    marked = await scan_row(clinic, scan)
    await clinic.rao.forges(mark)
    again = await scan_row(clinic, scan)
    assert marked.critical is not None
    assert again.critical is not None
    assert again.critical.marked_at == marked.critical.marked_at


def _waiting(level: int) -> Callable[[AsyncSession], Awaitable[bool]]:
    async def look(session: AsyncSession) -> bool:
        jobs = await session.scalars(select(Job).where(Job.kind == "tell_critical", Job.ended_at.is_(None)))
        return [(job.payload["rung"], job.leased_until) for job in jobs] == [(level, None)]

    return look


async def _rungs(clinic: Clinic) -> list[int]:
    async with clinic.app.services.sessions() as session:
        jobs = await session.scalars(select(Job).where(Job.kind == "tell_critical").order_by(Job.id))
        return [job.payload["rung"] for job in jobs]
