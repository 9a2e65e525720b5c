"""How far a heart's measures lie from those of normal patients, and what follows: a logistic model in plain numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

FLOOR: Final = 0.03  # ratios below it count as it, since their logarithm is taken
FARTHEST: Final = 6.0  # deviations beyond it count as it: one odd slice does not decide alone


@dataclass(frozen=True, eq=False)
class Deviation:
    """Logistic regression on how far each measure lies above and below the normal patients' median.

    Both too much and too little are abnormal, so either side has a weight of its own. All arrays are as long as
    `names`; `middle` and `spread` (robust standard deviation) are those of the logarithms in normal patients.
    """

    names: tuple[str, ...]
    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    above: NDArray[np.float64]
    below: NDArray[np.float64]
    bias: float
    sure_normal: float  # probability of Sick at or below which "Normal" is sure; below 0 it never is
    sure_sick: float  # and that at or above which "Sick" is; above 1 it never is

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """From plain JSON values; KeyError, TypeError or ValueError where they are incomplete or uneven."""
        arrays = {name: np.asarray(stored[name], np.float64) for name in ("middle", "spread", "above", "below")}
        names = tuple(stored["names"])
        if any(values.shape != (len(names),) for values in arrays.values()) or (arrays["spread"] <= 0).any():
            raise ValueError("a heart's model has uneven tables")
        low, high = float(stored["sure_normal"]), float(stored["sure_sick"])
        if low >= high:
            raise ValueError("a heart's thresholds are not in order")
        return cls(names=names, bias=float(stored["bias"]), sure_normal=low, sure_sick=high, **arrays)

    def predict(self, features: Mapping[str, float]) -> float:
        """Probability of Sick, 0 to 1; KeyError where a measure is missing."""
        sides = deviate(take_logs([features], self.names), self.middle, self.spread)[0]
        logit = float(sides @ np.concatenate([self.above, self.below])) + self.bias
        return float(1 / (1 + np.exp(-logit)))


def take_logs(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> NDArray[np.float64]:
    """Logarithms of the named measures: rows × names."""
    table = np.array([[row[name] for name in names] for row in rows], np.float64)
    logs: NDArray[np.float64] = np.log(np.maximum(table, FLOOR))
    return logs


def deviate(logs: NDArray[np.float64], middle: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deviations above, then below: rows × 2 names, each from 0 to FARTHEST spreads."""
    deviation = (logs - middle) / spread
    sides: NDArray[np.float64] = np.clip(np.concatenate([deviation, -deviation], axis=1), 0, FARTHEST)
    return sides
