"""Loads a formulary's TOML files once for each folder."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from workflow.formulary.records import FormularyError, Level, Product, Rule, Substance

OWN_DATA: Final = Path(__file__).parent / "data"
FILES: Final = (
    "substances_infection", "substances_respiratory", "substances_cardiac", "substances_general",
    "brands", "combinations", "classes", "interactions", "conditions", "allergies", "patients", "words",
)  # fmt: skip
PATIENT_KINDS: Final = ("age", "pregnancy", "breastfeeding", "kidney", "liver", "duration")
LIMIT_ROUTES: Final = ("oral", "injection", "inhaled", "nebulised")
_CHILD: Final = {"child": "oral", "child_injection": "injection"}

Raw = Mapping[str, Any]


class Formulary:
    """All that one folder holds. Parts are built when they are asked for."""

    def __init__(self, raw: Mapping[str, Raw]) -> None:
        self.raw = raw
        self.words: Raw = raw["words"]

    @cached_property
    def substances(self) -> Mapping[str, Substance]:
        """Substances by generic name."""
        tables = (self.raw[name] for name in FILES if name.startswith("substances"))
        return MappingProxyType({name: _substance(name, entry) for table in tables for name, entry in table.items()})

    @cached_property
    def members(self) -> Mapping[str, frozenset[str]]:
        """Substances of each class; a substance's own name stands for itself."""
        found: dict[str, set[str]] = {}
        for substance in self.substances.values():
            for term in (substance.name, *substance.classes):
                found.setdefault(term, set()).add(substance.name)
        return MappingProxyType({term: frozenset(names) for term, names in found.items()})

    def expand(self, terms: Iterable[str], but: Iterable[str] = ()) -> frozenset[str]:
        """The substances that the terms (names or classes) stand for, without those of `but`."""
        taken = frozenset[str]().union(*(self.members.get(term, frozenset()) for term in terms))
        return taken - frozenset[str]().union(*(self.members.get(term, frozenset()) for term in but))

    @cached_property
    def products(self) -> tuple[Product, ...]:
        """Every name that a line may use: generics, synonyms, brands, combinations; in all scripts."""
        found = []
        for substance in self.substances.values():
            names = (substance.name, *substance.also, *substance.names)
            brands = self.raw["brands"]["brands"].get(substance.name, ())
            written = (way for brand in brands for way in self.raw["brands"]["scripts"].get(brand, ()))
            found += [Product(name, (substance.name,), {}) for name in names]
            found += [Product(name, (substance.name,), {}, brand=True) for name in (*brands, *written)]
        for entry in self.raw["combinations"]["combination"]:
            strengths = {label: tuple(map(float, parts)) for label, parts in entry["strengths"].items()}
            written = (way for brand in entry["brands"] for way in self._in_scripts(brand))
            for name in (*entry.get("also", ()), *entry.get("names", ()), *entry["brands"], *written):
                pack = entry.get("packs", {}).get(name)
                found.append(Product(name, tuple(entry["of"]), strengths, pack, name in entry["brands"]))
        return tuple(found)

    def _in_scripts(self, brand: str) -> Iterable[str]:
        """A combination's brand in Tamil and Hindi; a suffix is spelt by its letters: "மோன்டெக் எல்சி"."""
        scripts: Mapping[str, list[str]] = self.raw["brands"]["scripts"]
        letters: Mapping[str, list[str]] = self.raw["brands"].get("letters", {})
        name, _, suffix = brand.replace("-", " ").partition(" ")
        spelt = (f"{way} {ending}" for way in scripts.get(name, ()) for ending in letters.get(suffix, ()))
        return (*scripts.get(brand, ()), *spelt)

    @cached_property
    def by_form(self) -> Mapping[tuple[str, str], Product]:
        """The product that a brand's name means in one form, where it is another than in the others."""
        return {
            (name.lower(), form): Product(name, tuple(of), self.combinations.get(frozenset(of), {}), brand=True)
            for name, forms in self.raw["brands"].get("by_form", {}).items()
            for form, of in forms.items()
        }

    @cached_property
    def combinations(self) -> Mapping[frozenset[str], Mapping[str, tuple[float, ...]]]:
        """Strengths of each known fixed combination, by its substances."""
        entries = self.raw["combinations"]["combination"]
        return {
            frozenset(entry["of"]): {label: tuple(map(float, parts)) for label, parts in entry["strengths"].items()}
            for entry in reversed(entries)
        }

    @cached_property
    def interactions(self) -> Mapping[frozenset[str], Rule]:
        """The rule of each pair of substances; the first that names a pair counts."""
        pairs: dict[frozenset[str], Rule] = {}
        for entry in self.raw["interactions"]["rules"]:
            ones, others = self.expand(entry["a"]), self.expand(entry["b"])
            rule = _rule(entry, ones, others)
            for one in ones:
                for other in others:
                    if one != other:
                        pairs.setdefault(frozenset((one, other)), rule)
        return MappingProxyType(pairs)

    @cached_property
    def conditions(self) -> tuple[Rule, ...]:
        """Rules about a patient's illnesses, stop before warn."""
        rules = [
            _rule(entry, self.expand(entry["of"], entry.get("except", ()))) for entry in self.raw["conditions"]["rules"]
        ]
        return tuple(sorted(rules, key=lambda rule: rule.level is not Level.STOP))

    @cached_property
    def patient_rules(self) -> Mapping[str, tuple[Rule, ...]]:
        """Rules by age, pregnancy, breast-feeding, kidney, liver and duration, in the order of the file."""
        table = self.raw["patients"]
        return {
            kind: tuple(
                _rule(
                    entry, self.expand(entry["of"], entry.get("except", ())), self.expand(entry.get("unless_with", ()))
                )
                for entry in table[kind]["rules"]
            )
            for kind in PATIENT_KINDS
        }

    @cached_property
    def duplicates(self) -> Mapping[str, Level]:
        """The level of two substances of a class."""
        return {name: Level(level) for name, level in self.raw["classes"]["duplicate"].items()}

    @cached_property
    def pairs_meant(self) -> frozenset[frozenset[str]]:
        """Pairs of one class that are prescribed together on purpose."""
        return frozenset(
            frozenset((one, other))
            for first, second in self.raw["classes"]["pairs_meant"]["of"]
            for one in self.expand([first])
            for other in self.expand([second])
        )


def _substance(name: str, entry: Raw) -> Substance:
    source = entry.get("source", "")
    return Substance(
        name=name,
        also=tuple(entry.get("also", ())),
        names=tuple(entry.get("names", ())),
        atc=entry.get("atc", ""),
        classes=frozenset(entry.get("class", ())),
        schedule=entry.get("schedule"),
        unit=entry.get("unit", "mg"),
        sold={form: tuple(strengths) for form, strengths in entry.get("sold", {}).items()},
        limits={route: _pair(entry[route]) for route in LIMIT_ROUTES if route in entry},
        child={route: _pair(entry[key]) for key, route in _CHILD.items() if key in entry},
        per_kg=_pair(entry.get("per_kg", (0, 0))),
        repeated=float(entry.get("repeated", 0)),
        most_often=float(entry.get("most_often", 0)),
        repeatable=bool(entry.get("repeatable", False)),
        alone=bool(entry.get("alone", True)),
        sources={
            "limits": source,
            "per_kg": entry.get("per_kg_source", source),
            "repeated": entry.get("repeated_source", source),
        },
    )


def _pair(numbers: Iterable[float]) -> tuple[float, float]:
    single, daily = numbers
    return float(single), float(daily)


def _rule(entry: Raw, of: frozenset[str], other: frozenset[str] = frozenset()) -> Rule:
    above = entry.get("above", entry.get("daily_above", {}))
    return Rule(
        of=of,
        level=Level(entry["level"]),
        why=entry["why"],
        source=entry["source"],
        other=other,
        condition=entry.get("condition", ""),
        above=above if isinstance(above, Mapping) else dict.fromkeys(of, float(above)),
        under=entry.get("under"),
        over=entry.get("over"),
        days=entry.get("days"),
        unless_with=other if "unless_with" in entry else frozenset(),
        topical=entry.get("topical", False),
    )


@cache
def load(folder: Path = OWN_DATA) -> Formulary:
    """The formulary of a folder. Raises FormularyError when a file is missing or is no TOML."""
    return Formulary({name: _read(folder / f"{name}.toml") for name in FILES})


def _read(file: Path) -> Raw:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FormularyError(f"the formulary has no {file.name}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormularyError(f"{file.name} cannot be read: {error}") from None
