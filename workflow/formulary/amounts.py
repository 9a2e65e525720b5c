"""How much of each substance a line gives: from what is written, and from the strengths that are sold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workflow.formulary.doses import ACTIVITY, LIQUIDS, UNITS, Strength, Written, convert, counted, plain, sold
from workflow.formulary.load import Formulary
from workflow.formulary.records import Product, Substance

UNIT_FORMS: Final = ("sachet", "rotacap", "respule")
SINGLE_UNITS: Final = frozenset({"tablet", "capsule", "suppository", "patch", "lozenge", *UNIT_FORMS})
MEASURED: Final = frozenset({"inhaler", "spray", "cream", "gel", "ointment", "lotion", "drops"})
UNIT_OF_FORM: Final = {"tablet": "tab", "capsule": "cap", **{form: form for form in UNIT_FORMS}}
FORM_OF_UNIT: Final = {
    "tab": "tablet", "cap": "capsule", "puff": "inhaler", "drop": "drops", "sachet": "sachet", "respule": "respule",
    "rotacap": "rotacap", "spray": "spray", "ampoule": "injection", "vial": "injection", "patch": "patch",
    "lozenge": "lozenge", "suppository": "suppository", "gum": "gum",
}  # fmt: skip
MOST_COUNTED: Final = 4  # a bare number up to this may be a number of tablets
LABEL_VOLUME: Final = 5.0  # ml, in the strengths of liquid combinations


@dataclass(slots=True)
class Resolved:
    """Strength and dose of a line. `singles`: substance -> amount at a time, in its unit."""

    strength: str | None = None
    dose: str | None = None
    singles: Mapping[str, float] | None = None
    doubtful: bool = False


class Resolver:
    """Brings together one line's amounts, form, product and pattern."""

    def __init__(
        self, formulary: Formulary, products: Sequence[Product], form: str | None, pattern: tuple[float, ...]
    ) -> None:
        self._formulary = formulary
        self._products = products
        self._form = form
        self._pattern = pattern
        self._names = list(dict.fromkeys(name for product in products for name in product.substances))
        self._single = formulary.substances.get(self._names[0]) if len(self._names) == 1 else None
        self._result = Resolved()

    def resolve(self, written: Written) -> Resolved:
        """Strength, dose and amounts. What is not plain is a doubt."""
        self._sort_bare(written)
        count = self._count(written)
        if self._single is not None:
            self._resolve_single(self._single, written, count)
        else:
            self._resolve_several(written, count)
        return self._result

    def _doubt(self) -> None:
        self._result.doubtful = True

    def _sort_bare(self, written: Written) -> None:
        """A bare number is the strength where it is sold so, else a small one is a number of units."""
        has_strength = bool(written.masses or written.concentrations or written.several)
        for number, fraction in sorted(written.bare, reverse=True):
            unit = None if fraction or has_strength else self._unit_of(number)
            if unit is not None:
                written.masses.append((number, unit))
                has_strength = len(self._products) == 1
                if number == 1:
                    self._doubt()
            elif number <= MOST_COUNTED:
                written.counts.append((number, ""))
            else:
                self._doubt()
        written.bare.clear()

    def _unit_of(self, number: float) -> str | None:
        """The unit of a bare strength; None when it is none."""
        if self._single is None:
            return "mg" if self._label(plain(number)) or len(self._products) > 1 else None
        strengths = sold(self._single, self._form)
        exactly = {one.unit for one in strengths if one.amount == number}
        if exactly:
            return min(exactly, key=lambda unit: unit != self._single.unit if self._single else True)
        units = {one.unit for one in strengths}
        if len(units) != 1 or number <= MOST_COUNTED:
            return None
        amounts = [one.amount for one in strengths]
        return units.pop() if min(amounts) / 4 <= number <= max(amounts) * 2 else None

    def _count(self, written: Written) -> float | None:
        """How many units at a time; a number above four beside a pattern is the quantity to hand out."""
        counts = {count for count in written.counts if not (self._pattern and count[0] > MOST_COUNTED)}
        numbers, units = {number for number, _ in counts}, {unit for _, unit in counts if unit}
        if len(numbers) > 1 or len(units) > 1:
            self._doubt()
            return None
        if len(set(self._pattern)) > 1 or (self._pattern and written.masses and self._is_insulin()):
            self._doubt()
        if self._pattern and self._is_insulin():
            return None
        if self._pattern and numbers - {1.0} and numbers != set(self._pattern):
            self._doubt()
        numbers = {max(self._pattern)} if self._pattern else numbers
        if not numbers:
            return None
        number = numbers.pop()
        unit = units.pop() if units else UNIT_OF_FORM.get(self._form or "", "")
        self._result.dose = counted(number, unit)
        if len(written.volumes) or (units and self._form in LIQUIDS):
            self._doubt()
        return number

    def _is_insulin(self) -> bool:
        return self._single is not None and "insulin" in self._single.classes

    def _resolve_single(self, substance: Substance, written: Written, count: float | None) -> None:
        strength = self._strength_of(substance, written)
        if len({*written.volumes}) > 1:
            self._doubt()
        if strength is not None and (written.masses or written.concentrations):
            self._result.strength = str(strength)
        amount = None
        if written.volumes:
            self._result.dose = f"{plain(written.volumes[0])} ml"
            if strength is not None and strength.volume:
                amount = strength.amount * written.volumes[0] / strength.volume
        elif count is not None:
            amount = strength.amount * count if strength is not None and strength.volume is None else None
        elif strength is not None and self._is_dose(strength, written):
            amount = strength.amount
            self._result.dose = f"{plain(strength.amount)} {strength.unit}"
        self._keep(substance, amount, strength)

    def _keep(self, substance: Substance, amount: float | None, strength: Strength | None) -> None:
        """Keep the amount in the substance's unit; a pattern of insulin is its units."""
        converted = None if amount is None or strength is None else convert(amount, strength.unit, substance.unit)
        if converted is None and self._pattern and substance.unit in ACTIVITY:
            converted = max(self._pattern)
            self._result.dose = f"{plain(converted)} {substance.unit}"
        if converted is not None:
            self._result.singles = {substance.name: converted}

    def _is_dose(self, strength: Strength, written: Written) -> bool:
        """A strength alone is the dose, too, but of an inhaler, a spray or a liquid whose volume is not said."""
        if strength.unit == "%" or self._form in MEASURED or not (written.masses or written.concentrations):
            return False
        if self._form is None and self._single and not {"tablet", "capsule", "injection"} & set(self._single.sold):
            return not {"inhaler", "spray"} & set(self._single.sold)
        return strength.volume is None or self._form in {"injection", "respule"}

    def _strength_of(self, substance: Substance, written: Written) -> Strength | None:
        found = [Strength(amount, unit) for amount, unit in written.masses]
        found += [Strength(amount, unit or "mg", volume) for amount, unit, volume in written.concentrations]
        if written.several or len(set(found)) > 1:
            found = self._one_of_two(found)
            if written.several or not found:
                self._doubt()
                return None
        if not found:
            strengths = sold(substance, self._form)
            return strengths[0] if len(strengths) == 1 and self._form is not None else None
        if (self._form in LIQUIDS or written.volumes) and found[0].volume is None:
            alike = [one for one in sold(substance, self._form) if one.amount == found[0].amount and one.volume]
            if written.volumes and alike:
                return alike[0]
            if written.volumes:
                self._doubt()
        return found[0]

    def _one_of_two(self, found: list[Strength]) -> list[Strength]:
        """The concentration, where a mass beside it only repeats its amount."""
        full = [one for one in found if one.volume]
        repeated = all(one.volume or any(one.amount == other.amount for other in full) for one in found)
        return full if len(set(full)) == 1 and repeated else []

    def _label(self, label: str) -> tuple[float, ...] | None:
        """The amounts of a strength of the combination, in the order of this line's substances."""
        own = [one for one in self._products if len(one.substances) == len(self._names)]
        alike = own or [one for one in self._formulary.products if set(one.substances) == set(self._names)]
        if not alike or label not in alike[0].strengths:
            return None
        amounts = dict(zip(alike[0].substances, alike[0].strengths[label], strict=True))
        return tuple(amounts[name] for name in self._names)

    def _resolve_several(self, written: Written, count: float | None) -> None:
        label, text = self._written_label(written)
        self._result.strength = text
        parts = (self._label(label) if label else None) or self._in_order(written)
        if parts is None and label is None:
            pack = next((one.pack for one in self._products if one.pack), None)
            self._result.doubtful |= pack == "kit" and "tab" in {unit for _, unit in written.counts}
            keys = [key for key in (pack, self._form or ("syrup" if written.volumes else ""), "") if key is not None]
            parts = next((found for key in keys if (found := self._label(key))), None)
        if written.volumes:
            self._result.dose = f"{plain(written.volumes[0])} ml"
            count = written.volumes[0] / LABEL_VOLUME if len(set(written.volumes)) == 1 else None
            if not (label and "ml" in label) and self._label("syrup") is None:
                parts = None
        elif count is None and text and self._counts_as_one():
            self._result.dose = text
            count = 1.0
        if parts is not None and count is not None:
            self._result.singles = {name: part * count for name, part in zip(self._names, parts, strict=True)}

    def _counts_as_one(self) -> bool:
        if self._form is not None:
            return self._form in SINGLE_UNITS or self._form == "injection"
        first = [self._formulary.substances[name] for name in self._names if name in self._formulary.substances]
        return any({"tablet", "capsule"} & set(one.sold) for one in first) and not any(
            one.classes & {"inhaled corticosteroid", "laba", "lama"} for one in first
        )

    def _in_order(self, written: Written) -> tuple[float, ...] | None:
        """Amounts that are written one for each of several names, in their order."""
        amounts = [amount * (1000 if unit == "g" else 1) for amount, unit in written.masses]
        known = [self._formulary.substances[name] for name in self._names if name in self._formulary.substances]
        units_agree = [one.unit for one in known] == ["mg"] * len(self._names)
        if len(self._products) < 2 or len(self._products) != len(self._names) or not units_agree:
            return None
        if written.several:
            amounts = list(written.several[0])
        return tuple(amounts) if len(amounts) == len(self._names) and not written.concentrations else None

    def _written_label(self, written: Written) -> tuple[str | None, str | None]:
        """The strength printed on a combination's pack, as the data names it and as the line is shown back."""
        if len(written.masses) + len(written.several) + len(written.concentrations) > 1:
            if self._in_order(written) is None:
                self._doubt()
            return "", " + ".join(f"{plain(amount)} {unit}" for amount, unit in written.masses) or None
        if written.several:
            label = "/".join(map(plain, written.several[0]))
            return label, f"{label} {self._unit()}"
        if written.concentrations:
            amount, _, volume = written.concentrations[0]
            strength = Strength(amount, "mg", volume)
            return f"{plain(amount * LABEL_VOLUME / volume)} mg/5 ml", str(strength)
        if written.masses:
            amount, unit = written.masses[0]
            shown = self._unit() if unit == "mg" and self._unit() == "mcg" and amount >= 5 else unit
            label = f"{plain(amount)} {unit}"
            if self._label(label) is None:
                in_mg = convert(amount, unit, "mg") if unit == "g" else amount
                label = plain(in_mg if in_mg is not None else amount)
            return label, f"{plain(amount)} {shown}"
        return None, None

    def _unit(self) -> str:
        first = self._formulary.substances.get(self._names[0])
        return first.unit if first is not None and first.unit in UNITS.values() else "mg"
