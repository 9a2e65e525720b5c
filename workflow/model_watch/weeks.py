"""A model version by week: agreement of doctors, share answered surely, distance from the training data, and the trial.

The usual range of a week is that of the weeks before it (Shewhart charts as in `drift`). Nobody's data are in it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from math import sqrt
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from models.tables.model_watch import ShadowFinding
from models.tables.scans import AiFinding, Reading
from workflow.model_watch.drift import MIN_HISTORY, SIGMAS

WEEKS: Final = 12
WEEK: Final = timedelta(weeks=1)
ROUNDING: Final = 1e-9  # of a mean of equal distances


class Found(NamedTuple):
    """Scans analysed in the week, those answered surely, and of those with a distance: number, sum, sum of squares."""

    analysed: int = 0
    sure: int = 0
    measured: int = 0
    distances: float = 0
    squares: float = 0


class Opinions(NamedTuple):
    """Readings signed in the week that say whether the doctor agrees, and those that agree."""

    given: int = 0
    agreed: int = 0


class Trial(NamedTuple):
    """Scans of the week that the model on trial read too; where its answer was the same, and where it was sure."""

    read: int = 0
    same: int = 0
    sure: int = 0


class Usual(NamedTuple):
    """Lower and upper control limit for a week's mean or share, from the weeks before."""

    low: float
    high: float


class ModelWeek(NamedTuple):
    """One week from Monday on, in the hospital's zone. A range is None while the weeks before hold too few values."""

    begins: date
    found: Found
    opinions: Opinions
    trial: Trial
    usual_agreement: Usual | None
    usual_distance: Usual | None


async def weeks(
    session: AsyncSession, model_sha256: str, trial_sha256: str | None, at: datetime, zone: tzinfo
) -> Sequence[ModelWeek]:
    """This week and the `WEEKS` - 1 before it, oldest first. Rows of these weeks alone are read, by indexes."""
    monday = at.astimezone(zone).date()
    monday -= timedelta(days=monday.weekday())
    days = [monday - WEEK * ago for ago in reversed(range(WEEKS))]
    begins = [datetime.combine(day, time(), zone) for day in days]
    found = await _by_week(session, _findings(model_sha256, begins))
    opinions = await _by_week(session, _opinions(model_sha256, begins))
    trial = await _by_week(session, _trial(model_sha256, trial_sha256, begins)) if trial_sha256 else {}
    return _with_ranges(
        days,
        [Found(*found.get(week, ())) for week in range(WEEKS)],
        [Opinions(*opinions.get(week, ())) for week in range(WEEKS)],
        [Trial(*trial.get(week, ())) for week in range(WEEKS)],
    )


def _findings(model_sha256: str, begins: Sequence[datetime]) -> Select[Any]:
    of_version = (AiFinding.model_sha256 == model_sha256, AiFinding.created_at >= begins[0])
    distance = AiFinding.distance
    sums = (func.count(distance), func.sum(distance), func.sum(distance * distance))
    return select(_week(AiFinding.created_at, begins), func.count(), _number(~AiFinding.uncertain), *sums).where(
        *of_version
    )


def _opinions(model_sha256: str, begins: Sequence[datetime]) -> Select[Any]:
    of_version = AiFinding.model_sha256 == model_sha256
    is_of_version = select(AiFinding.scan_id).where(AiFinding.scan_id == Reading.scan_id, of_version).exists()
    return select(_week(Reading.signed_at, begins), func.count(), _number(Reading.agrees.is_(True))).where(
        Reading.signed_at >= begins[0], Reading.agrees.is_not(None), is_of_version
    )


def _trial(model_sha256: str, trial_sha256: str, begins: Sequence[datetime]) -> Select[Any]:
    on_trial = and_(ShadowFinding.scan_id == AiFinding.scan_id, ShadowFinding.model_sha256 == trial_sha256)
    same, sure = _number(ShadowFinding.label == AiFinding.label), _number(~ShadowFinding.uncertain)
    return (
        select(_week(AiFinding.created_at, begins), func.count(), same, sure)
        .join_from(AiFinding, ShadowFinding, on_trial)
        .where(AiFinding.model_sha256 == model_sha256, AiFinding.created_at >= begins[0])
    )


def _week(moment: InstrumentedAttribute[Any], begins: Sequence[datetime]) -> ColumnElement[int]:
    """The number of the week of a moment, 0 for the oldest."""
    return case(*((moment < end, week) for week, end in enumerate(begins[1:])), else_=WEEKS - 1).label("week")


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


async def _by_week(session: AsyncSession, query: Select[Any]) -> Mapping[int, Sequence[Any]]:
    """The columns behind the week, by week; weeks without a row are absent. A sum over no value is 0."""
    rows = await session.execute(query.group_by("week"))
    return {week: [value or 0 for value in values] for week, *values in rows}


def _with_ranges(
    days: Sequence[date], found: Sequence[Found], opinions: Sequence[Opinions], trial: Sequence[Trial]
) -> Sequence[ModelWeek]:
    return [
        ModelWeek(
            day, found[week], opinions[week], trial[week], _share(opinions[: week + 1]), _distance(found[: week + 1])
        )
        for week, day in enumerate(days)
    ]


def _share(opinions: Sequence[Opinions]) -> Usual | None:
    """The usual range of the last week's agreement (p chart)."""
    *before, week = opinions
    given = sum(one.given for one in before)
    if given < MIN_HISTORY or not week.given:
        return None
    usual = sum(one.agreed for one in before) / given
    usual = min(usual, 1 - 1 / given)  # as in `drift`: perfect agreement would leave no room for chance
    room = SIGMAS * sqrt(usual * (1 - usual) / week.given)
    return Usual(max(usual - room, 0), min(usual + room, 1))


def _distance(found: Sequence[Found]) -> Usual | None:
    """The usual range of the last week's mean distance (x-bar chart)."""
    *before, week = found
    measured = sum(one.measured for one in before)
    if measured < MIN_HISTORY or not week.measured:
        return None
    usual = sum(one.distances for one in before) / measured
    spread = max(sum(one.squares for one in before) - measured * usual**2, 0) / (measured - 1)
    room = max(SIGMAS * sqrt(spread / week.measured), ROUNDING)
    return Usual(max(usual - room, 0), usual + room)
