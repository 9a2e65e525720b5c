"""The week in numbers, restated by hand, on both databases."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Sessions
from models.tables.deliveries import Channel, Delivery, DeliveryState
from models.tables.scans import Report, Scan, ScanEvent
from models.vocabulary import ScanStatus
from tests.support.rows import a_scan, a_staff
from workflow.errors import NotAllowed
from workflow.reporting import week
from workflow.reporting.week import ChannelCount, StageTime

INDIA = timezone(timedelta(hours=5, minutes=30))
NOW = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
NOON = datetime(2026, 3, 7, 6, 30, tzinfo=UTC)  # of the day before, in India


async def events(session: AsyncSession, scan: Scan, *minutes: tuple[ScanStatus, float]) -> None:
    """The scan reaches these statuses so many minutes after its arrival."""
    for status, after in minutes:
        at = scan.created_at + timedelta(minutes=after)
        session.add(ScanEvent(scan_id=scan.id, role="system", action="step", status=status, at=at))
    await session.flush()


async def test_arrivals_stand_in_their_hour_of_the_hospitals_zone(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        midnight = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)  # the second of March begins
        for at in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(minutes=59), NOW):
            (await a_scan(session, staff, "PENDING_AI")).created_at = at
        (await a_scan(session, staff, "PENDING_AI", late_notified=1)).created_at = NOON
        await session.flush()
        found = await week.week_of(session, staff.administrator, NOW, INDIA)
    assert [one.day for one in found.days] == [date(2026, 3, day) for day in range(2, 9)]
    assert {(one.day.day, hour): n for one in found.days for hour, n in enumerate(one.hours) if n} == {
        (2, 0): 2,
        (7, 12): 1,
        (8, 17): 1,
    }
    assert found.late == 1


async def test_minutes_of_each_stage_begin_with_the_moment_before_it(sessions: Sessions) -> None:
    arrived, analysed, signed, completed, issued = (one for one in ScanStatus if one is not ScanStatus.REJECTED)
    async with sessions.begin() as session:
        staff = await a_staff(session)
        for number in range(10):
            scan = await a_scan(session, staff, "REPORT_READY")
            scan.created_at, scan.released_at = NOON, NOON + timedelta(minutes=60 + number)
            steps = ((arrived, 0), (analysed, 1), (analysed, 5), (signed, 11 + number), (completed, 40), (issued, 90))
            await events(session, scan, *steps)
        without_model = await a_scan(session, staff, "DOCTOR_VERIFIED")
        without_model.created_at = NOON
        await events(session, without_model, (arrived, 0), (signed, 1000))
        long_ago = await a_scan(session, staff, "DOCTOR_VERIFIED")
        long_ago.created_at = NOON - timedelta(days=9)
        await events(session, long_ago, (arrived, 0), (analysed, 7), (signed, 9 * 24 * 60.0))
        found = await week.week_of(session, staff.administrator, NOW, INDIA)
    assert found.stages == [
        StageTime("analysed", 10, 1, 1),
        StageTime("signed", 12, 15.5, 1000),
        StageTime("completed", 10, 24.5, 28),
        StageTime("released", 10, 24.5, 28),
        StageTime("issued", 10, 25.5, 29),
        StageTime("whole", 10, 90, 90),
    ]


@pytest.mark.parametrize(("values", "expected"), [([5], 5), ([1, 2], 2), (list(range(1, 11)), 9), ([3] * 20, 3)])
def test_nine_of_ten_do_not_exceed_it(values: list[float], expected: float) -> None:
    assert week.ninety(values) == expected


async def test_retakes_are_counted_by_ready_reason_and_own_words_are_not_shown(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        for reason in (
            "reason.blurred",
            "reason.blurred",
            "reason.same_picture",
            "Amina moved",
            "reason.of her own",
            None,
        ):
            (await a_scan(session, staff, "REJECTED", reason=reason)).changed_at = NOON
        (await a_scan(session, staff, "REJECTED", reason="reason.glare")).changed_at = NOON - timedelta(days=8)
        await session.flush()
        found = await week.week_of(session, staff.administrator, NOW, INDIA)
    assert found.retakes == {"other": 3, "reason.blurred": 2, "reason.same_picture": 1}


async def test_deliveries_are_counted_by_channel_and_opinions_of_the_model_by_answer(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff, "REPORT_READY")
        assert scan.id
        hashes = {"sha256": "0" * 64, "content_sha256": "0" * 64}
        report = Report(scan_id=scan.id, number="R1", version=1, file="x", created_at=NOON, **hashes)
        session.add(report)
        await session.flush()
        for number, (channel, state) in enumerate(
            [
                (Channel.CHAT, DeliveryState.SENT),
                (Channel.CHAT, DeliveryState.QUEUED),
                (Channel.CHAT, DeliveryState.SENDING),
                (Channel.EMAIL, DeliveryState.FAILED),
            ]
        ):
            key = f"report:{report.id}:{channel}:{number}"
            session.add(Delivery(key=key, state=state, started_at=NOON, report_id=report.id, channel=channel))
        for agrees in (True, True, False, None):
            read = await a_scan(session, staff, "DOCTOR_VERIFIED")
            await session.refresh(read, ["reading"])
            assert read.reading is not None
            read.reading.agrees, read.reading.signed_at = agrees, NOON
        await session.flush()
        found = await week.week_of(session, staff.administrator, NOW, INDIA)
    assert found.deliveries == [ChannelCount(Channel.CHAT, 1, 0, 2), ChannelCount(Channel.EMAIL, 0, 1, 0)]
    assert (found.agreed, found.disagreed) == (2, 1)


async def test_nobody_but_an_administrator_reads_the_week(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        for actor in (staff.patient, staff.doctor, staff.pharmacist):
            with pytest.raises(NotAllowed):
                await week.week_of(session, actor, NOW, UTC)
