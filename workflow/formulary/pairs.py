"""Medicines that do not go together: interactions, and the same substance or class twice."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

from workflow.formulary.load import Formulary
from workflow.formulary.records import Alert, Kind, Level, PrescriptionLine, Rule

SAME_SOURCE: Final = "BNF: cautions on duplicate therapy; product labels: not with other products of the same substance"
INHALED: Final = frozenset({"inhaled", "nebulised"})


def interaction_alerts(
    lines: Sequence[PrescriptionLine], current: Sequence[PrescriptionLine], formulary: Formulary
) -> Iterator[Alert]:
    """Alerts of pairs of which at least one is prescribed now; never of the parts of one product."""
    seen: set[frozenset[str]] = set()
    daily = daily_amounts((*lines, *current))
    for one, other in _pairs_of_lines(lines, current):
        for pair in (frozenset((a, b)) for a in one.substances for b in other.substances if a != b):
            rule = formulary.interactions.get(pair)
            if rule is None or pair in seen or _within(rule, pair, daily):
                continue
            seen.add(pair)
            yield Alert(Kind.INTERACTION, rule.level, tuple(sorted(pair)), rule.why, rule.source)


def _pairs_of_lines(
    lines: Sequence[PrescriptionLine], current: Sequence[PrescriptionLine]
) -> Iterator[tuple[PrescriptionLine, PrescriptionLine]]:
    taken = [line for line in lines if line.used != "topical"]
    yield from combinations(taken, 2)
    for line in taken:
        for other in current:
            if other.used != "topical":
                yield line, other


def _within(rule: Rule, pair: frozenset[str], daily: Mapping[str, float]) -> bool:
    """The rule counts only above a daily amount, and the amount is known to be lower, or not known."""
    return any(daily.get(name, 0.0) <= most for name, most in rule.above.items() if name in pair)


def daily_amounts(lines: Sequence[PrescriptionLine]) -> dict[str, float]:
    """The amount of each substance a day, over all lines that say it."""
    found: dict[str, float] = {}
    for line in lines:
        for amount in line.amounts:
            if amount.daily is not None:
                found[amount.substance] = found.get(amount.substance, 0.0) + amount.daily
    return found


def duplicate_alerts(
    lines: Sequence[PrescriptionLine], current: Sequence[PrescriptionLine], formulary: Formulary
) -> Iterator[Alert]:
    """The same substance by the same way, or two of a class that are not meant to be combined."""
    seen: set[frozenset[str]] = set()
    for one, other in _pairs_of_lines(lines, current):
        for name in set(one.substances) & set(other.substances):
            if frozenset((name,)) not in seen and _same_way(one, other, name, formulary):
                seen.add(frozenset((name,)))
                yield _same(name, one, other)
        if _beside(one, other):
            continue
        for a in one.substances:
            for b in other.substances:
                alert = _class_twice(a, b, formulary)
                together = {a, b} <= set(one.substances) or {a, b} <= set(other.substances)
                if alert is not None and not together and frozenset((a, b)) not in seen:
                    seen.add(frozenset((a, b)))
                    yield alert


def is_once(line: PrescriptionLine) -> bool:
    """A single dose, not a course."""
    return line.days == 1 or "stat" in line.text.lower().split()


def _beside(one: PrescriptionLine, other: PrescriptionLine) -> bool:
    """Two of one class that follow each other, or reach the lungs on different ways: inhaler, nebuliser, syrup."""
    inhaled = bool({one.used, other.used} & INHALED)
    return is_once(one) != is_once(other) or (inhaled and one.used != other.used)


def _same(name: str, one: PrescriptionLine, other: PrescriptionLine) -> Alert:
    """A line that repeats a current medicine may only continue it."""
    continued = one.amounts != () and one.amounts == other.amounts and one.substances == other.substances
    level = Level.WARN if continued else Level.STOP
    return Alert(Kind.DUPLICATE, level, (name,), f"{name} twice: {one.text} and {other.text}", SAME_SOURCE)


def _same_way(one: PrescriptionLine, other: PrescriptionLine, name: str, formulary: Formulary) -> bool:
    """An inhaler beside a nebuliser, or a cream beside a tablet, is no duplicate."""
    substance = formulary.substances.get(name)
    if substance is None or substance.repeatable:
        return False
    if {one.used, other.used} <= INHALED:
        return one.used == other.used and one.form == other.form and one.as_needed == other.as_needed
    return one.used == other.used


def _class_twice(one: str, other: str, formulary: Formulary) -> Alert | None:
    first, second = formulary.substances.get(one), formulary.substances.get(other)
    if one == other or first is None or second is None or frozenset((one, other)) in formulary.pairs_meant:
        return None
    shared = [(formulary.duplicates[name], name) for name in first.classes & second.classes & set(formulary.duplicates)]
    if not shared:
        return None
    level, name = min(shared)
    source = formulary.raw["classes"]["source"]
    return Alert(Kind.DUPLICATE, level, tuple(sorted((one, other))), f"two of one class: {name}", source)
