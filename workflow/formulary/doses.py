"""How much: amounts as they are written on a line and as they are sold, and their units."""

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from workflow.formulary.draft import NUMBER, Draft
from workflow.formulary.load import Formulary
from workflow.formulary.records import Substance
from workflow.formulary.text import FRACTION

UNITS: Final = {
    "mg": "mg", "mgs": "mg", "milligram": "mg", "milligrams": "mg", "m g": "mg",
    "g": "g", "gm": "g", "gms": "g", "gram": "g", "grams": "g",
    "mcg": "mcg", "ug": "mcg", "microgram": "mcg", "micrograms": "mcg", "mcgs": "mcg",
    "iu": "IU", "u": "units", "unit": "units", "units": "units",
    "meq": "mEq", "mmol": "mmol", "%": "%",
}  # fmt: skip
SPOONS: Final = {"ml": 1, "cc": 1, "tsp": 5, "tsf": 5, "teaspoon": 5, "teaspoons": 5, "teaspoonful": 5, "tbsp": 15}
MANY: Final = {"k": 1e3, "lac": 1e5, "lakh": 1e5, "lacs": 1e5, "lakhs": 1e5, "million": 1e6, "mega": 1e6}

USED: Final = {
    "injection": "injection", "iv": "injection", "im": "injection", "sc": "injection", "inhaler": "inhaled",
    "rotacap": "inhaled", "inhaled": "inhaled", "respule": "nebulised", "nebulised": "nebulised", "cream": "topical",
    "ointment": "topical", "gel": "topical", "lotion": "topical", "topical": "topical", "ophthalmic": "topical",
    "otic": "topical", "nasal": "topical", "gargle": "topical", "shampoo": "topical", "sublingual": "sublingual",
    "rectal": "rectal", "vaginal": "topical", "suppository": "rectal", "patch": "patch",
}  # fmt: skip
LIQUIDS: Final = frozenset({"syrup", "suspension"})
IN_MG: Final = {"mcg": 0.001, "mg": 1.0, "g": 1000.0}
ACTIVITY: Final = frozenset({"IU", "units"})
WORDS: Final = {"tab": "tablet", "cap": "capsule"}
FAR_ABOVE: Final = 2
FAR_BELOW: Final = 10
_SOLD: Final = re.compile(r"([\d.]+) (\S+?)(?:/([\d.]*) ?ml)?$")

_UNIT: Final = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_SPOON: Final = "|".join(sorted(SPOONS, key=len, reverse=True))
_MANY: Final = "|".join(sorted(MANY, key=len, reverse=True))
_END: Final = r"(?![a-z])"
_PER_KG: Final = re.compile(rf"{NUMBER}\s*(?:mg|mcg|g|ml|units?|u)\s*(?:/|per)\s*kg(?:\s*(?:/|per)\s*(?:day|dose|d))?")
_CONCENTRATION: Final = re.compile(rf"({NUMBER})\s*({_UNIT})?\s*(?:/|per|in)\s*({NUMBER})?\s*-?\s*(?:ml|cc){_END}")
_SEVERAL: Final = re.compile(
    rf"(?<![\d./])({NUMBER})\s*({_UNIT})?((?:\s*[/+]\s*{NUMBER}\s*(?:{_UNIT})?){{1,3}}){_END}(?!\s*/)"
)
_MASS: Final = re.compile(rf"(?<![\d.])({NUMBER})\s*-?\s*({_MANY})?\s*({_UNIT}){_END}")
_THOUSANDS: Final = re.compile(rf"(?<![\d.])({NUMBER})\s*({_MANY}){_END}")
_VOLUME: Final = re.compile(rf"(?<![\d.])({NUMBER})(?:\s*(?:-|to)\s*({NUMBER}))?\s*-?\s*({_SPOON}){_END}")
_BARE: Final = re.compile(rf"(?<![\d.\w])({NUMBER})(?:\s*(?:-|to)\s*({NUMBER}))?(?![\d\w]|\.\d)")
_QUANTITY: Final = re.compile(
    r"(?:#|\b(?:no|nos|total|qty|quantity|disp|dispense)\b\.?\s*:?-?)\s*\d+|\b\d+\s*(?:nos|strips?)\b"
)

_MEASURED: Final = re.compile(  # what is to be reached or watched: no amount of a medicine
    r"\b(?:(?:inr|target|goal|aim)\b[^¦,;\d]{0,20}|(?:spo2|sats?|saturation|s?bp|dbp|hr|pulse|g?rbs|fbs|hba1c)\s*"
    r"(?:(?:<|>|=|≥|≤|above|below|less than|more than|between|at|is)\s*)+)"
    r"\d+(?:\.\d+)?(?:\s*(?:-|to|/)\s*\d+(?:\.\d+)?)?(?![\d.])\s*%?(?!\s*(?:mg|ml|tab))"
)


@dataclass(slots=True)
class Written:
    """The amounts of a line by the way they are written. Numbers with a unit are (value, unit)."""

    masses: list[tuple[float, str]] = field(default_factory=list)
    several: list[tuple[float, ...]] = field(default_factory=list)
    concentrations: list[tuple[float, str | None, float]] = field(default_factory=list)
    volumes: list[float] = field(default_factory=list)
    counts: list[tuple[float, str]] = field(default_factory=list)
    bare: list[tuple[float, bool]] = field(default_factory=list)  # and whether it was written as a fraction

    def __bool__(self) -> bool:
        return any((self.masses, self.several, self.concentrations, self.volumes, self.counts, self.bare))


def plain(number: float) -> str:
    """A number as people write it: 0.5, 500."""
    return f"{number:.4f}".rstrip("0").rstrip(".")


def value(number: str) -> float:
    """A number of a normalised text."""
    return float(number.rstrip(FRACTION))


def read_amounts(draft: Draft, formulary: Formulary, liquid: bool) -> Written:
    """Take out all amounts. A range, or an amount for each kg, is a doubt."""
    written = Written()
    draft.take(_MEASURED)
    draft.take(_QUANTITY)
    if draft.take(_PER_KG):
        draft.doubtful = True
    for match in draft.take(_CONCENTRATION):
        amount, unit, volume = match.groups()
        written.concentrations.append((value(amount), UNITS.get(unit or ""), value(volume) if volume else 1.0))
    _read_several(draft, written, liquid)
    _read_counts(draft, formulary, written)
    for match in draft.take(_MASS):
        amount, many, unit = match.groups()
        written.masses.append((value(amount) * MANY.get(many or "", 1), UNITS[unit]))
    for match in draft.take(_THOUSANDS):
        written.masses.append((value(match.group(1)) * MANY[match.group(2)], "IU"))
    for match in draft.take(_BARE):
        draft.doubtful = draft.doubtful or match.group(2) is not None
        written.bare.append((value(match.group(1)), match.group(1).endswith(FRACTION)))
    return written


def _read_several(draft: Draft, written: Written, liquid: bool) -> None:
    for match in draft.take(_SEVERAL):
        unit = UNITS.get(match.group(2) or "", "mg")
        rest = re.findall(rf"({NUMBER})\s*({_UNIT})?", match.group(3))
        parts = ((match.group(1), unit), *rest)
        numbers = tuple(value(number) * (1000 if UNITS.get(of) == "g" else 1) for number, of in parts)
        if liquid and len(numbers) == 2 and numbers[1] in (1, 5, 10):
            written.concentrations.append((numbers[0], unit, numbers[1]))
        else:
            written.several.append(numbers)


def _read_counts(draft: Draft, formulary: Formulary, written: Written) -> None:
    for match in draft.take(_VOLUME):
        low, high, unit = match.groups()
        draft.doubtful = draft.doubtful or high is not None
        written.volumes.append(value(low) * SPOONS[unit])
    units = formulary.words["units"]
    for unit, names in units.items():
        body = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        pattern = re.compile(rf"(?<![\d.])({NUMBER})(?:\s*(?:-|to|/)\s*({NUMBER}))?\s*-?\s*(?:{body}){_END}")
        for match in draft.take(pattern):
            draft.doubtful = draft.doubtful or match.group(2) is not None
            written.counts.append((value(match.group(1)), unit))


class Strength(NamedTuple):
    """Amount in `unit` for each unit of the form, or in each `volume` ml."""

    amount: float
    unit: str
    volume: float | None = None

    def __str__(self) -> str:
        text = f"{plain(self.amount)} {self.unit}"
        return text if self.volume is None else f"{text}/{'' if self.volume == 1 else plain(self.volume) + ' '}ml"


def sold(substance: Substance, form: str | None = None) -> list[Strength]:
    """Strengths that are sold, of one form or of all."""
    forms = [form] if form in substance.sold else list(substance.sold)
    if form in LIQUIDS:
        forms = [liquid for liquid in (*LIQUIDS, "drops") if liquid in substance.sold] or forms
    found = []
    for name in forms:
        for text in substance.sold[name or ""]:
            match = _SOLD.match(text)
            if match:
                amount, unit, volume = match.groups()
                found.append(Strength(float(amount), unit, None if volume is None else float(volume or 1)))
    return found


def convert(amount: float, unit: str, to: str) -> float | None:
    """An amount in another unit; None when they cannot be compared."""
    if unit == to or {unit, to} <= ACTIVITY:
        return amount
    if unit in IN_MG and to in IN_MG:
        return amount * IN_MG[unit] / IN_MG[to]
    return None


def is_plausible(substance: Substance, single: float | None) -> bool:
    """A single amount that is neither far above nor far below what is sold and allowed: else a slip of the pen."""
    known = [convert(one.amount, one.unit, substance.unit) for one in sold(substance)]
    amounts = [amount for amount in known if amount] + [most for most, _ in substance.limits.values() if most]
    if single is None or not amounts:
        return True
    return min(amounts) / FAR_BELOW <= single <= max(amounts) * FAR_ABOVE


def counted(number: float, unit: str) -> str:
    """A number of units as it is shown: 1 tablet, 2 puffs, 0.5 tablet."""
    word = WORDS.get(unit, unit)
    return f"{plain(number)} {word}{'s' if word and number > 1 else ''}".strip()


def way_of(route: str | None, form: str | None, substance: Substance | None) -> str:
    """The way into the body that limits go by: named, or the form's, or that of the forms that are sold."""
    for said in (route, form):
        if said in USED:
            return USED[said]
    forms = set(substance.sold) if substance is not None else set()
    if form in {"drops", "spray"} and substance is not None:
        sprayed = {strength for name in ("drops", "spray") for strength in substance.sold.get(name, ())}
        return "topical" if form == "spray" or any("%" in strength for strength in sprayed) else "oral"
    if form is None and forms and not forms & {"tablet", "capsule", *LIQUIDS, "sachet"}:
        return "injection" if "injection" in forms else "inhaled" if forms & {"inhaler", "rotacap"} else "topical"
    return "oral"
