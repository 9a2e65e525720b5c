"""Temperatures, biases and thresholds, fitted on the validation split."""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import CARDIAC, CHEST, ROUTER, Thresholds
from inference.model.softmax import softmax
from ml.data.loader import Targets
from ml.evaluation.metrics import Predictions
from ml.evaluation.outputs import LABELS

STEPS: Final = 3000
BIAS_DECAY: Final = 2e-3  # regularises the biases: a dozen validation patients must not determine the prior
UNCERTAIN: Final = 0.75
STATED_ERROR: Final = 0.05
REFUSED_SCANS: Final = 0.015  # share of good scans that the distance threshold may refuse
FAR: Final = 0.05
MIN_NEITHER: Final = 0.1  # lower bound of the threshold `neither`


class Scaling(NamedTuple):
    """Calibration parameters: softmax(logits / temperature + bias)."""

    temperature: float
    bias: NDArray[np.float64]


def fit_scaling(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> Scaling:
    """Fit by maximum likelihood with gradient descent; `logits` is n × classes, `targets` n class indices."""
    expected = np.eye(logits.shape[1])[targets]
    sharpness, bias = 1.0, np.zeros(logits.shape[1])
    centred = logits.astype(np.float64) - logits.mean(axis=1, keepdims=True)
    size = 0.5 / max(1.0, float(centred.var()))
    for _ in range(STEPS):
        slope = (softmax((centred * sharpness + bias).astype(np.float32)) - expected) / len(targets)
        sharpness = max(0.05, sharpness - size * float((slope * centred).sum()))
        bias -= 0.5 * (slope.sum(axis=0) + BIAS_DECAY * bias)
    return Scaling(1.0 / sharpness, bias - bias.mean())


def fit_branches(logits: NDArray[np.float32], targets: Targets) -> dict[str, Scaling]:
    """Calibration of router, chest and cardiac branch; the router's includes out-of-distribution pictures.

    Cardiac slices keep their class ratio (four Sick to one Normal): the branch has too few patients to correct it, and
    the threshold by `thresholds_at_error` keeps its predictions uncertain.
    """
    chest = (targets.branch >= CHEST.start) & (targets.branch < CHEST.stop)
    cardiac = targets.branch >= CARDIAC.start
    return {
        "router": fit_scaling(logits[:, ROUTER], targets.route),
        "chest_xray": fit_scaling(logits[chest][:, CHEST], targets.branch[chest] - CHEST.start),
        "cardiac_mri": fit_scaling(logits[cardiac][:, CARDIAC], targets.branch[cardiac] - CARDIAC.start),
    }


def logit_offsets(scalings: Mapping[str, Scaling]) -> NDArray[np.float32]:
    """The biases as offsets of the ten logits, so that serving only divides by temperatures."""
    parts = [scalings[name] for name in ("router", "chest_xray", "cardiac_mri")]
    return np.concatenate([part.temperature * part.bias for part in parts]).astype(np.float32)


def choose_thresholds(
    distances: NDArray[np.float32], ood: NDArray[np.float32], neither: NDArray[np.float64], predictions: Predictions
) -> Thresholds:
    """Thresholds that refuse at most the allowed share of the validation scans and keep the stated error rate.

    When scans and out-of-distribution pictures are separable, the distance threshold is their geometric mean, because
    scans of other hospitals are farther than most of the training scans.
    """
    scans_end, ood_begin = np.quantile(distances, 1 - REFUSED_SCANS), np.quantile(ood, REFUSED_SCANS)
    return Thresholds(
        uncertain=UNCERTAIN,
        distance=float(max(scans_end, np.sqrt(scans_end * ood_begin))),
        far=float(np.quantile(distances, 1 - FAR)),
        neither=max(MIN_NEITHER, float(np.quantile(neither, 1 - REFUSED_SCANS / 5))),
        condition=0.9,
        by_label=thresholds_at_error(predictions),
    )


def thresholds_at_error(predictions: Predictions, error: float = STATED_ERROR) -> dict[str, float]:
    """For each class the lowest confidence above which at most `error` of its predictions are wrong.

    Uses Laplace smoothing (one more right and one more wrong), so that few samples do not set a low threshold.
    """
    needed = {}
    for position, label in enumerate(LABELS):
        own = predictions.take(np.flatnonzero(predictions.predicted == position))
        order = np.argsort(-own.confidence)
        wrong = (np.cumsum((own.truth != own.predicted)[order]) + 1) / (np.arange(1, len(order) + 1) + 2)
        held = np.flatnonzero(wrong <= error)
        needed[label.value] = math.floor(1e4 * own.confidence[order][held[-1]]) / 1e4 if len(held) else 0.99
    return {label: value for label, value in needed.items() if value > UNCERTAIN}
