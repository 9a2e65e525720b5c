"""Predictions for children are never certain: the model was not validated for them at a hospital it had not seen."""

from dataclasses import replace
from datetime import date
from typing import Final

from inference.model.prediction import Doubt, Prediction

MIN_AGE: Final = 16  # years from which a prediction may be certain


def age_on(day: date, born: date) -> int:
    """Completed years of life."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def withhold_certainty(prediction: Prediction, born: date | None, day: date) -> Prediction:
    """The prediction with the doubt CHILD, so without certainty and risk, for a patient below MIN_AGE on that day."""
    if born is None or age_on(day, born) >= MIN_AGE:
        return prediction
    return replace(prediction, uncertain=True, doubts=(*prediction.doubts, Doubt.CHILD))
