"""A dosage in the patient's words: when, how, how long, and the text alternative of each picture of the day."""

from typing import Final

from reports.content.document import MEDICINE_TEXTS, Dosage, Medicine
from reports.pdf.words import ReportTexts, catalogue

MEASURES: Final = frozenset({"mg", "g", "mcg", "ml", "IU", "units", "mEq", "mmol", "%"})  # never taken for pieces
PARTS: Final = ("morning", "noon", "evening", "night")


class DosageTexts:
    """Sentences about dosages in one language."""

    def __init__(self, texts: ReportTexts) -> None:
        self._texts = texts
        self._known = catalogue(texts.language)["dosage"]

    def how_taken(self, line: Medicine) -> list[str]:
        """The line's own texts where it has some besides the medicine, else the words of its dosage."""
        typed = [text for name in MEDICINE_TEXTS[1:] if (text := getattr(line, name))]
        return [", ".join(typed)] if typed else self.words(line.dosage) if line.dosage else []

    def words(self, dosage: Dosage) -> list[str]:
        """How much and how often; by which way and with food or not; how long. What is not known is left out."""
        how = (self._named("route", dosage.route), self._named("food", dosage.food))
        said = (self._often(dosage), ", ".join(filter(None, how)), self._long(dosage.days))
        return [one for one in said if one]

    def number(self, amount: float) -> str:
        """An amount as it is printed below a picture: 1, ½, 2.5."""
        return {0.5: "½", 1.5: "1½", 0.25: "¼"}.get(amount, f"{amount:g}")

    def below(self, amount: float, unit: str) -> str:
        """The text below a picture: a number of pieces, or an amount with its unit."""
        if not amount:
            return "–"
        return f"{self.number(amount)} {unit}" if unit in MEASURES else self.number(amount)

    def picture(self, part: str, amount: float, unit: str) -> str:
        """The text alternative of one picture."""
        said = self._amount(amount, unit) if amount else self._text("nothing")
        return f"{self._text(part)}: {said}"

    def _often(self, dosage: Dosage) -> str:
        even = len({part for part in dosage.parts if part}) <= 1
        amount = self._amount(dosage.amount, dosage.unit) if dosage.amount is not None and even else None
        times = dosage.times
        if dosage.hours:
            often = self._text("hours", hours=dosage.hours)
        elif dosage.single:
            often = self._text("single")
        elif times is None:
            often = None
        else:
            often = self._named("times", f"{times:g}".replace(".", "_")) or self._text("times", times=f"{times:g}")
        needed = self._text("as_needed") if dosage.as_needed else None
        return ", ".join(filter(None, (amount, needed, often)))

    def _long(self, days: int | None) -> str | None:
        if days is None:
            return None
        return self._text("day") if days == 1 else self._text("days", days=days)

    def _amount(self, amount: float, unit: str) -> str:
        many = self._named("many", unit) if amount > 1 else None
        return (many or self._named("one", unit) or f"{{n}} {unit}").format(n=self.number(amount))

    def _named(self, kind: str, code: str | None) -> str | None:
        """The sentence of a code; None where the catalogue has none."""
        return None if code is None else self._known.get(f"{kind}_{code or 'each'}")

    def _text(self, key: str, **values: object) -> str:
        return self._texts.text(f"dosage.{key}", **values)
