"""How much and how long is too much: largest single and daily amounts by age and weight, longest courses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from workflow.formulary.doses import plain
from workflow.formulary.load import Formulary
from workflow.formulary.pairs import daily_amounts, is_once
from workflow.formulary.records import Alert, Kind, Level, Patient, PrescriptionLine, Rule, Substance

CHILD: Final = 12  # years; below, the dose goes by weight
SMALL: Final = 40  # kg; an older child below it, too
GROWN: Final = 18
FAR_OVER: Final = 1.25  # times the limit
ROUNDING: Final = 1.2  # of doses by weight: measured in spoons and half tablets
NARROW: Final = "narrow index"
WEIGHT_KNOWN_TO: Final = 7  # years, of the bound below
TUBERCULOSIS: Final = ("tubercul", "tb")


class Limit(NamedTuple):
    """The largest amount of a substance, in its unit, and its source."""

    amount: float
    what: str
    source: str
    tolerance: float = 1.0


def dose_alerts(
    patient: Patient, lines: Sequence[PrescriptionLine], current: Sequence[PrescriptionLine], formulary: Formulary
) -> Iterator[Alert]:
    """One alert for each substance whose single or daily amount is too large, over all lines of one route."""
    for route in dict.fromkeys(line.used for line in lines):
        here = [line for line in lines if line.used == route]
        daily = daily_amounts([*here, *(line for line in current if line.used == route)])
        for name in dict.fromkeys(amount.substance for line in here for amount in line.amounts):
            substance = formulary.substances.get(name)
            if substance is not None:
                found = [*_too_much(patient, substance, route, here, daily), *_too_often(substance, here)]
                if found:
                    yield min(found, key=lambda alert: alert.level is not Level.STOP)


def _too_much(
    patient: Patient, substance: Substance, route: str, lines: Iterable[PrescriptionLine], daily: Mapping[str, float]
) -> Iterator[Alert]:
    singles = [
        amount.single for line in lines for amount in line.amounts
        if amount.substance == substance.name and amount.single is not None
    ]  # fmt: skip
    single = max(singles, default=0.0)
    a_day = max(daily.get(substance.name, 0.0), single)
    for taken, limit in (
        *((single, limit) for limit in _limits(patient, substance, route, 0)),
        *((a_day, limit) for limit in _limits(patient, substance, route, 1)),
        *((a_day, limit) for limit in _repeated(substance, lines)),
    ):
        if taken > limit.amount * limit.tolerance * 1.001:
            yield _alert(substance, taken, limit)


def _alert(substance: Substance, taken: float, limit: Limit) -> Alert:
    far = taken > limit.amount * FAR_OVER or NARROW in substance.classes
    why = f"{plain(taken)} {substance.unit} {limit.what}, at most {plain(round(limit.amount, 2))} {substance.unit}"
    return Alert(Kind.DOSE, Level.STOP if far else Level.WARN, (substance.name,), why, limit.source)


def _limits(patient: Patient, substance: Substance, route: str, place: int) -> Iterator[Limit]:
    """Limits of a single (place 0) or daily (1) amount: the adult's, and by weight for a child."""
    what = ("at a time", "a day")[place]
    adult = substance.limits.get(route, (0.0, 0.0))[place]
    if adult:
        yield Limit(adult, what, substance.sources["limits"])
    if is_child(patient):
        by_weight = substance.child.get(route, (0.0, 0.0))[place]
        weight, said = _weight(patient)
        if by_weight and weight:
            amount = by_weight * weight
            yield Limit(amount, f"{what} for a child of {said}", substance.sources["limits"], ROUNDING)
    elif route == "injection" and patient.weight_kg and substance.per_kg[place]:
        yield Limit(
            substance.per_kg[place] * patient.weight_kg, f"{what} for {plain(patient.weight_kg)} kg",
            substance.sources["per_kg"], ROUNDING,
        )  # fmt: skip


def is_child(patient: Patient) -> bool:
    """The dose goes by weight. Unknown age: an adult."""
    if patient.age is None:
        return False
    small = patient.weight_kg is not None and patient.weight_kg < SMALL
    return patient.age < CHILD or (patient.age < GROWN and small)


def _weight(patient: Patient) -> tuple[float | None, str]:
    """The weight; where it is not known, more than nearly all of that age weigh (WHO growth standards, +2 SD)."""
    if patient.weight_kg is not None:
        return patient.weight_kg, f"{plain(patient.weight_kg)} kg"
    if patient.age is not None and patient.age < WEIGHT_KNOWN_TO:
        heaviest = 3 * patient.age + 10
        return heaviest, f"{plain(patient.age)} years, even of {plain(heaviest)} kg"
    return None, ""


def _repeated(substance: Substance, lines: Iterable[PrescriptionLine]) -> Iterator[Limit]:
    """A loading dose may be large; what is taken day after day may not."""
    once = any(is_once(line) for line in lines if substance.name in line.substances)
    if substance.repeated and not once:
        yield Limit(substance.repeated, "day after day", substance.sources["repeated"])


def _too_often(substance: Substance, lines: Iterable[PrescriptionLine]) -> Iterator[Alert]:
    for line in lines:
        often = line.times_per_day
        if substance.most_often and substance.name in line.substances and often and often > substance.most_often:
            why = f"{substance.name} is taken once a week; taken every day it has killed"
            yield Alert(Kind.DOSE, Level.STOP, (substance.name,), why, substance.sources["limits"])


def duration_alerts(
    patient: Patient, lines: Sequence[PrescriptionLine], current: Sequence[PrescriptionLine], formulary: Formulary
) -> Iterator[Alert]:
    """One alert for each substance prescribed for longer than its usual course; none for what is taken at need."""
    together = {name for line in (*lines, *current) for name in line.substances}
    for line in lines:
        if line.days is None or line.as_needed or (line.times_per_day or 1) < 1:
            continue
        for name in line.substances:
            rule = next((rule for rule in formulary.patient_rules["duration"] if _is_too_long(rule, name, line)), None)
            if rule is None or rule.unless_with & together or _against_tuberculosis(patient, name, together, formulary):
                continue
            why = f"{line.days} days, usually at most {plain(rule.days or 0)}: {rule.why}"
            yield Alert(Kind.DURATION, rule.level, (name,), why, rule.source)


def _is_too_long(rule: Rule, name: str, line: PrescriptionLine) -> bool:
    if name not in rule.of or line.days is None or rule.days is None or line.days <= rule.days:
        return False
    if line.used == "topical" and not rule.topical:
        return False
    if not rule.above:
        return True
    daily = daily_amounts([line]).get(name)
    return name in rule.above and daily is not None and daily > rule.above[name]


def _against_tuberculosis(patient: Patient, name: str, together: set[str], formulary: Formulary) -> bool:
    """Fluoroquinolones, linezolid and amikacin are taken for months against tuberculosis."""
    ill = any(word.startswith(TUBERCULOSIS) for said in patient.conditions for word in said.lower().split())
    treated = bool(together & formulary.members.get("antituberculosis", frozenset()))
    return (ill or treated) and name in formulary.expand(["fluoroquinolone", "linezolid", "amikacin"])
