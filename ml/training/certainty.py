"""Choose the certainty thresholds of both groups of films on clean and degraded validation films."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

NEVER: Final = 1.01
STEP: Final = 0.01
LOWEST: Final = 0.5
FEWEST: Final = 15  # answers above a threshold; with fewer the class stays uncertain
ENOUGH: Final = 20  # clean answers from which their own error counts
PRIOR_WRONG: Final = 0.2  # additive smoothing of the error of degraded films
PRIOR: Final = 0.4


@dataclass(frozen=True, eq=False)
class Trials:
    """Answers to n validation films, clean and degraded, that were admitted, near, agreed upon and clearly found.

    Degraded films weigh as much as their class's share of the clean ones."""

    predicted: NDArray[np.int64]  # class indices
    probability: NDArray[np.float64]  # that the threshold is compared with; 0 where another doubt decides
    right: NDArray[np.bool_]
    damaged: NDArray[np.bool_]  # group
    clean: NDArray[np.bool_]
    weight: NDArray[np.float64]
    setting: NDArray[np.str_]  # degradation and strength, "clean" for clean films


def choose_certainty(trials: Trials, floors: NDArray[np.float64], error: float, wrong: float) -> NDArray[np.float64]:
    """Thresholds, classes × (sound, damaged), none below its floor.

    Each is the lowest at which at most `error` of the class's certain answers are wrong, among the clean and among the
    degraded films, a damaged film's no lower than a sound one's; then thresholds rise until under no degradation more
    than `wrong` of all films are certain and wrong."""
    chosen = np.full(floors.shape, NEVER)
    for label in range(len(floors)):
        for group in (0, 1):
            chosen[label, group] = find_lowest(trials, label, bool(group), error)
    chosen[:, 1] = chosen.max(axis=1)
    chosen = np.maximum(chosen, floors)
    return raise_thresholds(trials, chosen, wrong).round(3)


def find_lowest(trials: Trials, label: int, damaged: bool, error: float) -> float:
    """The lowest threshold of a class in a group that keeps the error; NEVER where none does."""
    own = (trials.predicted == label) & (trials.damaged == damaged)
    for threshold in np.arange(LOWEST, 0.99, STEP):
        above = own & (trials.probability >= threshold)
        if above.sum() < FEWEST:
            break
        if _keeps_error(trials, above, error):
            return float(threshold)
    return NEVER


def _keeps_error(trials: Trials, above: NDArray[np.bool_], error: float) -> bool:
    clean, degraded = above & trials.clean, above & ~trials.clean
    if clean.sum() >= ENOUGH and np.mean(~trials.right[clean]) > error:
        return False
    if not degraded.any():
        return True
    weight = trials.weight[degraded]
    share = (weight[~trials.right[degraded]].sum() + PRIOR_WRONG) / (weight.sum() + PRIOR)
    return bool(share <= error)


def raise_thresholds(
    trials: Trials, chosen: NDArray[np.float64], wrong: float, rounds: int = 400
) -> NDArray[np.float64]:
    """Raise the threshold with the most certain, wrong answers under the worst degradation until `wrong` is kept."""
    chosen, settings = chosen.copy(), [one for one in np.unique(trials.setting) if one != "clean"]
    for _ in range(rounds):
        bad = (trials.probability >= chosen[trials.predicted, trials.damaged.astype(int)]) & ~trials.right
        worst = max(settings, key=lambda one: float(np.mean(bad[trials.setting == one])), default=None)
        if worst is None or np.mean(bad[trials.setting == worst]) <= wrong:
            break
        there = np.flatnonzero(bad & (trials.setting == worst))
        pairs: Sequence[tuple[int, int]] = [(int(trials.predicted[n]), int(trials.damaged[n])) for n in there]
        chosen[Counter(pairs).most_common(1)[0][0]] += STEP
    return chosen
