"""The table of consistency, from `table.toml`: findings with their least band, words of advice, the model's limit."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from models.vocabulary import Band
from reports.content.ready import FAMILIES

ORDER: Final = (Band.NO_ACTION, Band.SEE_DOCTOR, Band.URGENT)  # lowest first


class Row(NamedTuple):
    """One finding: the bands it may carry, the ready codes and the words by which it is recognised, its source."""

    name: str
    least: Band
    most: Band
    source: str
    diagnoses: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Advice(NamedTuple):
    """Words of typed recommendations and the bands that they fit."""

    least: Band
    most: Band
    words: tuple[str, ...]


class Table(NamedTuple):
    """The whole table. `unless` are words that make a recommendation conditional."""

    findings: Mapping[str, Row]
    advice: tuple[Advice, ...]
    unless: tuple[str, ...]
    model_sure: float

    def of_diagnosis(self, name: str) -> Row:
        return next(row for row in self.findings.values() if name in row.diagnoses)

    def of_phrase(self, code: str) -> Row:
        return next(row for row in self.findings.values() if code in row.phrases)


@cache
def table() -> Table:
    """The table as shipped. Raises KeyError for an unknown source, ValueError for an unknown band."""
    raw = tomllib.loads((files("workflow.consistency") / "table.toml").read_text(encoding="utf-8"))
    rows = [_row(one, raw["sources"]) for one in raw["finding"]]
    advice = tuple(Advice(*_bands(one), tuple(one["words"])) for one in raw["advice"]["words"])
    return Table({row.name: row for row in rows}, advice, tuple(raw["advice"]["unless"]), raw["model_sure"])


def rank(band: Band) -> int:
    """Position in the order of urgency, 0 for the lowest."""
    return ORDER.index(band)


def highest(bands: Iterable[Band]) -> Band:
    """The most urgent of the bands; NO_ACTION for none."""
    return max(bands, key=rank, default=Band.NO_ACTION)


def _row(raw: Mapping[str, Any], sources: Mapping[str, str]) -> Row:
    ready = [code for name in raw.get("readings", ()) for code in FAMILIES[name].codes]
    codes = {name: (*raw.get(name, ()), *ready) for name in ("diagnoses", "phrases")}
    words = tuple(raw.get("words", ()))
    least, most = _bands(raw)
    return Row(raw["name"], least, most, sources[raw["source"]], **codes, words=words)


def _bands(raw: Mapping[str, Any]) -> tuple[Band, Band]:
    return Band(raw.get("least", Band.NO_ACTION)), Band(raw.get("most", Band.URGENT))
