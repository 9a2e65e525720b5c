"""Opening hours of the desk: a week, and holidays that differ from it."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import count
from typing import Final, NamedTuple, Self

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
END_OF_DAY: Final = time.max  # written as "24:00"
MAX_INTERVALS: Final = 4  # of one day
_CLOCK: Final = r"(\d{1,2})(?:[:.](\d{2}))?"
_INTERVAL: Final = re.compile(rf"\s*{_CLOCK}\s*[-–—]\s*{_CLOCK}\s*(?:[,;]|\s|$)")


class Interval(NamedTuple):
    """From opening to closing, within one day."""

    opens: time
    closes: time


Intervals = tuple[Interval, ...]  # of one day in their order; none on a closed day


class Holiday(NamedTuple):
    """A day with hours of its own; `number`: of its row."""

    number: int
    day: date
    name: str
    hours: Intervals


def parse_day(typed: str) -> Intervals:
    """From "08:00-13:00 14:00-20:00" or "8-13, 14-20", in figures of any script; empty on a closed day.

    Raises ValueError for anything else, and for hours that do not follow each other."""
    found: list[Interval] = []
    place = 0
    while rest := typed[place:].strip():
        match = _INTERVAL.match(typed, place)
        if match is None:
            raise ValueError(f"no opening hours: {len(rest)} characters")
        first, first_minute, last, last_minute = (int(part or 0) for part in match.groups())
        found.append(Interval(_clock(first, first_minute), _clock(last, last_minute)))
        place = match.end()
    moments = [moment for interval in found for moment in interval]
    if moments != sorted(set(moments)) or len(found) > MAX_INTERVALS:
        raise ValueError("the hours of a day follow each other")
    return tuple(found)


def written(hours: Intervals) -> str:
    """The hours as `parse_day` reads them."""
    return " ".join(f"{interval.opens:%H:%M}-{clock_text(interval.closes)}" for interval in hours)


def clock_text(moment: time) -> str:
    """For example "08:00" or "24:00"."""
    return "24:00" if moment == END_OF_DAY else f"{moment:%H:%M}"


def _clock(hour: int, minute: int) -> time:
    return END_OF_DAY if (hour, minute) == (24, 0) else time(hour, minute)


class DeskHours(NamedTuple):
    """When staff are on duty: the hours of each weekday from Monday on, of which one at least is open, and holidays.

    Emergencies ignore the hours."""

    week: tuple[Intervals, ...]
    zone: tzinfo
    holidays: Mapping[date, Holiday] = {}

    @classmethod
    def parse(cls, hours: str, days: str, zone: tzinfo) -> Self:
        """From "08:00-20:00" and "mon tue wed". Raises ValueError."""
        opens, closes = (
            END_OF_DAY if part == "24:00" else time.fromisoformat(part) for part in hours.replace(" ", "").split("-")
        )
        open_days = frozenset(WEEK.index(day) for day in days.lower().replace(",", " ").split())
        if opens >= closes or not open_days:
            raise ValueError("a desk opens before it closes, on one day at least")
        open_day: Intervals = (Interval(opens, closes),)
        return cls(tuple(open_day if number in open_days else () for number in range(7)), zone)

    def on(self, day: date) -> Intervals:
        """The hours of a day."""
        holiday = self.holidays.get(day)
        return self.week[day.weekday()] if holiday is None else holiday.hours

    def next_open(self, at: datetime) -> datetime:
        """`at` itself while the desk is open, else the next opening time."""
        opens = next(opens for opens, closes in self._spans(at) if closes > at)
        return max(at, opens.astimezone(at.tzinfo))

    def add(self, at: datetime, span: timedelta) -> datetime:
        """The time at which the desk has been open for `span` since `at`."""
        moment = at.astimezone(UTC)
        for opens, closes in self._spans(at):
            begins = max(moment, opens)
            if closes > begins:
                if begins + span <= closes:
                    return (begins + span).astimezone(at.tzinfo)
                span -= closes - begins
        raise AssertionError("the week has an open day")

    def _spans(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Opening and closing of each interval from the day of `at` on, without end, in UTC."""
        today = at.astimezone(self.zone).date()
        for day in (today + timedelta(days=ahead) for ahead in count()):
            for interval in self.on(day):
                opens, closes = self._moment(day, interval.opens), self._moment(day, interval.closes)
                if opens < closes:  # not so where the clock skips these hours
                    yield opens, closes

    def _moment(self, day: date, clock: time) -> datetime:
        if clock == END_OF_DAY:
            day, clock = day + timedelta(days=1), time.min
        return datetime.combine(day, clock, self.zone).astimezone(UTC)
