"""Opening hours: weeks with breaks, holidays and changes of the clock; what administrators save counts at once."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from models.base import Sessions
from models.tables.audit import AuditRow
from tests.support.rows import a_scan, a_staff
from workflow.actors import Actor
from workflow.desk import promise, schedule
from workflow.desk.hours import WEEK, DeskHours, Holiday, Intervals, parse_day, written
from workflow.desk.promise import Promise
from workflow.desk.schedule import HolidayInvalid, HoursUnreadable, NewHoliday, WeekClosed
from workflow.errors import NotAllowed, NotFound, ProofMissing

INDIA, BERLIN = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
INITIAL = DeskHours.parse("08:00-20:00", "mon tue wed thu fri sat sun", INDIA)


def at(text: str, zone: ZoneInfo = INDIA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def hours_of(week: str, holidays: dict[str, str] | None = None, zone: ZoneInfo = INDIA) -> DeskHours:
    """A week written as "mon-fri 08:00-13:00 14:00-20:00; sat 08:00-12:00", and the hours of holidays by their date."""
    days: list[Intervals] = [()] * 7
    for part in week.split("; "):
        names, _, hours = part.partition(" ")
        first, last = names.split("-") if "-" in names else (names, names)
        for number in range(WEEK.index(first), WEEK.index(last) + 1):
            days[number] = parse_day(hours)
    found = [(date.fromisoformat(day), parse_day(hours)) for day, hours in (holidays or {}).items()]
    return DeskHours(tuple(days), zone, {day: Holiday(1, day, "Pongal", hours) for day, hours in found})


BREAK = "mon-fri 08:00-13:00 14:00-20:00; sat 08:00-12:00"
PONGAL = {"2026-01-14": "", "2026-01-15": "", "2026-01-16": "09:00-11:00"}


@pytest.mark.parametrize(
    ("week", "holidays", "now", "opens"),
    [  # 2026-01-12 is a Monday
        (BREAK, {}, "2026-01-12T13:30", "2026-01-12T14:00"),
        (BREAK, {}, "2026-01-12T13:00", "2026-01-12T14:00"),
        (BREAK, {}, "2026-01-12T12:59", "2026-01-12T12:59"),
        (BREAK, {}, "2026-01-17T12:00", "2026-01-19T08:00"),
        (BREAK, PONGAL, "2026-01-13T20:00", "2026-01-16T09:00"),
        (BREAK, PONGAL, "2026-01-14T10:00", "2026-01-16T09:00"),
        (BREAK, PONGAL, "2026-01-16T10:00", "2026-01-16T10:00"),
        (BREAK, PONGAL, "2026-01-16T11:00", "2026-01-17T08:00"),
        ("sun 10:00-12:00", {"2026-01-18": "", "2026-01-25": ""}, "2026-01-12T10:00", "2026-02-01T10:00"),
        ("mon 08:00-12:00", {"2026-01-14": "08:00-10:00"}, "2026-01-13T10:00", "2026-01-14T08:00"),
        ("mon-sun 00:00-24:00", {"2026-01-14": ""}, "2026-01-13T23:59", "2026-01-13T23:59"),
        ("mon-sun 00:00-24:00", {"2026-01-14": ""}, "2026-01-14T00:00", "2026-01-15T00:00"),
    ],
)
def test_when_the_desk_opens_next(week: str, holidays: dict[str, str], now: str, opens: str) -> None:
    assert hours_of(week, holidays).next_open(at(now)) == at(opens)


@pytest.mark.parametrize(
    ("week", "holidays", "begins", "span", "ends"),
    [
        (BREAK, {}, "2026-01-12T12:00", 2, "2026-01-12T15:00"),
        (BREAK, {}, "2026-01-16T19:00", 6, "2026-01-19T09:00"),
        (BREAK, PONGAL, "2026-01-13T19:00", 2, "2026-01-16T10:00"),
        (BREAK, PONGAL, "2026-01-14T09:00", 3, "2026-01-17T09:00"),
        ("mon-sun 00:00-24:00", {"2026-01-14": ""}, "2026-01-13T23:00", 2, "2026-01-15T01:00"),
    ],
)
def test_promised_hours_pass_over_breaks_and_holidays(
    week: str, holidays: dict[str, str], begins: str, span: int, ends: str
) -> None:
    assert hours_of(week, holidays).add(at(begins), span * HOUR) == at(ends)


@pytest.mark.parametrize(
    ("begins", "span", "ends"),
    [  # the clock goes forward on 2026-03-29 at 02:00, and back on 2026-10-25 at 03:00
        ("2026-03-28T23:00", 4, "2026-03-29T04:00"),
        ("2026-10-24T23:00", 5, "2026-10-25T03:00"),
    ],
)
def test_hours_are_counted_where_the_clock_is_changed(begins: str, span: int, ends: str) -> None:
    day_and_night = hours_of("mon-sun 00:00-24:00", zone=BERLIN)
    assert day_and_night.add(at(begins, BERLIN), span * HOUR) == at(ends, BERLIN)
    skipped = hours_of("mon-sun 02:10-02:50", zone=BERLIN)
    assert skipped.next_open(at("2026-03-28T12:00", BERLIN)) >= at("2026-03-29T03:00", BERLIN)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("08:00-13:00 14:00-20:00", "08:00-13:00 14:00-20:00"),
        (" 8-13, 14.30 – 20 ", "08:00-13:00 14:30-20:00"),
        ("०८:००-२०:००", "08:00-20:00"),
        ("௮-௧௨", "08:00-12:00"),
        ("00:00-24:00", "00:00-24:00"),
        ("", ""),
    ],
)
def test_hours_are_read_as_people_type_them(typed: str, read: str) -> None:
    assert written(parse_day(typed)) == read


@pytest.mark.parametrize(
    "typed",
    [
        "20-8",
        "8-8",
        "8-13 12-20",
        "14-20 8-13",
        "25-26",
        "8:60-9",
        "08:00",
        "8-13-20",
        "all day",
        "1-2 3-4 5-6 7-8 9-10",
    ],
)
def test_what_is_no_opening_hours_is_refused(typed: str) -> None:
    with pytest.raises(HoursUnreadable):
        schedule.typed_hours(typed)


NOW = at("2026-01-12T10:00")


def proved(actor: Actor) -> Actor:
    return actor._replace(proved_at=NOW)


async def test_what_is_saved_counts_at_once_and_stands_in_the_record(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
    admin = proved(staff.administrator)
    async with sessions.begin() as session:
        assert await schedule.load(session, INITIAL) == INITIAL
        await schedule.set_day(session, admin, INITIAL, 6, (), NOW)
        await schedule.set_day(session, admin, INITIAL, 0, parse_day("8-13 14-20"), NOW)
        await schedule.add_holiday(session, admin, NewHoliday(date(2026, 1, 14), "Bhogi", ()), INDIA, NOW)
        await schedule.add_holiday(session, admin, NewHoliday(date(2026, 1, 14), " Pongal\n", ()), INDIA, NOW)
    other = INITIAL._replace(week=((parse_day("1-2"),) * 7))  # settings that change later no longer count
    async with sessions.begin() as session:
        hours = await schedule.load(session, other)
        assert [written(day) for day in hours.week] == ["08:00-13:00 14:00-20:00", *["08:00-20:00"] * 5, ""]
        [pongal] = schedule.coming(hours, NOW)
        assert (pongal.day, pongal.name, pongal.hours) == (date(2026, 1, 14), "Pongal", ())
        assert hours.next_open(at("2026-01-14T10:00")) == at("2026-01-15T08:00")
        scan = await a_scan(session, staff, "AI_ANALYZED")
        scan.created_at = at("2026-01-13T19:00")
        await session.flush()
        promised = Promise(HOUR, 2 * HOUR, INITIAL)
        assert await promise.delays(session, promised, at("2026-01-14T12:00")) == [], "it is Pongal"
        [late] = await promise.delays(session, promised, at("2026-01-15T09:00"))
        assert late.scan_id == scan.id
        assert await schedule.remove_holiday(session, admin, pongal.number, NOW) == date(2026, 1, 14)
        assert await promise.delays(session, promised, at("2026-01-14T12:00")) != []
        acts = select(AuditRow.act, AuditRow.object_id, AuditRow.reason).where(
            AuditRow.object_kind == "desk", AuditRow.actor_id == admin.account_id
        )
        assert [tuple(row) for row in await session.execute(acts.order_by(AuditRow.seq))] == [
            ("set_hours", "sun", "closed"),
            ("set_hours", "mon", "08:00-13:00 14:00-20:00"),
            *[("add_holiday", "2026-01-14", "closed")] * 2,
        ]


async def test_nobody_else_and_nobody_without_a_proof_changes_the_hours(sessions: Sessions) -> None:
    day = NewHoliday(date(2026, 1, 14), "Pongal", ())
    async with sessions.begin() as session:
        staff = await a_staff(session)
        admin = proved(staff.administrator)
        for actor, refusal in ((staff.administrator, ProofMissing), (proved(staff.doctor), NotAllowed)):
            for change in (
                schedule.set_day(session, actor, INITIAL, 0, (), NOW),
                schedule.add_holiday(session, actor, day, INDIA, NOW),
                schedule.remove_holiday(session, actor, 1, NOW),
            ):
                with pytest.raises(refusal):
                    await change
        with pytest.raises(WeekClosed):
            await schedule.set_week(session, admin, INITIAL, [()] * 7, NOW)
        with pytest.raises(NotFound):
            await schedule.remove_holiday(session, admin, 1, NOW)
        for one in (
            day._replace(day=date(2026, 1, 11)),
            day._replace(day=date(2030, 1, 14)),
            day._replace(name=" "),
            day._replace(name="x" * 61),
        ):
            with pytest.raises(HolidayInvalid):
                await schedule.add_holiday(session, admin, one, INDIA, NOW)
        assert await schedule.load(session, INITIAL) == INITIAL


def test_the_last_moment_of_a_day_is_midnight() -> None:
    assert parse_day("18-24")[0].closes == time.max
