"""What the model says of one picture, or of several slices of one heart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import (
    BRANCHES,
    CARDIAC,
    CHEST,
    ROUTER,
    Label,
    Modality,
    ModelIdentity,
    Temperatures,
    Thresholds,
)
from inference.upload.picture import Adjustment

NEAR: Final = 0.20  # two classes whose probabilities lie closer are said to be near


class Doubt(StrEnum):
    """Why a reading is not to be leaned on."""

    LOW_CONFIDENCE = "low_confidence"  # below the threshold of its class
    NEAR_CLASSES = "near_classes"  # a second class is almost as likely
    FAR = "far_from_training"  # few training scans look like it
    POOR_IMAGE = "poor_image"  # readable, at the edge of what the training scans show
    UNSTABLE = "unstable"  # the answer moves when the picture is recompressed: ask for the file itself


ABOUT_PICTURE: Final = (Doubt.POOR_IMAGE, Doubt.UNSTABLE)  # the others follow from probabilities and distance


@dataclass(frozen=True, eq=False)
class Reading:
    """It supports a clinician and replaces none."""

    modality: Modality
    label: Label
    confidence: float
    threshold: float  # the confidence that this class needs
    probabilities: dict[Label, float]  # six, in the manifest's order, summing to 1
    uncertain: bool
    abnormal: float  # probability of anything but Normal
    distance: float  # to the training scans, 0 to 2
    model: ModelIdentity
    heatmap: NDArray[np.float32]  # side × side in [0, 1], over the picture put right, without its cropped border
    crop: float
    adjustments: tuple[Adjustment, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The reading as plain JSON values, without the heat map."""
        return {
            "modality": self.modality.value,
            "label": self.label.value,
            "confidence": round(self.confidence, 4),
            "threshold": round(self.threshold, 4),
            "uncertain": self.uncertain,
            "abnormal": round(self.abnormal, 4),
            "probabilities": {label.value: round(value, 4) for label, value in self.probabilities.items()},
            "doubts": [doubt.value for doubt in self.doubts],
            "adjustments": [adjustment.value for adjustment in self.adjustments],
        }


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Along the last axis, in double precision so that it sums to 1."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers: NDArray[np.float64] = np.exp(shifted)
    shares: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def combine(logits: NDArray[np.float32], temperatures: Temperatures) -> dict[Label, float]:
    """Six probabilities: the router's share of each kind of scan times that branch's own softmax."""
    routes = softmax(logits[ROUTER][:2] / temperatures.router)
    chest = softmax(logits[CHEST] / temperatures.chest_xray) * routes[0]
    cardiac = softmax(logits[CARDIAC] / temperatures.cardiac_mri) * routes[1]
    total = dict.fromkeys(Label, 0.0)
    for modality, shares in ((Modality.CHEST_XRAY, chest), (Modality.CARDIAC_MRI, cardiac)):
        for label, share in zip(BRANCHES[modality], shares, strict=True):
            total[label] += float(share)
    return total


def choose_label(modality: Modality, probabilities: dict[Label, float]) -> Label:
    """The likeliest class that this kind of scan can have."""
    return max(BRANCHES[modality], key=lambda label: probabilities[label])


def doubt(
    modality: Modality, probabilities: dict[Label, float], distance: float, limits: Thresholds
) -> tuple[Doubt, ...]:
    """The reasons that the probabilities and the distance give by themselves."""
    label = choose_label(modality, probabilities)
    confidence = probabilities[label]
    second = max(share for one, share in probabilities.items() if one is not label)
    reasons = (
        (confidence < limits.of(label), Doubt.LOW_CONFIDENCE),
        (confidence - second < NEAR, Doubt.NEAR_CLASSES),
        (distance > limits.far, Doubt.FAR),
    )
    return tuple(reason for found, reason in reasons if found)


def is_uncertain(doubts: Sequence[Doubt]) -> bool:
    """A low confidence or an answer that moves; the other doubts are said and do not decide."""
    return Doubt.LOW_CONFIDENCE in doubts or Doubt.UNSTABLE in doubts


def pool(readings: Sequence[Reading], limits: Thresholds) -> Reading:
    """One reading for several slices of one heart: the label is the patient's, and no slice shows all of it.

    Probabilities are averaged; the heat map is that of the slice that speaks loudest for the pooled label. A doubt
    about the picture of any slice is one about the whole.
    """
    if len({reading.modality for reading in readings}) != 1:
        raise ValueError("only scans of one kind can be pooled")
    first = readings[0]
    shares = {label: float(np.mean([one.probabilities[label] for one in readings])) for label in first.probabilities}
    label = choose_label(first.modality, shares)
    loudest = max(readings, key=lambda one: one.probabilities[label])
    distance = float(np.median([one.distance for one in readings]))
    doubts = doubt(first.modality, shares, distance, limits)
    doubts += tuple(one for one in ABOUT_PICTURE if any(one in reading.doubts for reading in readings))
    return replace(
        loudest,
        label=label,
        confidence=shares[label],
        threshold=limits.of(label),
        probabilities=shares,
        uncertain=is_uncertain(doubts),
        abnormal=1.0 - shares[Label.NORMAL],
        distance=distance,
        doubts=doubts,
    )
