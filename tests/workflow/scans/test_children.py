"""Predictions for children are never certain and bear no risk."""

from datetime import date

import pytest

from inference.model.prediction import Doubt
from models.tables.scans import AiFinding
from models.vocabulary import Label, Risk
from workflow.scans.children import age_on, is_child, withhold_certainty
from workflow.scans.risk import risk_of

DAY = date(2026, 11, 29)
CERTAIN = {"uncertain": False, "abnormal": 0.99, "label": Label.COVID.value, "doubts": ["unstable"], "confidence": 0.97}


@pytest.mark.parametrize(
    ("born", "years"),
    [(date(2010, 11, 29), 16), (date(2010, 11, 30), 15), (date(2026, 11, 29), 0), (date(2008, 2, 29), 18)],
)
def test_years_are_completed_years(born: date, years: int) -> None:
    assert age_on(DAY, born) == years


@pytest.mark.parametrize(
    ("born", "child"),
    [(date(2010, 11, 30), True), (date(2026, 1, 1), True), (date(2010, 11, 29), False), (None, False)],
)
def test_a_child_is_below_sixteen_on_the_day_of_the_scan(born: date | None, child: bool) -> None:
    assert is_child(born, DAY) is child


def test_a_certain_answer_about_a_child_becomes_uncertain_with_its_reason() -> None:
    columns = withhold_certainty(CERTAIN)
    assert columns == CERTAIN | {"uncertain": True, "doubts": ["unstable", Doubt.CHILD.value]}
    assert risk_of(AiFinding(**CERTAIN)) is Risk.HIGH
    assert risk_of(AiFinding(**columns)) is Risk.UNCLEAR
