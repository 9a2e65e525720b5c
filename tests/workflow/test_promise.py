"""Promised times: when a report is due, by urgency and desk hours, and which scans are told as late."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Sessions
from models.tables.desk import Ticket
from models.tables.scans import CriticalResult, Scan
from tests.support.rows import Staff, a_scan, a_staff
from workflow.desk import promise
from workflow.desk.hours import DeskHours
from workflow.desk.promise import NoticeLevel, Promise

INDIA = ZoneInfo("Asia/Kolkata")
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=INDIA).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "days", "begins", "span", "ends"),
    [  # 2026-01-05 is a Monday
        ("08:00-20:00", "mon tue wed thu fri", "2026-01-05T09:00", 1, "2026-01-05T10:00"),
        ("08:00-20:00", "mon tue wed thu fri", "2026-01-05T09:00", 11, "2026-01-05T20:00"),
        ("08:00-20:00", "mon tue wed thu fri", "2026-01-05T09:00", 24, "2026-01-07T09:00"),
        ("08:00-20:00", "mon tue wed thu fri", "2026-01-05T21:30", 1, "2026-01-06T09:00"),
        ("08:00-20:00", "mon tue wed thu fri", "2026-01-09T19:00", 2, "2026-01-12T09:00"),
        ("08:00-20:00", "sun", "2026-01-05T09:00", 13, "2026-01-18T09:00"),
        ("00:00-24:00", "mon tue wed thu fri sat sun", "2026-01-05T09:00", 24, "2026-01-06T09:00"),
        ("18:00-24:00", "mon", "2026-01-05T23:00", 2, "2026-01-12T19:00"),
    ],
)
def test_desk_hours_are_counted_while_the_desk_is_open(
    hours: str, days: str, begins: str, span: int, ends: str
) -> None:
    assert DeskHours.parse(hours, days, INDIA).add(at(begins), span * HOUR) == at(ends)


PROMISE = Promise(HOUR, 24 * HOUR, DeskHours.parse("08:00-20:00", "mon tue wed thu fri sat sun", INDIA))
ARRIVED = at("2026-01-05T09:00")


@pytest.mark.parametrize(
    ("urgent_since", "due", "escalates"),
    [
        (None, "2026-01-07T09:00", "2026-01-07T10:00"),
        ("2026-01-04T09:00", "2026-01-05T10:00", "2026-01-05T11:00"),
        ("2026-01-05T09:00", "2026-01-05T10:00", "2026-01-05T11:00"),
        ("2026-01-05T22:00", "2026-01-05T23:00", "2026-01-06T00:00"),
        ("2026-01-07T08:30", "2026-01-07T09:00", "2026-01-07T10:00"),
    ],
)
def test_when_a_report_is_due(urgent_since: str | None, due: str, escalates: str) -> None:
    since = at(urgent_since) if urgent_since else None
    assert PROMISE.due(ARRIVED, since) == at(due)
    assert PROMISE.escalates(at(due), since is not None) == at(escalates)


async def arrived(session: AsyncSession, staff: Staff, status: str, **facts: Any) -> int:
    scan = await a_scan(session, staff, status, **facts)
    scan.created_at = ARRIVED
    await session.flush()
    return scan.id


async def test_each_delay_is_found_once_and_finished_scans_never(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        routine = await arrived(session, staff, "AI_ANALYZED")
        stat = await arrived(session, staff, "PENDING_AI", stat_at=ARRIVED)
        critical = await arrived(session, staff, "DOCTOR_VERIFIED")
        session.add(CriticalResult(scan_id=critical, doctor_id=staff.doctor.account_id, marked_at=ARRIVED))
        for done in ("REPORT_READY", "REJECTED"):
            await arrived(session, staff, done)

    async def found(now: str) -> list[tuple[int, NoticeLevel]]:
        async with sessions.begin() as session:
            late = await promise.delays(session, PROMISE, at(now))
            for one in late:
                await promise.record_notified(session, one)
            return [(one.scan_id, one.level) for one in late]

    assert await found("2026-01-05T09:59") == []
    urgent = [stat, critical]
    assert await found("2026-01-05T10:00") == [(one, NoticeLevel.ON_DUTY) for one in urgent]
    assert await found("2026-01-05T10:30") == [], "told once"
    assert await found("2026-01-05T12:00") == [(one, NoticeLevel.ADMINISTRATORS) for one in urgent]
    assert await found("2026-01-07T08:59") == []
    assert await found("2026-01-07T11:00") == [(routine, NoticeLevel.ADMINISTRATORS)], "both at once after a long stop"
    assert await found("2026-01-09T11:00") == []


async def test_an_open_emergency_of_the_patient_makes_the_scan_urgent(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await arrived(session, staff, "AI_ANALYZED")
        words = {"chat_id": 7, "account_id": staff.patient.account_id, "language": "en"}
        session.add(Ticket(**words, urgent=True, opened_at=ARRIVED + 2 * HOUR))
        await session.flush()
        assert await promise.delays(session, PROMISE, ARRIVED + 2 * HOUR) == []
        [late] = await promise.delays(session, PROMISE, ARRIVED + 3 * HOUR)
        assert (late.scan_id, late.level, late.notified) == (scan, NoticeLevel.ON_DUTY, None)
        await session.execute(update(Scan).where(Scan.id == scan).values(released_at=ARRIVED))
        assert await promise.delays(session, PROMISE, ARRIVED + 9 * HOUR) == []
