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


def sureness(answers: Answers, needed: NDArray[np.float64] | float) -> Answers:
    """Answers whose "accuracy" is the share of pictures that get one at all: the coverage."""
    sure = (answers.confidence >= needed).astype(np.int64)
    return Answers(np.ones_like(sure), sure, answers.confidence)


def area(truth: NDArray[np.int64], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve: how often a positive scores above a negative, ties counting half."""
    positive, negative = score[truth == 1], score[truth == 0]
    if not len(positive) or not len(negative):
        return float("nan")
    above = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    return float(above)


def risk_coverage(answers: Answers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Error among the surest answers, for every share of pictures answered."""
    order = np.argsort(-answers.confidence, kind="stable")
    wrong = (answers.truth != answers.said)[order]
    counts = np.arange(1, len(wrong) + 1)
    return counts / len(wrong), np.cumsum(wrong) / counts


def bootstrap(answers: Answers, groups: Sequence[str], measure: Measure, seed: int = 42) -> Interval:
    """Draw patients, not pictures: slices of one heart are no independent witnesses."""
    _, inverse = np.unique(np.asarray(groups), return_inverse=True)
    count, every = int(inverse.max()) + 1, np.arange(len(inverse))
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(ROUNDS):
        times = np.bincount(generator.integers(0, count, count), minlength=count)
        values.append(measure(answers.take(np.repeat(every, times[inverse]))))
    low, high = np.nanpercentile(values, (2.5, 97.5))
    return Interval(measure(answers), float(low), float(high))
