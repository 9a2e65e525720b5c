"""Control limits for the model in use: is it still the model that was tried, on the pictures it was made for?

Shewhart charts with limits of three standard errors (Montgomery, Introduction to Statistical Quality Control, ch. 6-7):
the latest window is compared with everything that the same model version did in this house before it."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Final

WINDOW: Final = 50
LEAST: Final = 50  # earlier decisions that a comparison needs
SIGMAS: Final = 3


def agreement_fell(decisions: Sequence[bool]) -> bool:
    """Whether doctors agree with the model less than they used to; oldest decision first (p chart, lower limit)."""
    before, latest = decisions[:-WINDOW], decisions[-WINDOW:]
    if len(before) < LEAST:
        return False
    usual = fmean(before)
    usual = min(usual, 1 - 1 / len(before))  # a spotless past still leaves room for chance
    return fmean(latest) < usual - SIGMAS * sqrt(usual * (1 - usual) / WINDOW)


def pictures_changed(distances: Sequence[float]) -> bool:
    """Whether pictures lie nearer to or farther from the training data than they used to (x-bar chart)."""
    before, latest = distances[:-WINDOW], distances[-WINDOW:]
    if len(before) < LEAST:
        return False
    return abs(fmean(latest) - fmean(before)) > SIGMAS * stdev(before) / sqrt(WINDOW)
