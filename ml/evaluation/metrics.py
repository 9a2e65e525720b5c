"""Classification metrics, with bootstrap intervals by patient."""

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


class Predictions(NamedTuple):
    """True and predicted class indices and the confidences of n pictures."""

    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float64]

    def take(self, where: NDArray[Any]) -> "Predictions":
        """The selected pictures."""
        return Predictions(self.truth[where], self.predicted[where], self.confidence[where])


Measure = Callable[[Predictions], float]


def accuracy(predictions: Predictions) -> float:
    """Share of correct predictions."""
    return float(np.mean(predictions.truth == predictions.predicted))


def macro_recall(predictions: Predictions) -> float:
    """Mean recall over the classes (balanced accuracy)."""
    recalls = [np.mean(predictions.predicted[predictions.truth == one] == one) for one in np.unique(predictions.truth)]
    return float(np.mean(recalls))


def calibration_error(predictions: Predictions, bins: int = BINS) -> float:
    """Expected calibration error over equal-width bins."""
    right = predictions.truth == predictions.predicted
    position = np.minimum((predictions.confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(right[position == one].mean() - predictions.confidence[position == one].mean()) * np.mean(position == one)
        for one in np.unique(position)
    ]
    return float(np.sum(gaps))


def as_coverage(predictions: Predictions, needed: NDArray[np.float64] | float) -> Predictions:
    """Predictions whose accuracy equals the coverage: the share with at least the needed confidence."""
    sure = (predictions.confidence >= needed).astype(np.int64)
    return Predictions(np.ones_like(sure), sure, predictions.confidence)


def roc_auc(truth: NDArray[np.int64], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve; NaN when a class is missing."""
    positive, negative = score[truth == 1], score[truth == 0]
    if not len(positive) or not len(negative):
        return float("nan")
    wins = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    return float(wins)


def risk_coverage(predictions: Predictions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage, and the error rate among the most confident predictions at that coverage."""
    order = np.argsort(-predictions.confidence, kind="stable")
    wrong = (predictions.truth != predictions.predicted)[order]
    counts = np.arange(1, len(wrong) + 1)
    return counts / len(wrong), np.cumsum(wrong) / counts


def bootstrap(predictions: Predictions, groups: Sequence[str], measure: Measure, seed: int = 42) -> Interval:
    """A metric with its 95 % bootstrap interval, resampling `groups` (patients) because their pictures correlate."""
    _, inverse = np.unique(np.asarray(groups), return_inverse=True)
    count, every = int(inverse.max()) + 1, np.arange(len(inverse))
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(ROUNDS):
        times = np.bincount(generator.integers(0, count, count), minlength=count)
        values.append(measure(predictions.take(np.repeat(every, times[inverse]))))
    low, high = np.nanpercentile(values, (2.5, 97.5))
    return Interval(measure(predictions), float(low), float(high))
