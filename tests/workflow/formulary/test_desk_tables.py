"""Lines and patients as a chest and heart desk types them, with the answer that a careful pharmacist gives."""

from pathlib import Path
from typing import Any, Final

import pytest

from workflow.formulary.checking import check, patient_from
from workflow.formulary.reading import read_line

FOLDER: Final = Path(__file__).parent
FACTS: Final = {"allergy": "allergies", "has": "conditions", "on": "current"}
ANSWERS: Final = {"": True, "no": False, "unknown": None}
SAID: Final = {"yes": True, "no": False}


def _rows(pattern: str) -> list[list[str]]:
    texts = [file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob(pattern))]
    lines = (line for text in texts for line in text.splitlines() if line and not line.startswith("#"))
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def _listed(cell: str, separator: str = ";") -> list[str]:
    return [part.strip() for part in cell.split(separator) if part.strip()]


LINES: Final = _rows("*_lines.txt")
PATIENTS: Final = _rows("*_patients.txt")


@pytest.mark.parametrize(
    ("text", "kind", "substances", "times", "days", "needed"), LINES, ids=[row[0] for row in LINES]
)
def test_a_typed_line_says_what_a_pharmacist_reads_in_it(  # the columns of the table
    text: str, kind: str, substances: str, times: str, days: str, needed: str
) -> None:
    """Kind, substances, how often, how long and whether at need; "-" is nothing, "?" is not compared."""
    line = read_line(text).as_dict()
    assert line["kind"] == kind
    assert substances == "?" or set(line["substances"]) == ({*_listed(substances, ",")} - {"-"})
    for cell, said in ((times, line["times_per_day"]), (days, line["days"])):
        assert cell == "?" or said == (None if cell == "-" else int(cell))
    assert needed == "?" or line["as_needed"] is SAID[needed]
    assert line["checked"] is False or kind == "medicine"


def _patient(who: str, facts: str) -> dict[str, Any]:
    age, weight, sex = who.split()
    patient: dict[str, Any] = {"age": float(age), "weight_kg": float(weight), "sex": sex}
    patient |= {name: [] for name in FACTS.values()}
    for fact in _listed(facts):
        name, _, said = (part.strip() for part in fact.partition(":"))
        if name in FACTS:
            patient[FACTS[name]].append(said)
        else:
            patient[name] = "impaired" if name in {"kidney", "liver"} else ANSWERS[said]
    return patient


@pytest.mark.parametrize(("who", "facts", "lines", "expected"), PATIENTS, ids=[" ".join(row[:3]) for row in PATIENTS])
def test_a_patients_alerts_are_found_and_none_where_none_is_right(
    who: str, facts: str, lines: str, expected: str
) -> None:
    """Each expected alert by kind, level and substances ("?": any); nothing for a patient without one."""
    alerts = check(patient_from(_patient(who, facts)), [read_line(line) for line in _listed(lines)])
    for kind, level, about in (part.split(" ", 2) for part in _listed(expected)):
        assert any(
            kind in {"?", one.kind} and level in {"?", one.level} and {*_listed(about, ",")} <= {*one.about}
            for one in alerts
        ), (kind, level, about, alerts)
    assert expected or not alerts
