"""A model version by week: counts, the hospital's own weeks, the usual range of the weeks before, the trial."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.model_watch import ShadowFinding
from models.tables.scans import AiFinding
from models.vocabulary import ScanStatus
from tests.support.rows import Staff, a_finding, a_reading, a_scan, a_staff
from workflow.model_watch.weeks import WEEKS, ModelWeek, weeks

MODEL, TRIAL = "a" * 64, "b" * 64
KOLKATA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)  # a Monday
SUNDAY_NIGHT = datetime(2026, 11, 29, 18, 29, 59, tzinfo=UTC)  # 23:59:59 in Kolkata


async def _finding(session: AsyncSession, staff: Staff, at: datetime, **facts: object) -> AiFinding:
    scan = await a_scan(session, staff, ScanStatus.PENDING_AI)
    finding = a_finding(scan.id, **{"model_sha256": MODEL, "created_at": at, "distance": 0.2, **facts})
    session.add(finding)
    await session.flush()
    return finding


async def _of(session: AsyncSession, trial: str | None = None) -> list[ModelWeek]:
    return [*await weeks(session, MODEL, trial, NOW, KOLKATA)]


async def test_weeks_begin_on_monday_in_the_hospitals_zone_and_count_this_version_alone(session: AsyncSession) -> None:
    staff = await a_staff(session)
    await _finding(session, staff, SUNDAY_NIGHT, uncertain=True, distance=None)
    await _finding(session, staff, SUNDAY_NIGHT + timedelta(seconds=1))
    await _finding(session, staff, NOW, model_sha256=TRIAL)
    await _finding(session, staff, NOW - timedelta(weeks=WEEKS), distance=0.9)
    found = await _of(session)
    assert [one.begins for one in found][:: WEEKS - 1] == [date(2026, 9, 14), date(2026, 11, 30)]
    assert [(one.found.analysed, one.found.sure, one.found.measured) for one in found[-2:]] == [(1, 0, 0), (1, 1, 1)]
    assert sum(one.found.analysed for one in found) == 2
    assert found[-1].usual_distance is None, "there is nothing to compare with"


async def test_opinions_count_in_the_week_of_the_signature_and_drafts_do_not(session: AsyncSession) -> None:
    staff = await a_staff(session)
    for agrees, signed in ((True, NOW), (False, NOW), (None, NOW), (True, None), (True, NOW - timedelta(weeks=1))):
        finding = await _finding(session, staff, NOW - timedelta(weeks=2))
        session.add(a_reading(finding.scan_id, staff.doctor, agrees=agrees, signed_at=signed))
    await session.flush()
    assert [one.opinions for one in await _of(session)][-3:] == [(0, 0), (1, 1), (2, 1)]


async def test_the_model_on_trial_stands_beside_for_the_scans_that_both_read(session: AsyncSession) -> None:
    staff = await a_staff(session)
    for label, uncertain, version in (
        ("Viral_Pneumonia", False, TRIAL),
        ("Normal", True, TRIAL),
        ("Normal", False, "c"),
    ):
        finding = await _finding(session, staff, NOW)
        facts = {"label": label, "uncertain": uncertain, "confidence": 0.9, "probabilities": {}, "created_at": NOW}
        trial = {"model": "other", "model_version": "2", "model_sha256": version, "scan_id": finding.scan_id}
        session.add(ShadowFinding(**facts, **trial))
    await session.flush()
    assert (await _of(session, TRIAL))[-1].trial == (2, 1, 1)
    assert (await _of(session))[-1].trial == (0, 0, 0)


@pytest.mark.parametrize(("distance", "agrees", "is_outside"), [(0.2, True, False), (0.6, False, True)])
async def test_the_usual_range_is_that_of_the_weeks_before(
    session: AsyncSession, distance: float, agrees: bool, is_outside: bool
) -> None:
    """Fifty values before are the least, as for the notices of drift."""
    staff = await a_staff(session)
    for number in range(50):
        at = NOW - timedelta(weeks=1 + number % 3)
        finding = await _finding(session, staff, at, distance=0.2 + 0.02 * (number % 2))
        session.add(a_reading(finding.scan_id, staff.doctor, agrees=number % 10 != 0, signed_at=at))
    for _ in range(4):
        finding = await _finding(session, staff, NOW, distance=distance)
        session.add(a_reading(finding.scan_id, staff.doctor, agrees=agrees, signed_at=NOW))
    await session.flush()
    *_, before, week = await _of(session)
    assert (before.usual_agreement, before.usual_distance) == (None, None), "34 values before it are too few"
    usual, shares = week.usual_distance, week.usual_agreement
    assert usual is not None
    assert shares is not None
    assert usual == pytest.approx((0.21 - 3 * 0.0101 / 2, 0.21 + 3 * 0.0101 / 2), abs=1e-4)
    assert shares == pytest.approx((0.9 - 3 * 0.15, 1), abs=1e-9)
    assert (not usual.low <= week.found.distances / week.found.measured <= usual.high) is is_outside
    assert (not shares.low <= week.opinions.agreed / week.opinions.given <= shares.high) is is_outside
