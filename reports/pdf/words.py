"""The report's texts in the patient's language, and the formats of dates, times and numbers."""

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

from models.vocabulary import Language
from reports.content.ready import FAMILIES, Family


@cache
def catalogue(language: Language) -> Mapping[str, Mapping[str, str]]:
    """All texts of one language: section → key → sentence with {placeholders}."""
    words, ready = (_read(path) for path in (f"{language}.toml", f"readings/{language}.toml"))
    families = {"family": ready["label"], "side": ready["side"]}
    for family in FAMILIES.values():
        for section, texts in _variants(family, ready).items():
            words[section].update(texts)
    return words | families


def _read(path: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((files("reports") / "locales" / path).read_text(encoding="utf-8"))


def _variants(family: Family, ready: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """The texts of a ready reading for each side: section → code → text; its own phrase is the impression."""
    sides = {code: ready["side"][side] if side else "" for code, side in family.codes.items()}
    texts = {
        section: {code: ready[section][family.name].format(side=side) for code, side in sides.items()}
        for section in ("impression", "plain")
    }
    label = ready["label"][family.name]
    texts["diagnosis"] = {code: f"{label}, {side}" if side else label for code, side in sides.items()}
    texts["advice"] = dict.fromkeys(sides, ready["advice"][family.advice])
    if family.phrase is None:
        texts["phrase"] = {code: text.rstrip(".।") for code, text in texts["impression"].items()}
    return texts


@dataclass(frozen=True, slots=True)
class ReportTexts:
    """Texts and formats of one language and time zone, for the templates."""

    language: Language
    zone: ZoneInfo

    def text(self, key: str, **values: object) -> str:
        """The sentence under `section.key`. Raises KeyError for a missing key or placeholder."""
        section, _, name = key.partition(".")
        return catalogue(self.language)[section][name].format(**values)

    def label(self, name: str) -> str:
        """The name of a model class; an unknown class is shown by its id."""
        return catalogue(self.language)["label"].get(name, name.replace("_", " "))

    def day(self, on: date) -> str:
        return format_date(on, "d MMMM y", locale=self._locale)

    def moment(self, at: datetime) -> str:
        return format_datetime(at, "d MMM y, HH:mm", tzinfo=self.zone, locale=self._locale)

    def percent(self, share: float, places: int = 1) -> str:
        """A fraction as percentage, truncated: 74.96 % must not read as the threshold of 75 %."""
        cut = int(share * 10 ** (places + 2) + 1e-6) / 10 ** (places + 2)
        return format_percent(cut, format=f"{0:.{places}f}%", locale=self._locale)

    def offset(self, at: datetime) -> str:
        return format_datetime(at, "xxx", tzinfo=self.zone, locale=self._locale)

    @property
    def _locale(self) -> Locale:
        return Locale(str(self.language))
