"""How a line is taken, restated by hand: parts of the day only where the line leaves no doubt."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from models.tables.scans import Prescription, Scan
from models.vocabulary import Language
from workflow.formulary.load import load
from workflow.formulary.reading import read_line
from workflow.medication.dosage import dosage_of
from workflow.prescriptions.prescribing import set_lines
from workflow.reporting.prescription import build_prescription

DAYS = [  # the line, morning-noon-evening-night, the unit
    ("Augmentin 625 bd x5d", [1, 0, 0, 1], ""),
    ("Tab Azithro 500 OD 3 days", [1, 0, 0, 0], "tablet"),
    ("tab dolo 650 1-0-1 x 3d", [1, 0, 0, 1], "tablet"),
    ("T. Dolo 650 0-0-1", [0, 0, 0, 1], "tablet"),
    ("Tab lasix 40 1-1-0", [1, 1, 0, 0], "tablet"),
    ("tab dolo 650 1-1-1-1 2 days", [1, 1, 1, 1], "tablet"),
    ("tab dolo 650 0-0-1-0", [0, 0, 1, 0], "tablet"),
    ("Tab paracetamol 500 mg 2 tabs tds", [2, 2, 0, 2], "tablet"),
    ("tab. metolar 25 mg 1/2 tab bd", [0.5, 0, 0, 0.5], "tablet"),
    ("tab atorva 10 hs", [0, 0, 0, 1], "tablet"),
    ("Tab Dolo 650 1 tab morning and evening 3 days", [1, 0, 1, 0], "tablet"),
    ("Dolo 650 காலை இரவு 3 நாள்", [1, 0, 0, 1], "tablet"),
    ("amoxicillin 250 mg/5 ml 5 ml tds 5 d", [5, 5, 0, 5], "ml"),
    ("budecort 200 2 puffs bd", [2, 0, 0, 2], "puff"),
    ("Tab Prednisolone 30 mg od 5 days", [30, 0, 0, 0], "mg"),  # no tablet of 30 mg: never "1" and never "30 tablets"
]
WORDS_ONLY = [
    "T. Paracetamol 500mg 2 tabs tds sos",
    "Tab Dolo 650 q6h 3d",
    "Tab Dolo 650 every 8 hours 3 days",
    "Tab warfarin 2.5 mg once a week",
    "Tab Dolo 650 alternate days",
    "Tab Azithro 1 g stat",
    "Tab Dolo 650 1 tab at 2 pm",
]
UNCHECKED = ["Zyxoflurane 20 od", "Tab Azithro OD 3 days", "Drink plenty of water", "penicillin allergy?"]


@pytest.mark.parametrize(("text", "parts", "unit"), DAYS)
def test_a_plain_line_has_its_parts_of_the_day(text: str, parts: list[float], unit: str) -> None:
    dosage = dosage_of(read_line(text), load())
    assert dosage is not None
    assert (dosage["parts"], dosage["unit"]) == (parts, unit)


@pytest.mark.parametrize("text", WORDS_ONLY)
def test_what_has_no_plain_place_in_the_day_has_words_only(text: str) -> None:
    dosage = dosage_of(read_line(text), load())
    assert dosage is not None
    assert dosage["parts"] is None


@pytest.mark.parametrize("text", UNCHECKED)
def test_a_line_that_was_not_read_for_sure_has_no_dosage(text: str) -> None:
    assert dosage_of(read_line(text), load()) is None


def test_how_and_how_long() -> None:
    dosage = dosage_of(read_line("Tab Dolo 650 1-0-1 x 3d after food"), load())
    assert dosage is not None
    assert {key: dosage[key] for key in ("route", "food", "days", "times", "as_needed")} == {
        "route": "oral",
        "food": "after",
        "days": 3,
        "times": 2,
        "as_needed": False,
    }


def _stored(*lines: str) -> Prescription:
    prescription = Prescription(scan_id=1, lines=list(lines))
    set_lines(cast("Scan", SimpleNamespace(prescription=prescription)), prescription, datetime.now(UTC))
    return prescription


def test_the_report_has_the_dosages_and_marks_what_was_written_by_hand() -> None:
    medicines = build_prescription(
        _stored("Augmentin 625 bd x5d", "Zyxoflurane 20 od", "Drink plenty of water"), Language.TAMIL
    ).lines
    assert medicines[0].dosage is not None
    assert medicines[0].dosage.parts == (1, 0, 0, 1)
    assert [medicine.by_hand for medicine in medicines] == [None, True, None]


def test_a_prescription_from_before_dosages_is_printed_as_it_was() -> None:
    stored = _stored("Augmentin 625 bd x5d", "Zyxoflurane 20 od")
    without: list[dict[str, Any]] = [
        {key: value for key, value in line.items() if key != "dosage"} for line in stored.read or ()
    ]
    for read in (without, None):
        stored.read = read
        medicines = build_prescription(stored, Language.ENGLISH).lines
        assert [(medicine.dosage, medicine.by_hand) for medicine in medicines] == [(None, None)] * 2
