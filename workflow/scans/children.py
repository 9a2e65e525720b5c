"""Predictions for children are never certain: the model was not validated for them at a hospital it had not seen."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from inference.model.prediction import Doubt

MIN_AGE: Final = 16  # years from which a prediction may be certain


def age_on(day: date, born: date) -> int:
    """Completed years of life."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def is_child(born: date | None, day: date) -> bool:
    """Whether a patient is below MIN_AGE on that day; False where the birth date is unknown."""
    return born is not None and age_on(day, born) < MIN_AGE


def withhold_certainty(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a finding with the doubt CHILD, so without certainty and risk."""
    return {**columns, "uncertain": True, "doubts": [*columns["doubts"], Doubt.CHILD.value]}
