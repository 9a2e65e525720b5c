"""The opening hours that administrators saved; until then those of the settings."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import ClassVar, Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.plain_words import one_line
from models.tables.desk import DeskDay, DeskHoliday
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.desk.hours import WEEK, DeskHours, Holiday, Intervals, parse_day, written
from workflow.errors import NotFound, WorkflowError
from workflow.permissions import Permission, require_proof

MAX_NAME: Final = 60  # characters
MAX_HOLIDAYS: Final = 100  # to come
MAX_AHEAD: Final = timedelta(days=3 * 366)
CLOSED: Final = "closed"  # in the audit trail
HOURS_LOCK: Final = 0xC556  # PostgreSQL advisory lock of a change


class NewHoliday(NamedTuple):
    """A holiday before it is saved; without hours it is closed all day."""

    day: date
    name: str
    hours: Intervals


class HoursUnreadable(WorkflowError):
    """The typed text is no opening hours."""

    key: ClassVar[str] = "error.hours"


class WeekClosed(WorkflowError):
    """No day of the week would be open."""

    key: ClassVar[str] = "error.week_closed"


class HolidayInvalid(WorkflowError):
    """A holiday needs a name and a day from today on, within three years; there are `most` at most."""

    key: ClassVar[str] = "error.holiday"


def typed_hours(text: str) -> Intervals:
    """The hours of one day as typed; empty for a closed day. Raises HoursUnreadable."""
    try:
        return parse_day(text)
    except ValueError:
        raise HoursUnreadable from None


async def load(session: AsyncSession, initial: DeskHours) -> DeskHours:
    """The hours in force, read anew, so that a change through any process counts at once.

    `initial`: those of the settings, which hold until somebody saved a week."""
    days = {row.weekday: parse_day(row.hours) for row in await session.scalars(select(DeskDay))}
    rows = (await session.scalars(select(DeskHoliday))).all()
    holidays = {row.day: Holiday(row.id, row.day, row.name, parse_day(row.hours)) for row in rows}
    week = tuple(days.get(number, initial.week[number]) for number in range(7))
    return DeskHours(week, initial.zone, holidays)


def coming(hours: DeskHours, at: datetime) -> Sequence[Holiday]:
    """The holidays from today on, in their order."""
    today = at.astimezone(hours.zone).date()
    return sorted((one for one in hours.holidays.values() if one.day >= today), key=lambda one: one.day)


async def set_day(
    session: AsyncSession, actor: Actor, initial: DeskHours, weekday: int, hours: Intervals, at: datetime
) -> None:
    """Save the hours of one weekday. Raises ProofMissing, or WeekClosed when no other day is open."""
    await _lock(session)
    week = (await load(session, initial)).week
    await set_week(session, actor, initial, (*week[:weekday], hours, *week[weekday + 1 :]), at)


async def set_week(
    session: AsyncSession, actor: Actor, initial: DeskHours, week: Sequence[Intervals], at: datetime
) -> None:
    """Save the hours of all seven weekdays from Monday on. Raises ProofMissing or WeekClosed."""
    require_proof(actor, Permission.SET_HOURS, at)
    if not any(week):
        raise WeekClosed
    await _lock(session)
    before = (await load(session, initial)).week
    for weekday, hours in enumerate(week):
        await session.merge(DeskDay(weekday=weekday, hours=written(hours)))
        if hours != before[weekday]:
            changed = AuditEvent("set_hours", "desk", WEEK[weekday], reason=written(hours) or CLOSED)
            await record(session, actor, changed, at)
    await session.flush()


async def add_holiday(session: AsyncSession, actor: Actor, holiday: NewHoliday, zone: tzinfo, at: datetime) -> None:
    """Save a day that differs from the week, in place of one saved for it. Raises ProofMissing or HolidayInvalid."""
    require_proof(actor, Permission.SET_HOURS, at)
    name, day, today = one_line(holiday.name), holiday.day, at.astimezone(zone).date()
    if not 0 < len(name) <= MAX_NAME or not today <= day <= today + MAX_AHEAD:
        raise HolidayInvalid(most=MAX_HOLIDAYS)
    await _lock(session)
    held = await session.scalar(select(DeskHoliday).where(DeskHoliday.day == day))
    if held is None:
        if await _count_from(session, today) >= MAX_HOLIDAYS:
            raise HolidayInvalid(most=MAX_HOLIDAYS)
        held = DeskHoliday(day=day)
        session.add(held)
    held.name, held.hours = name, written(holiday.hours)
    await session.flush()
    added = AuditEvent("add_holiday", "desk", day.isoformat(), reason=held.hours or CLOSED)
    await record(session, actor, added, at)


async def remove_holiday(session: AsyncSession, actor: Actor, number: int, at: datetime) -> date:
    """Let the week's hours hold on that day again; returns the day. Raises ProofMissing, NotFound."""
    require_proof(actor, Permission.SET_HOURS, at)
    held = await session.get(DeskHoliday, number, with_for_update=True)
    if held is None:
        raise NotFound
    await session.delete(held)
    await session.flush()
    await record(session, actor, AuditEvent("remove_holiday", "desk", held.day.isoformat()), at)
    return held.day


async def _count_from(session: AsyncSession, day: date) -> int:
    return await session.scalar(select(func.count()).select_from(DeskHoliday).where(DeskHoliday.day >= day)) or 0


async def _lock(session: AsyncSession) -> None:
    """One change after the other, so that none is built on hours that another replaces."""
    if session.bind.dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(HOURS_LOCK)))
