"""Temperatures, biases and thresholds, chosen on the validation split."""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import CARDIAC, CHEST, ROUTER, Thresholds
from inference.model.reading import softmax
from ml.data.loader import Targets
from ml.evaluation.answers import LABELS
from ml.evaluation.metrics import Answers

STEPS: Final = 3000
PULL: Final = 2e-3  # towards no bias: a dozen validation patients must not write the prior
UNCERTAIN: Final = 0.75
STATED_ERROR: Final = 0.05
REFUSED_SCANS: Final = 0.015  # how many good scans the distance may send back; the other checks take the rest
FAR: Final = 0.05
FOREIGN: Final = 0.1  # the router may be this sure that a scan is none, whatever the validation scans say


class Scaling(NamedTuple):
    """A softmax is calibrated as softmax(logits / temperature + bias)."""

    temperature: float
    bias: NDArray[np.float64]


def fit_scaling(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> Scaling:
    """Maximum likelihood by plain gradient descent; five numbers need nothing better."""
    wanted = np.eye(logits.shape[1])[targets]
    sharpness, bias = 1.0, np.zeros(logits.shape[1])
    centred = logits.astype(np.float64) - logits.mean(axis=1, keepdims=True)
    size = 0.5 / max(1.0, float(centred.var()))
    for _ in range(STEPS):
        slope = (softmax((centred * sharpness + bias).astype(np.float32)) - wanted) / len(targets)
        sharpness = max(0.05, sharpness - size * float((slope * centred).sum()))
        bias -= 0.5 * (slope.sum(axis=0) + PULL * bias)
    return Scaling(1.0 / sharpness, bias - bias.mean())


def fit_branches(logits: NDArray[np.float32], targets: Targets) -> dict[str, Scaling]:
    """Router, chest and cardiac branch each have their own; the router's sees the strangers too.

    Hearts count as they come, four sick slices to a normal one: their branch knows too little to overrule that, and
    the threshold that `hold_error` sets keeps its answers uncertain.
    """
    chest = (targets.branch >= CHEST.start) & (targets.branch < CHEST.stop)
    cardiac = targets.branch >= CARDIAC.start
    return {
        "router": fit_scaling(logits[:, ROUTER], targets.route),
        "chest_xray": fit_scaling(logits[chest][:, CHEST], targets.branch[chest] - CHEST.start),
        "cardiac_mri": fit_scaling(logits[cardiac][:, CARDIAC], targets.branch[cardiac] - CARDIAC.start),
    }


def fold(scalings: Mapping[str, Scaling]) -> NDArray[np.float32]:
    """The biases as an addition to the network's ten logits, so that serving divides by temperatures and no more."""
    parts = [scalings[name] for name in ("router", "chest_xray", "cardiac_mri")]
    return np.concatenate([part.temperature * part.bias for part in parts]).astype(np.float32)


def choose_thresholds(
    distances: NDArray[np.float32], strange: NDArray[np.float32], neither: NDArray[np.float64], answers: Answers
) -> Thresholds:
    """Limits that send back no more than the allowed share of the validation scans, and hold the stated error.

    Where scans and strangers lie apart, the distance's limit is half-way between them on a logarithmic scale: a film
    of an outside hospital is farther than most of ours, and is still a film.
    """
    scans_end, strangers_begin = np.quantile(distances, 1 - REFUSED_SCANS), np.quantile(strange, REFUSED_SCANS)
    return Thresholds(
        uncertain=UNCERTAIN,
        distance=float(max(scans_end, np.sqrt(scans_end * strangers_begin))),
        far=float(np.quantile(distances, 1 - FAR)),
        neither=max(FOREIGN, float(np.quantile(neither, 1 - REFUSED_SCANS / 5))),
        condition=0.9,
        by_label=hold_error(answers),
    )


def hold_error(answers: Answers, error: float = STATED_ERROR) -> dict[str, float]:
    """For each class the least confidence from which no more than `error` of its answers are wrong.

    Counted with one right and one wrong answer more than were seen (Laplace), or a lucky handful would set the bar.
    """
    needed = {}
    for place, label in enumerate(LABELS):
        own = answers.take(np.flatnonzero(answers.said == place))
        order = np.argsort(-own.confidence)
        wrong = (np.cumsum((own.truth != own.said)[order]) + 1) / (np.arange(1, len(order) + 1) + 2)
        held = np.flatnonzero(wrong <= error)
        needed[label.value] = math.floor(1e4 * own.confidence[order][held[-1]]) / 1e4 if len(held) else 0.99
    return {label: value for label, value in needed.items() if value > UNCERTAIN}
