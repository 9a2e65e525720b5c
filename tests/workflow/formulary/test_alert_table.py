"""The interactions, allergies, doses and limits that matter, restated by hand in pairs.toml and cases.toml."""

import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from workflow.formulary.checking import check, patient_from
from workflow.formulary.reading import read_line

FOLDER: Final = Path(__file__).parent
PAIRS: Final = tomllib.loads((FOLDER / "pairs.toml").read_text(encoding="utf-8"))
CASES: Final = tomllib.loads((FOLDER / "cases.toml").read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize(("new", "current", "level", "about"), PAIRS["pairs"])
def test_an_interaction_is_found_whichever_of_the_two_is_prescribed(
    new: str, current: str, level: str, about: str
) -> None:
    """Beside a current medicine, and both on one prescription."""
    beside = check(patient_from({"current": [current]}), [read_line(new)])
    together = check(patient_from({}), [read_line(current), read_line(new)])
    for alerts in (beside, together):
        found = {(" ".join(one.about), str(one.level)) for one in alerts if one.kind == "interaction"}
        assert (about, level) in found


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_alert_that_is_right_is_found_and_no_stop_beside_it(case: dict[str, Any]) -> None:
    """Right alerts are found at their level; a stop that the table does not know is one too many."""
    alerts = check(patient_from(case.get("patient", {})), [read_line(line) for line in case["lines"]])
    found = {(str(one.kind), str(one.level), " ".join(one.about)) for one in alerts}
    expected = {(kind, level, about) for kind, level, about in case["alerts"]}
    assert expected <= found
    stops_for = {about for _, level, about in expected if level == "stop"}
    assert all(about in stops_for for _, level, about in found - expected if level == "stop")
    assert expected or not found


@pytest.mark.parametrize("lines", PAIRS["meant"])
def test_what_is_prescribed_together_every_day_raises_no_alert(lines: list[str]) -> None:
    """Alarms where none is right make the right ones unseen."""
    adult = {"age": 45, "weight_kg": 65, "sex": "male", "allergies": [], "kidney": "normal", "liver": "normal"}
    assert check(patient_from(adult), [read_line(line) for line in lines]) == []
