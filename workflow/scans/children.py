"""Predictions for children are never certain: the model was not validated for them at a hospital it had not seen."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from inference.model.prediction import Doubt

MIN_AGE: Final = 16  # years from which a prediction may be certain
CHILD_FILM: Final = "child_film"  # key of a prediction read ahead, not a column: whether the film looks like a child's


def age_on(day: date, born: date) -> int:
    """Completed years of life."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def is_child(born: date | None, day: date) -> bool:
    """Whether a patient is below MIN_AGE on that day; False where the birth date is unknown."""
    return born is not None and age_on(day, born) < MIN_AGE


def find_doubt(born: date | None, day: date, child_film: bool) -> Doubt | None:
    """Why a prediction for this patient cannot be certain; None for a patient old enough, or taken for one."""
    if born is None:
        return Doubt.CHILD_FILM if child_film else None
    return Doubt.CHILD if is_child(born, day) else None


def withhold_certainty(result: Mapping[str, Any], born: date | None, day: date) -> dict[str, Any]:
    """The columns of a finding; a child's has the doubt that says so, and neither certainty nor risk."""
    columns = {name: value for name, value in result.items() if name != CHILD_FILM}
    doubt = find_doubt(born, day, result.get(CHILD_FILM, False))
    return columns | {"uncertain": True, "doubts": [*columns["doubts"], doubt.value]} if doubt else columns
