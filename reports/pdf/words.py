"""The report's own words in the patient's language, and how it writes dates, times and numbers."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_percent

from reports.content.document import Language


@cache
def catalogue(language: Language) -> Mapping[str, Mapping[str, str]]:
    """Every layout word of one language: section → key → sentence with {placeholders}."""
    return tomllib.loads((files("reports") / "locales" / f"{language}.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Words:
    """One language and one clock, as the page's template needs them."""

    language: Language
    zone: ZoneInfo

    def say(self, key: str, **values: object) -> str:
        """The sentence under `section.key`; a missing key or placeholder is an error, never a blank."""
        section, _, name = key.partition(".")
        return catalogue(self.language)[section][name].format(**values)

    def label(self, name: str) -> str:
        """A class of the model in words; a class that the catalogue does not know is shown as the model calls it."""
        return catalogue(self.language)["label"].get(name, name.replace("_", " "))

    def day(self, on: date) -> str:
        return format_date(on, "d MMMM y", locale=self._locale)

    def moment(self, at: datetime) -> str:
        return format_datetime(at, "d MMM y, HH:mm", tzinfo=self.zone, locale=self._locale)

    def percent(self, share: float, places: int = 1) -> str:
        """A share of 1, cut and not rounded: 74.96 % must not read as the threshold's 75."""
        cut = int(share * 10 ** (places + 2) + 1e-6) / 10 ** (places + 2)
        return format_percent(cut, format=f"{0:.{places}f}%", locale=self._locale)

    def offset(self, at: datetime) -> str:
        return format_datetime(at, "xxx", tzinfo=self.zone, locale=self._locale)

    @property
    def _locale(self) -> Locale:
        return Locale(str(self.language))
