"""How a line is taken, for the patient's paper: amounts by part of the day, else the words that say it.

Nothing is stated that the line does not say for sure: only a checked line has a dosage, and what has no plain place in
the day (if needed, by the hour, once a week, one single dose) has no amounts by part of the day. Twice a day stands for
morning and night, three times for morning, noon and night, once for the morning, as 1-0-1, 1-1-1 and 1-0-0 do; the
pharmacist sees it on the draft before they complete it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from workflow.formulary.doses import UNITS, sold
from workflow.formulary.draft import vocabulary
from workflow.formulary.load import Formulary
from workflow.formulary.records import PrescriptionLine
from workflow.formulary.text import FRACTION, normalise

PARTS: Final = ("morning", "noon", "evening", "night")
USUAL: Final[Mapping[int, tuple[int, ...]]] = {1: (0,), 2: (0, 3), 3: (0, 1, 3), 4: (0, 1, 2, 3)}  # places in PARTS
COUNTED: Final = ("tablet", "capsule")
ROUTES: Final[Mapping[str, str]] = {  # named route, else the form, else the way that limits go by
    "oral": "oral", "iv": "injection", "im": "injection", "sc": "injection", "sublingual": "sublingual",
    "nebulised": "nebulised", "nasal": "nasal", "ophthalmic": "eye", "otic": "ear", "topical": "skin",
    "rectal": "rectal", "vaginal": "vaginal",
}  # fmt: skip
FORMS: Final[Mapping[str, str]] = {
    "tablet": "oral", "capsule": "oral", "syrup": "oral", "suspension": "oral", "sachet": "oral",
    "inhaler": "inhaled", "rotacap": "inhaled", "respule": "nebulised", "injection": "injection", "cream": "skin",
    "ointment": "skin", "gel": "skin", "lotion": "skin", "suppository": "rectal",
}  # fmt: skip
_NUMBER: Final = rf"(\d+(?:\.\d+)?{FRACTION}?|x)"
_JOIN: Final = r"\s*[-+]{1,2}\s*"
_PATTERN: Final = re.compile(
    rf"(?<![\d./+-]){_NUMBER}{_JOIN}{_NUMBER}{_JOIN}{_NUMBER}(?:{_JOIN}{_NUMBER})?(?![\d./]|\s*-\s*\d)"
)
_HOURLY: Final = re.compile(r"\b(?:every|each|q)\s*(\d+)\s*(?:h\b|hours?|hrs?|hourly|hrly)|\b(\d+)\s*-?(?:hourly|hrly)")
_SINGLE: Final = re.compile(r"\b(?:stat|single dose|1 dose|immediately)\b")
_CLOCK: Final = re.compile(r"\d\s*[ap]\.?m\b", re.IGNORECASE)
_BEFORE: Final = re.compile(r"\bbefore (?:food|meals?|breakfast|lunch|dinner)\b|\bbbf\b|\bempty stomach\b|\bb/f\b")
_AFTER: Final = re.compile(r"\bafter (?:food|meals?|breakfast|lunch|dinner)\b|\babf\b|\ba/f\b")
_DOSE: Final = re.compile(r"([\d.]+)\s*(\D*)$")


def dosage_of(line: PrescriptionLine, formulary: Formulary) -> dict[str, Any] | None:
    """The dosage as it is stored beside the line and taken by `reports.content.document.Dosage`; None: unchecked."""
    if line.kind != "medicine" or not line.checked:
        return None
    text = _translated(normalise(line.text), formulary)
    amount, unit = _amount(line, formulary)
    hourly = _HOURLY.search(text)
    single = bool(_SINGLE.search(text))
    plain = not (line.as_needed or hourly or single or _CLOCK.search(line.text))
    parts = _parts(text, line, amount, formulary) if plain and amount is not None else None
    return {
        "parts": parts,
        "amount": amount,
        "unit": unit,
        "times": None if single else line.as_dict()["times_per_day"],
        "hours": int(hourly.group(1) or hourly.group(2)) if hourly else None,
        "single": single,
        "as_needed": line.as_needed,
        "days": line.days,
        "route": _route(line),
        "food": _food(text),
    }


def _translated(text: str, formulary: Formulary) -> str:
    words = vocabulary(formulary, "translate")
    return words.pattern.sub(lambda match: f" {words.meaning[match.group(0)]} ", text)


def _amount(line: PrescriptionLine, formulary: Formulary) -> tuple[float | None, str]:
    """How much at a time, and its unit: a number of tablets, where one of the line's strength is sold."""
    match = _DOSE.match(line.dose or "")
    if match is None:
        return None, ""
    number, unit = float(match.group(1)), match.group(2).strip()
    if line.dose != line.strength or unit not in UNITS.values():
        return number, unit.removesuffix("s") if unit != "units" else unit
    form = _sold_as(line, number, unit, formulary)
    return (number, unit) if form is None else (1.0, form)


def _sold_as(line: PrescriptionLine, number: float, unit: str, formulary: Formulary) -> str | None:
    """Tablet or capsule, where the strength is one; "" where it may be either; None where it is none."""
    if line.form not in {None, *COUNTED}:
        return None
    if len(line.substances) > 1:
        labels = formulary.combinations.get(frozenset(line.substances), {})
        return line.form or "" if {f"{number:g}", f"{number:g} {unit}"} & set(labels) else None
    substance = formulary.substances[line.substances[0]]
    forms = [line.form] if line.form else [form for form in substance.sold if form in COUNTED]
    whole = [
        form for form in forms
        if any((one.amount, one.unit, one.volume) == (number, unit, None) for one in sold(substance, form))
        and form in substance.sold
    ]  # fmt: skip
    if not whole or (line.form is None and len(substance.sold) > len(forms)):
        return whole[0] if len(whole) == 1 else None
    return whole[0] if len(whole) == 1 else ""


def _parts(text: str, line: PrescriptionLine, amount: float, formulary: Formulary) -> list[float] | None:
    """The amount of each part of the day; None where the line leaves it open."""
    times = int(line.times_per_day or 0)
    if times != line.times_per_day or times not in USUAL:
        return None
    patterns = {match.groups() for match in _PATTERN.finditer(text)}
    if patterns:
        return _of_pattern(patterns.pop(), amount) if len(patterns) == 1 else None
    words = vocabulary(formulary, "times")
    named = {words.meaning[match.group(0)] for match in words.pattern.finditer(text)}
    if len(named) not in {0, times}:
        return None
    places = [PARTS.index(name) for name in named] if named else USUAL[times]
    return [amount if place in places else 0.0 for place in range(len(PARTS))]


def _of_pattern(pattern: Sequence[str | None], amount: float) -> list[float] | None:
    """1-0-1 is morning, noon, night; a fourth number makes the third the evening."""
    numbers = [0.0 if part == "x" else float(part.rstrip(FRACTION)) for part in pattern if part]
    if len(numbers) < len(PARTS):
        numbers.insert(2, 0.0)
    if amount == max(numbers):
        return numbers
    return [amount * number for number in numbers] if set(numbers) <= {0.0, 1.0} else None


def _route(line: PrescriptionLine) -> str | None:
    if line.route == "inhaled":
        return "nebulised" if line.form == "respule" else "inhaled"
    return ROUTES.get(line.route or "") or FORMS.get(line.form or "")


def _food(text: str) -> str | None:
    before, after = bool(_BEFORE.search(text)), bool(_AFTER.search(text))
    return None if before == after else "before" if before else "after"
