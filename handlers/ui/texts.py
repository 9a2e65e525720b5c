"""User sentences from the catalogues, in the reader's language, with every value escaped for Telegram's HTML."""

from datetime import date, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from gettext import GNUTranslations
from html import escape, unescape
from io import BytesIO
from math import ceil, floor
from pathlib import Path
from re import sub
from typing import Final, NamedTuple

from babel.dates import format_date, format_datetime, get_day_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

LOCALES: Final = Path(__file__).parents[1] / "locales"
LANGUAGES: Final = tuple(folder.name for folder in sorted(LOCALES.iterdir()))
DEFAULT: Final = "en"
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
YEAR: Final = timedelta(days=365)
UNITS: Final = (("day", DAY, 2 * DAY), ("hour", HOUR, HOUR), ("minute", MINUTE, timedelta.min))  # with what they begin


class Html(str):
    """Text that is HTML, with its parts escaped."""

    __slots__ = ()


class HospitalInfo(NamedTuple):
    """Values that any sentence may use, and the hospital's time zone."""

    name: str
    emergency_number: str  # as shown, for example "112 / 108"
    time_zone: tzinfo
    officer: str = ""  # who answers complaints about personal data; empty: the hospital
    authority: str = ""  # to which patients may complain further


class Texts:
    """The sentences of one language. A call with a key returns HTML, `plain` the sentence without markup."""

    def __init__(self, language: str, catalogue: GNUTranslations, hospital: HospitalInfo) -> None:
        self.language, self._catalogue, self._hospital = language, catalogue, hospital

    def __call__(self, key: str, /, **values: object) -> Html:
        sentence = self._catalogue.gettext(key)
        hospital = self._hospital
        own = {"hospital": hospital.name, "emergency": hospital.emergency_number, "authority": hospital.authority}
        available = {**own, "officer": hospital.officer or hospital.name, **values}
        return Html(sentence.format_map({name: self._format(value) for name, value in available.items()}))

    def plain(self, key: str, /, **values: object) -> str:
        """For buttons and alerts, which have no markup."""
        return plain_text(self(key, **values))

    def label(self, key: str) -> str:
        """A word that stands within sentences as a button's label: with a capital first."""
        word = self.plain(key)
        return word[:1].upper() + word[1:]

    @property
    def hospital(self) -> str:
        return self._hospital.name

    @property
    def zone(self) -> tzinfo:
        return self._hospital.time_zone

    def has(self, key: str) -> bool:
        return self._catalogue.gettext(key) != key

    def time(self, moment: datetime) -> str:
        return format_datetime(moment.astimezone(self._hospital.time_zone), "d MMM, HH:mm", locale=self.language)

    def date_of(self, moment: datetime) -> str:
        """The date of a moment in the hospital's time zone."""
        return self.day(moment.astimezone(self._hospital.time_zone).date())

    def day(self, day: date) -> str:
        return format_date(day, "d MMMM y", locale=self.language)

    def short_day(self, day: date) -> str:
        """Without its year, for example "2 Nov"."""
        return format_date(day, "d MMM", locale=self.language)

    def weekday(self, day: date) -> str:
        """A day of this week in short, for example "Mon 2"."""
        return format_date(day, "EEE d", locale=self.language)

    @property
    def day_names(self) -> tuple[str, ...]:
        """The weekdays in short from Monday on, for example "Mon"."""
        return tuple(get_day_names("abbreviated", locale=self.language)[number] for number in range(7))

    def age(self, born: date, day: date) -> str:
        """Age on that day, for example "45 yrs"; in months below two years."""
        months = 12 * (day.year - born.year) + day.month - born.month - (day.day < born.day)
        unit, count = ("month", months) if months < 24 else ("year", months // 12)
        return _short_unit(count, unit, self.language)

    def short_duration(self, span: timedelta) -> str:
        """A time that has passed in its largest unit, rounded down, for example "40 min", "3 hr" or "2 days"."""
        unit, size = next((unit, size) for unit, size, least in UNITS if span >= least)
        return _short_unit(span // size, unit, self.language)

    def percent(self, share: float) -> str:
        """A share of 1 as whole percent, rounded down, so that 74.9 % does not read as a 75 that was not reached."""
        return format_percent(floor(share * 100 + 1e-6) / 100, locale=self.language)

    def ratio(self, value: float) -> str:
        """A ratio with two digits, or with one behind the point from 1 on."""
        return format_decimal(value, "0.0" if value >= 1 else "0.00", locale=self.language)

    def _format(self, value: object) -> str:
        if isinstance(value, Html):
            return value
        return escaped(self._duration(value) if isinstance(value, timedelta) else str(value))

    def _duration(self, span: timedelta) -> str:
        """Whole years and days as such, anything else as minutes, rounded up; leap days make no other year."""
        years, rest = divmod(span, YEAR)
        if years and rest <= years * DAY / 4 + DAY:
            named = format_unit(years, "duration-year", "long", locale=self.language)
            short = format_unit(years, "duration-year", "short", locale=self.language)
            return short if "duration" in named else named  # Hindi has the short name alone
        unit, size = ("minute", MINUTE) if span % DAY else ("day", DAY)
        return format_unit(ceil(span / size), f"duration-{unit}", locale=self.language)


class Catalogues:
    """All languages, read from the .po files at the start."""

    def __init__(self, hospital: HospitalInfo) -> None:
        self._texts = {name: Texts(name, _read(LOCALES / name), hospital) for name in LANGUAGES}

    def of(self, language: str | None) -> Texts:
        """The closest language: `ta-IN` is Tamil, an unknown language or None English."""
        return self._texts.get((language or DEFAULT).split("-")[0].lower()) or self._texts[DEFAULT]


def escaped(text: str) -> Html:
    """Plain text as HTML."""
    return Html(escape(text, quote=False))


def plain_text(text: str) -> str:
    """HTML as the plain text that Telegram shows."""
    return unescape(sub(r"<[^>]+>", "", text))


@lru_cache(maxsize=4096)
def _short_unit(count: int, unit: str, language: str) -> str:
    """A duration in one unit; Babel takes a millisecond for it, and a worklist has a hundred."""
    return format_unit(count, f"duration-{unit}", length="short", locale=language)


@cache
def _read(folder: Path) -> GNUTranslations:
    compiled = BytesIO()
    with (folder / "csss.po").open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)
