"""A line picked from buttons: the medicine by its beginning, what it is sold as, how often, how long.

Only what the reader reads back for sure is offered, so that a picked line is never unchecked."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from workflow.formulary.load import Formulary
from workflow.formulary.reading import read_line
from workflow.formulary.records import Product
from workflow.formulary.text import normalise

MOST: Final = 8  # medicines, strengths
SHORTEST: Final = 2  # letters of a beginning
DAYS: Final = (3, 5, 7, 10, 14, 30, 0)  # 0: no end is named
FORMS: Final[Mapping[str, str]] = {
    "tablet": "Tab", "capsule": "Cap", "syrup": "Syp", "suspension": "Susp", "inhaler": "Inhaler", "rotacap": "Rotacap",
    "respule": "Respule", "sachet": "Sachet",
}  # fmt: skip
TABLETS: Final = ("1-0-0", "0-0-1", "1-0-1", "1-1-1", "1-1-1-1", "1 tab sos")
LABELLED: Final = ("1-0-0", "0-0-1", "1-0-1", "1-1-1")  # of a combination, whose form is not held
OFTEN: Final[Mapping[str, tuple[str, ...]]] = {
    "Tab": TABLETS,
    "Cap": ("1-0-0", "0-0-1", "1-0-1", "1-1-1", "1 cap sos"),
    "Sachet": ("1 sachet od", "1 sachet bd", "1 sachet tds"),
    "Syp": ("5 ml hs", "2.5 ml tds", "5 ml bd", "5 ml tds", "10 ml tds", "10 ml hs"),
    "Susp": ("2.5 ml bd", "5 ml bd", "2.5 ml tds", "5 ml tds", "10 ml tds"),
    "Inhaler": ("2 puffs od", "1 puff bd", "2 puffs bd", "2 puffs sos"),
    "Rotacap": ("1 rotacap od", "1 rotacap bd"),
    "Respule": ("1 respule bd", "1 respule tds"),
}


def medicines(beginning: str, formulary: Formulary) -> list[str]:
    """Medicines whose name in any spelling begins so, generic names before brands, at most eight."""
    begun = normalise(beginning)
    if len(begun) < SHORTEST:
        return []
    alike = [one for one in formulary.products if _key(one.name).startswith(begun)]
    ordered = sorted(alike, key=lambda one: (one.brand, len(one.substances), len(one.name)))
    names = dict.fromkeys(_shown(one) for one in ordered)
    return [name for name in names if any(True for _ in _sold(name, formulary))][:MOST]


@cache
def _key(name: str) -> str:
    return normalise(name)


def _shown(product: Product) -> str:
    """A brand as it is called; a generic by its proper name, however it was spelt."""
    return product.name if product.brand or len(product.substances) > 1 else product.substances[0]


def strengths(name: str, formulary: Formulary) -> list[str]:
    """The forms and strengths of the medicine, "Tab 500 mg", at most eight; a combination has its label alone."""
    found = dict.fromkeys(_sold(name, formulary))
    return [one for one in found if any(True for _ in _ways(name, one, formulary))][:MOST]


def _sold(name: str, formulary: Formulary) -> Iterator[str]:
    product = next((one for one in formulary.products if one.name == name), None)
    if product is None:
        return
    if len(product.substances) > 1:
        yield from (label for label in product.strengths if label.isdigit() or not label)
        return
    for form, sold in formulary.substances[product.substances[0]].sold.items():
        if form in FORMS:
            yield from (f"{FORMS[form]} {strength}" for strength in sold)


def how_often(name: str, strength: str, formulary: Formulary) -> list[str]:
    """The usual ways to take this, each of which the reader is sure about."""
    return list(_ways(name, strength, formulary))


def _ways(name: str, strength: str, formulary: Formulary) -> Iterator[str]:
    for way in OFTEN.get(strength.split(" ", 1)[0], LABELLED):
        if read_line(line(name, strength, way, 0), formulary).checked:
            yield way


def line(name: str, strength: str, way: str, days: int) -> str:
    """The line as a pharmacist types it. `days` 0: no end."""
    form, _, amount = strength.partition(" ")
    first = f"{form} {name} {amount}" if form in OFTEN else f"{name} {strength}"
    return " ".join(f"{first} {way}{f' x {days} days' if days else ''}".split())
