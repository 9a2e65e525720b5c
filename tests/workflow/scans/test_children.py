"""Predictions for children are never certain and bear no risk."""

from datetime import date

import numpy as np
import pytest

from inference.model.bundle import ModelIdentity
from inference.model.prediction import Doubt, Prediction
from models.tables.scans import AiFinding
from models.vocabulary import Label, Modality, Risk
from workflow.scans.children import age_on, withhold_certainty
from workflow.scans.risk import risk_of

DAY = date(2026, 11, 29)
CERTAIN = Prediction(
    modality=Modality.CHEST_XRAY,
    label=Label.COVID,
    confidence=0.97,
    threshold=0.75,
    probabilities={label: 0.97 if label is Label.COVID else 0.006 for label in Label},
    uncertain=False,
    abnormal=0.99,
    distance=0.1,
    model=ModelIdentity("m", "1", "0"),
    heatmap=np.zeros((5, 5), np.float32),
    crop=0.0,
)


def risk(prediction: Prediction) -> Risk:
    return risk_of(
        AiFinding(uncertain=prediction.uncertain, abnormal=prediction.abnormal, label=prediction.label.value)
    )


@pytest.mark.parametrize(
    ("born", "years"),
    [(date(2010, 11, 29), 16), (date(2010, 11, 30), 15), (date(2026, 11, 29), 0), (date(2008, 2, 29), 18)],
)
def test_years_are_completed_years(born: date, years: int) -> None:
    assert age_on(DAY, born) == years


@pytest.mark.parametrize("born", [date(2010, 11, 30), date(2026, 1, 1)])
def test_a_certain_answer_about_a_child_becomes_uncertain_with_its_reason(born: date) -> None:
    reading = withhold_certainty(CERTAIN, born, DAY)
    assert reading.uncertain
    assert reading.doubts == (Doubt.CHILD,)
    assert risk(CERTAIN) is Risk.HIGH
    assert risk(reading) is Risk.UNCLEAR
    assert reading.probabilities == CERTAIN.probabilities


@pytest.mark.parametrize("born", [None, date(2010, 11, 29), date(1950, 1, 1)])
def test_the_answer_about_anybody_else_stays(born: date | None) -> None:
    assert withhold_certainty(CERTAIN, born, DAY) is CERTAIN
