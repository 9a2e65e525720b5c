"""Opening hours of the desk."""

from datetime import datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple, Self

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
END_OF_DAY: Final = time.max  # written as "24:00"


class DeskHours(NamedTuple):
    """When staff are on duty. Emergencies ignore the hours."""

    opens: time
    closes: time
    days: frozenset[int]
    zone: tzinfo

    @classmethod
    def parse(cls, hours: str, days: str, zone: tzinfo) -> Self:
        """From "08:00-20:00" and "mon tue wed". Raises ValueError."""
        opens, closes = (
            END_OF_DAY if part == "24:00" else time.fromisoformat(part) for part in hours.replace(" ", "").split("-")
        )
        open_days = frozenset(WEEK.index(day) for day in days.lower().replace(",", " ").split())
        if opens >= closes or not open_days:
            raise ValueError("a desk opens before it closes, on one day at least")
        return cls(opens, closes, open_days, zone)

    def next_open(self, at: datetime) -> datetime:
        """`at` itself while the desk is open, else the next opening time."""
        local = at.astimezone(self.zone)
        if local.weekday() in self.days and self.opens <= local.time() < self.closes:
            return at
        for ahead in range(8):
            day = local.date() + timedelta(days=ahead)
            opening = datetime.combine(day, self.opens, self.zone)
            if day.weekday() in self.days and opening > local:
                return opening.astimezone(at.tzinfo)
        raise AssertionError("no day is open")

    def add(self, at: datetime, span: timedelta) -> datetime:
        """The time at which the desk has been open for `span` since `at`."""
        begins = self.next_open(at)
        while begins + span > (closing := self._closing(begins)):
            span -= closing - begins
            begins = self.next_open(closing)
        return begins + span

    def _closing(self, at: datetime) -> datetime:
        """The next closing time, while the desk is open."""
        day = at.astimezone(self.zone).date()
        midnight = datetime.combine(day + timedelta(days=1), time.min, self.zone)
        closing = midnight if self.closes == END_OF_DAY else datetime.combine(day, self.closes, self.zone)
        return closing.astimezone(at.tzinfo)
