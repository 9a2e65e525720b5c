"""Lines picked from buttons: each one that can be picked is read back for sure, as what was picked."""

import pytest

from workflow.formulary.load import load
from workflow.formulary.reading import read_line
from workflow.medication import picking

BEGUN = [  # what is typed, what has to be among the offers, one of its strengths
    ("azi", "azithromycin", "Tab 500 mg"),
    ("augm", "Augmentin", "625"),
    ("dol", "Dolo", "Tab 650 mg"),
    ("amoxy", "amoxicillin", "Cap 500 mg"),
    ("budec", "Budecort", "Inhaler 200 mcg"),
    ("cefix", "cefixime", "Syp 100 mg/5 ml"),
]


@pytest.mark.parametrize(("begun", "name", "strength"), BEGUN)
def test_a_medicine_is_found_by_its_beginning_in_any_spelling(begun: str, name: str, strength: str) -> None:
    assert name in picking.medicines(begun, load())
    assert strength in picking.strengths(name, load())


@pytest.mark.parametrize("begun", ["", "a", "qqq", "?"])
def test_too_short_or_unknown_beginnings_offer_nothing(begun: str) -> None:
    assert picking.medicines(begun, load()) == []


@pytest.mark.slow
def test_every_line_that_can_be_picked_is_read_back_as_picked() -> None:
    formulary = load()
    wrong, lines = [], 0
    for substance in formulary.substances.values():
        for strength in picking.strengths(substance.name, formulary):
            for way in picking.how_often(substance.name, strength, formulary):
                text = picking.line(substance.name, strength, way, 5)
                line = read_line(text, formulary)
                lines += 1
                if not line.checked or line.substances != (substance.name,) or line.days != 5:
                    wrong.append(text)
    assert lines > 500
    assert wrong == []
