"""Looks for gaps and contradictions in a formulary's data, and for what differs between two of them."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from workflow.formulary.doses import ACTIVITY, IN_MG
from workflow.formulary.load import LIMIT_ROUTES, PATIENT_KINDS, Formulary
from workflow.formulary.records import Level
from workflow.formulary.text import normalise, tokens

SCHEDULES: Final = frozenset({None, "H", "H1", "X"})
UNITS: Final = frozenset({*IN_MG, *ACTIVITY})
_ATC: Final = re.compile(r"[A-Z]\d{2}[A-Z]{0,2}(\d{2})?$")
_SOLD: Final = re.compile(r"\d+(\.\d+)? (mg|mcg|g|%|units|IU|ml)(/(\d+(\.\d+)? )?ml)?$")
_FIGURES: Final = (*LIMIT_ROUTES, "child", "child_injection")
_KEYS: Final = ("of", "a", "b", "condition", "under", "over", "days", "daily_above")


def problems(formulary: Formulary) -> list[str]:
    """Sentences about what is wrong; none: the data may be used."""
    found = [*_of_substances(formulary), *_of_products(formulary), *_of_rules(formulary), *_of_conditions(formulary)]
    return [*found, *_of_allergies(formulary), *_of_classes(formulary)]


def _of_substances(formulary: Formulary) -> Iterator[str]:
    seen: Counter[str] = Counter(
        name for file, table in formulary.raw.items() if file.startswith("substances") for name in table
    )
    yield from (f"{name}: two entries" for name, times in seen.items() if times > 1)
    for file, table in formulary.raw.items():
        for name, entry in table.items() if file.startswith("substances") else ():
            yield from (f"{name}: {said}" for said in _of_substance(name, entry))


def _of_substance(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    wrong = {
        "a generic name is in lower case": name != name.lower(),
        f"no ATC class: {entry.get('atc')}": not _ATC.match(entry.get("atc", "")),
        "no class": not entry.get("class"),
        f"no schedule of the Drugs Rules: {entry.get('schedule')}": entry.get("schedule") not in SCHEDULES,
        f"unknown unit: {entry.get('unit')}": entry.get("unit", "mg") not in UNITS,
        "per_kg: no source": "per_kg" in entry and not entry.get("per_kg_source"),
        "repeated: no source": "repeated" in entry and not entry.get("repeated_source"),
    }
    yield from (said for said, holds in wrong.items() if holds)
    for form, strengths in entry.get("sold", {}).items():
        yield from (f"{form}: no strength: {text}" for text in strengths if not _SOLD.match(text))
    for key in _FIGURES:
        if key in entry:
            yield from _of_figures(key, entry[key], entry.get("source"))


def _of_figures(key: str, figures: Sequence[float], source: str | None) -> Iterator[str]:
    if not source:
        yield f"{key}: no source"
    if len(figures) != 2 or min(figures) < 0 or not any(figures):
        yield f"{key}: not a single and a daily amount: {figures}"
    elif figures[1] and figures[0] > figures[1]:
        yield f"{key}: a single amount above the daily one: {figures}"


def _of_products(formulary: Formulary) -> Iterator[str]:
    brands = formulary.raw["brands"]
    yield from (
        f"brands of an unknown substance: {name}" for name in brands["brands"] if name not in formulary.substances
    )
    meanings: dict[tuple[str, ...], set[frozenset[str]]] = {}
    for product in formulary.products:
        meanings.setdefault(tokens(normalise(product.name)), set()).add(frozenset(product.substances))
    for key, of in meanings.items():
        if len(of) > 1:
            yield f"{' '.join(key)}: a name of two medicines: {sorted(map(sorted, of))}"
    written = {brand for names in brands["brands"].values() for brand in names}
    written |= {brand for entry in formulary.raw["combinations"]["combination"] for brand in entry["brands"]}
    yield from (f"scripts of an unknown brand: {brand}" for brand in brands["scripts"] if brand not in written)
    for entry in formulary.raw["combinations"]["combination"]:
        yield from (f"{' + '.join(entry['of'])}: {said}" for said in _of_combination(entry, formulary))


def _of_combination(entry: Mapping[str, Any], formulary: Formulary) -> Iterator[str]:
    yield from (f"unknown substance: {name}" for name in entry["of"] if name not in formulary.substances)
    if len(set(entry["of"])) < 2:
        yield "a combination has two substances or more"
    for label, parts in entry["strengths"].items():
        if len(parts) != len(entry["of"]) or min(parts) <= 0:
            yield f"{label}: not one amount for each substance: {parts}"
        if label[:1].isdigit() and parts != entry["strengths"].get("", parts):
            yield f"{label}: another strength beside the one that needs no name"
    yield from (
        f"unknown strength of {name}: {pack}"
        for name, pack in entry.get("packs", {}).items()
        if pack not in entry["strengths"]
    )


def _of_rules(formulary: Formulary) -> Iterator[str]:
    tables = {"interaction": formulary.raw["interactions"]["rules"], "condition": formulary.raw["conditions"]["rules"]}
    tables |= {kind: formulary.raw["patients"][kind]["rules"] for kind in PATIENT_KINDS}
    for kind, rules in tables.items():
        seen: Counter[str] = Counter(map(_key, rules))
        yield from (f"{kind} {key}: two rules" for key, times in seen.items() if times > 1)
        for rule in rules:
            yield from (f"{kind} {_key(rule)}: {said}" for said in _of_rule(kind, rule, formulary))


def _of_rule(kind: str, rule: Mapping[str, Any], formulary: Formulary) -> Iterator[str]:
    if rule.get("level") not in set(Level):
        yield f"no level: {rule.get('level')}"
    yield from (f"no {part}" for part in ("why", "source") if not rule.get(part))
    terms = ("a", "b") if kind == "interaction" else ("of",)
    yield from (f"no {part}" for part in terms if not rule.get(part))
    above = rule.get("above", rule.get("daily_above", {}))
    named = [term for part in ("a", "b", "of", "except", "unless_with") for term in rule.get(part, ())]
    named += list(above) if isinstance(above, Mapping) else []
    yield from (f"unknown substance or class: {term}" for term in named if term not in formulary.members)
    if kind == "age" and ("under" in rule) == ("over" in rule):
        yield "one of under and over"
    if kind == "duration" and not rule.get("days"):
        yield "no days"


def _key(rule: Mapping[str, Any]) -> str:
    return json.dumps({key: rule[key] for key in _KEYS if key in rule}, ensure_ascii=False)


def _of_conditions(formulary: Formulary) -> Iterator[str]:
    table = formulary.raw["conditions"]
    used = {rule["condition"] for rule in table["rules"]}
    yield from (f"a rule for an unknown condition: {name}" for name in sorted(used - set(table["names"])))
    yield from (f"{name}: a condition without a rule" for name in sorted(set(table["names"]) - used))
    known = {*table["names"], *table["means"]}
    for entry in table["measured"]:
        if entry["condition"] not in known or not entry.get("source") or not {"above", "under"} & set(entry):
            yield f"measured {entry['condition']}: no such condition, no limit or no source"


def _of_allergies(formulary: Formulary) -> Iterator[str]:
    for name, group in formulary.raw["allergies"]["groups"].items():
        if not group.get("source") or not group.get("words"):
            yield f"allergy {name}: no words or no source"
        crossed = group.get("cross", ())
        yield from (
            f"allergy {name}: a cross-reaction without {part}"
            for cross in crossed
            for part in ("why", "source")
            if not cross.get(part)
        )
        named = [*group["of"], *(term for cross in crossed for term in cross["of"])]
        yield from (
            f"allergy {name}: unknown substance or class: {term}" for term in named if term not in formulary.members
        )


def _of_classes(formulary: Formulary) -> Iterator[str]:
    table = formulary.raw["classes"]
    named: Iterable[str] = [*table["duplicate"], *(term for pair in table["pairs_meant"]["of"] for term in pair)]
    yield from (f"unknown class: {term}" for term in named if term not in formulary.members)
    used = {one.schedule for one in formulary.substances.values() if one.schedule}
    yield from (f"schedule {name}: no source" for name in sorted(used - set(table.get("schedules", {}))))
    yield from (f"{name}: no level: {level}" for name, level in table["duplicate"].items() if level not in set(Level))


class Change(NamedTuple):
    """Differences between two formularies: None where one has nothing."""

    where: str
    before: str | None
    after: str | None


def diff(before: Formulary, after: Formulary) -> list[Change]:
    """Every entry and figure that differs, in the order of the files."""
    one, other = dict(_flat("", before.raw)), dict(_flat("", after.raw))
    return [
        Change(where, one.get(where), other.get(where))
        for where in dict.fromkeys((*one, *other))
        if one.get(where) != other.get(where)
    ]


def _flat(where: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{where}.{key}" if where else key, inner)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for inner in value:
            yield from _flat(f"{where}[{_key(inner)}]", {key: one for key, one in inner.items() if key not in _KEYS})
    else:
        yield where, json.dumps(value, ensure_ascii=False)
