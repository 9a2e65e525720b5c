"""The sentences people read, in their language, with every value made safe for Telegram's HTML."""

from datetime import date, datetime, timedelta, tzinfo
from gettext import GNUTranslations
from html import escape, unescape
from io import BytesIO
from math import ceil, floor
from pathlib import Path
from re import sub
from typing import Final, NamedTuple

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_percent
from babel.units import format_unit

LOCALES: Final = Path(__file__).parents[1] / "locales"
LANGUAGES: Final = tuple(folder.name for folder in sorted(LOCALES.iterdir()))
DEFAULT: Final = "en"
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)


class Html(str):
    """Text that is HTML already, made by this house from safe parts."""

    __slots__ = ()


class House(NamedTuple):
    """What every sentence may name: who and where we are."""

    hospital: str
    emergency: str  # the number to call, as people say it: "112 or 108"
    zone: tzinfo


class Texts:
    """One language. Calling it with a key gives HTML; `plain` gives the same sentence without markup."""

    def __init__(self, language: str, catalogue: GNUTranslations, house: House) -> None:
        self.language, self._catalogue, self._house = language, catalogue, house

    def __call__(self, key: str, /, **values: object) -> Html:
        sentence = self._catalogue.gettext(key)
        known = {"hospital": self._house.hospital, "emergency": self._house.emergency} | values
        return Html(sentence.format_map({name: self._shown(value) for name, value in known.items()}))

    def plain(self, key: str, /, **values: object) -> str:
        """For buttons and pop-ups, which know no markup."""
        return bare(self(key, **values))

    @property
    def hospital(self) -> str:
        return self._house.hospital

    @property
    def zone(self) -> tzinfo:
        return self._house.zone

    def has(self, key: str) -> bool:
        return self._catalogue.gettext(key) != key

    def time(self, moment: datetime) -> str:
        return format_datetime(moment.astimezone(self._house.zone), "d MMM, HH:mm", locale=self.language)

    def on(self, moment: datetime) -> str:
        """The day, by the clinic's calendar."""
        return self.day(moment.astimezone(self._house.zone).date())

    def day(self, day: date) -> str:
        return format_date(day, "d MMMM y", locale=self.language)

    def percent(self, share: float) -> str:
        """A share of 1, cut and not rounded: 74.9 % must not read as the 75 that it missed."""
        return format_percent(floor(share * 100 + 1e-6) / 100, locale=self.language)

    def _shown(self, value: object) -> str:
        if isinstance(value, Html):
            return value
        return quoted(self._length(value) if isinstance(value, timedelta) else str(value))

    def _length(self, span: timedelta) -> str:
        """Whole days as days, everything else as minutes, begun ones counted."""
        unit, size = ("minute", MINUTE) if span % DAY else ("day", DAY)
        return format_unit(ceil(span / size), f"duration-{unit}", locale=self.language)


class Catalogues:
    """Every language that the clinic speaks, read from the .po files once at start."""

    def __init__(self, house: House) -> None:
        self._texts = {name: Texts(name, _read(LOCALES / name), house) for name in LANGUAGES}

    def of(self, language: str | None) -> Texts:
        """The nearest that there is: `ta-IN` is answered in Tamil, an unknown language in English."""
        return self._texts.get((language or DEFAULT).split("-")[0].lower()) or self._texts[DEFAULT]


def quoted(text: str) -> Html:
    """Plain words as HTML that shows them."""
    return Html(escape(text, quote=False))


def bare(text: str) -> str:
    """What is left of HTML when Telegram has parsed it."""
    return unescape(sub(r"<[^>]+>", "", text))


def _read(folder: Path) -> GNUTranslations:
    compiled = BytesIO()
    with (folder / "csss.po").open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)
