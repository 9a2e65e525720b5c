"""Figures of merit, with intervals that know that a patient's pictures belong together."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS: Final = 15
ROUNDS: Final = 1000


class Interval(NamedTuple):
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Answers(NamedTuple):
    """What was true, what was said, and how surely, picture by picture."""

    truth: NDArray[np.int64]
    said: NDArray[np.int64]
    confidence: NDArray[np.float64]

    def take(self, where: NDArray[Any]) -> "Answers":
        """Some of them."""
        return Answers(self.truth[where], self.said[where], self.confidence[where])


Measure = Callable[[Answers], float]


def accuracy(answers: Answers) -> float:
    """Share of right answers."""
    return float(np.mean(answers.truth == answers.said))


def macro_recall(answers: Answers) -> float:
    """Mean over the classes of the share found: what balanced accuracy is, too."""
    recalls = [np.mean(answers.said[answers.truth == one] == one) for one in np.unique(answers.truth)]
    return float(np.mean(recalls))


def calibration_error(answers: Answers, bins: int = BINS) -> float:
    """Expected calibration error: how far confidence and accuracy lie apart, over equal-width bins."""
    right = answers.truth == answers.said
    place = np.minimum((answers.confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(right[place == one].mean() - answers.confidence[place == one].mean()) * np.mean(place == one)
        for one in np.unique(place)
    ]
    return float(np.sum(gaps))


def coverage(answers: Answers, threshold: float) -> float:
    """Share of pictures that get an answer at all."""
    return float(np.mean(answers.confidence >= threshold))


def selective_accuracy(answers: Answers, threshold: float) -> float:
    """Share of right answers among those given."""
    sure = answers.confidence >= threshold
    return float(np.mean(answers.truth[sure] == answers.said[sure])) if sure.any() else float("nan")


def bootstrap(answers: Answers, groups: Sequence[str], measure: Measure, seed: int = 42) -> Interval:
    """Draw patients, not pictures: slices of one heart are no independent witnesses."""
    _, inverse = np.unique(np.asarray(groups), return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(ROUNDS):
        drawn = generator.integers(0, len(members), len(members))
        values.append(measure(answers.take(np.concatenate([members[one] for one in drawn]))))
    low, high = np.nanpercentile(values, (2.5, 97.5))
    return Interval(measure(answers), float(low), float(high))
