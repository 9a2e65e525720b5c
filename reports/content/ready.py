"""Ready readings as data, from `readings.toml`: families of findings that a doctor picks by region and side."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final, NamedTuple

from models.vocabulary import Band
from reports.content.reading import Region


class Family(NamedTuple):
    """A ready reading with its variants by side; the fields are explained in `readings.toml`."""

    name: str
    region: Region
    band: Band
    advice: str
    sides: tuple[str, ...] = ()
    phrase: str | None = None
    adults: bool = False
    partial: bool = False

    @property
    def codes(self) -> Mapping[str, str | None]:
        """The stored code of each variant, with its side."""
        return {f"{self.name}_{side}": side for side in self.sides} or {self.name: None}


def _family(name: str, region: str, raw: Mapping[str, Any]) -> Family:
    fields = {**raw, "band": Band(raw["band"]), "sides": tuple(raw.get("sides", ()))}
    return Family(name, Region(region), **fields)


def _load() -> dict[str, Family]:
    raw = tomllib.loads((files("reports.content") / "readings.toml").read_text(encoding="utf-8"))
    return {name: _family(name, region, one) for region, named in raw.items() for name, one in named.items()}


FAMILIES: Final[Mapping[str, Family]] = _load()
