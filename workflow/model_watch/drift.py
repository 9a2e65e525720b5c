"""Drift detection for the model in use.

Shewhart charts with limits of three standard errors (Montgomery, Introduction to Statistical Quality Control, ch. 6-7):
the latest `WINDOW` scans are compared with all earlier ones of the same model version at this hospital."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Final

WINDOW: Final = 50
MIN_HISTORY: Final = 50  # earlier values needed for a comparison
SIGMAS: Final = 3


def agreement_dropped(decisions: Sequence[bool]) -> bool:
    """Whether the doctors' agreement fell below the lower control limit (p chart). `decisions`: oldest first."""
    before, latest = decisions[:-WINDOW], decisions[-WINDOW:]
    if len(before) < MIN_HISTORY:
        return False
    usual = fmean(before)
    usual = min(usual, 1 - 1 / len(before))  # perfect agreement would leave no room for chance
    return fmean(latest) < usual - SIGMAS * sqrt(usual * (1 - usual) / WINDOW)


def inputs_drifted(distances: Sequence[float]) -> bool:
    """Whether the distance of pictures from the training data left its control limits (x-bar chart); oldest first."""
    before, latest = distances[:-WINDOW], distances[-WINDOW:]
    if len(before) < MIN_HISTORY:
        return False
    return abs(fmean(latest) - fmean(before)) > SIGMAS * stdev(before) / sqrt(WINDOW)
