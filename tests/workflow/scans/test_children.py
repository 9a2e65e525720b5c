"""Predictions for children are never certain and bear no risk."""

from datetime import date

import pytest

from inference.model.prediction import Doubt
from models.tables.scans import AiFinding
from models.vocabulary import Label, Risk
from workflow.scans.children import CHILD_FILM, age_on, is_child, withhold_certainty
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
    columns = withhold_certainty(CERTAIN, date(2020, 1, 1), DAY)
    assert columns == CERTAIN | {"uncertain": True, "doubts": ["unstable", Doubt.CHILD.value]}
    assert risk_of(AiFinding(**CERTAIN)) is Risk.HIGH
    assert risk_of(AiFinding(**columns)) is Risk.UNCLEAR


@pytest.mark.parametrize(
    ("born", "film", "doubt"),
    [
        (None, True, Doubt.CHILD_FILM),
        (None, False, None),
        (date(1980, 1, 1), True, None),
        (date(2020, 1, 1), False, Doubt.CHILD),
    ],
)
def test_a_film_that_looks_like_a_childs_counts_where_the_age_is_unknown(
    born: date | None, film: bool, doubt: Doubt | None
) -> None:
    """A known age decides; what the film looks like is no column of the finding."""
    columns = withhold_certainty(CERTAIN | {CHILD_FILM: film}, born, DAY)
    added = [doubt.value] if doubt else []
    assert columns == CERTAIN | {"uncertain": bool(doubt), "doubts": ["unstable", *added]}
    assert risk_of(AiFinding(**columns)) is (Risk.UNCLEAR if doubt else Risk.HIGH)
