"""Predictions for one picture, or pooled over several slices of one heart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import BRANCHES, CARDIAC, CHEST, ROUTER, ModelIdentity, Temperatures, Thresholds
from inference.model.softmax import softmax
from inference.upload.picture import Adjustment
from models.vocabulary import Label, Modality

NEAR_CLASS_MARGIN: Final = 0.20  # two classes whose probabilities differ less are near


class Doubt(StrEnum):
    """Why a prediction is unreliable. The codes are stored."""

    LOW_CONFIDENCE = "low_confidence"  # below the threshold of its class
    NEAR_CLASSES = "near_classes"  # a second class is almost as likely
    FAR_FROM_TRAINING = "far_from_training"  # few training scans are similar
    POOR_IMAGE = "poor_image"  # readable, at the edge of the training scans' quality
    UNSTABLE = "unstable"  # the probabilities change under small disturbances: request the original file
    NETWORKS_DISAGREE = "networks_disagree"  # two networks name different classes
    FILM_UNCLEAR = "film_unclear"  # the film could not be told from what surrounds it
    CHILD = "child"  # a patient below the age for which the model was validated
    CHILD_FILM = "child_film"  # a patient of unknown age whose film looks like a child's


PICTURE_DOUBTS: Final = (Doubt.POOR_IMAGE, Doubt.UNSTABLE)  # of a slice; the others follow from pooled figures


@dataclass(frozen=True, eq=False)
class Prediction:
    """The model's result for a picture: decision support for a clinician, not a diagnosis."""

    modality: Modality
    label: Label
    confidence: float
    threshold: float  # the minimum confidence of this class
    probabilities: dict[Label, float]  # six, in the manifest's order, summing to 1
    uncertain: bool
    abnormal: float  # probability of anything but Normal
    distance: float  # to the training scans, 0 to 2
    model: ModelIdentity
    heatmap: NDArray[np.float32]  # side × side in [0, 1], of the corrected picture without its cropped border
    crop: float
    adjustments: tuple[Adjustment, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    child_film: bool = False  # a chest film that looks like a child's

    def as_json(self) -> dict[str, Any]:
        """The prediction as JSON values, without the heat map."""
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


def combine_branches(logits: NDArray[np.float32], temperatures: Temperatures) -> dict[Label, float]:
    """Six class probabilities: the router's probability of each modality times that branch's softmax."""
    routes = softmax(logits[ROUTER][:2] / temperatures.router)
    chest = softmax(logits[CHEST] / temperatures.chest_xray) * routes[0]
    cardiac = softmax(logits[CARDIAC] / temperatures.cardiac_mri) * routes[1]
    total = dict.fromkeys(Label, 0.0)
    for modality, shares in ((Modality.CHEST_XRAY, chest), (Modality.CARDIAC_MRI, cardiac)):
        for label, share in zip(BRANCHES[modality], shares, strict=True):
            total[label] += float(share)
    return total


def choose_label(modality: Modality, probabilities: dict[Label, float]) -> Label:
    """The most probable class of this modality."""
    return max(BRANCHES[modality], key=lambda label: probabilities[label])


def find_doubts(
    modality: Modality, probabilities: dict[Label, float], distance: float, limits: Thresholds
) -> tuple[Doubt, ...]:
    """Doubts that follow from the probabilities and the distance."""
    label = choose_label(modality, probabilities)
    confidence = probabilities[label]
    second = max(share for one, share in probabilities.items() if one is not label)
    reasons = (
        (confidence < limits.for_label(label), Doubt.LOW_CONFIDENCE),
        (confidence - second < NEAR_CLASS_MARGIN, Doubt.NEAR_CLASSES),
        (distance > limits.far, Doubt.FAR_FROM_TRAINING),
    )
    return tuple(reason for found, reason in reasons if found)


def is_uncertain(doubts: Sequence[Doubt]) -> bool:
    """Whether the prediction is "Uncertain": every doubt decides."""
    return bool(doubts)


def pool_slices(predictions: Sequence[Prediction], limits: Thresholds) -> Prediction:
    """One prediction for several slices of one heart.

    Probabilities are averaged; the heat map is of the slice with the highest probability of the pooled label; a
    doubt about the picture of any slice applies to the whole. Raises ValueError for mixed modalities.
    """
    if len({reading.modality for reading in predictions}) != 1:
        raise ValueError("only scans of one modality can be pooled")
    first = predictions[0]
    shares = {label: float(np.mean([one.probabilities[label] for one in predictions])) for label in first.probabilities}
    label = choose_label(first.modality, shares)
    loudest = max(predictions, key=lambda one: one.probabilities[label])
    distance = float(np.median([one.distance for one in predictions]))
    doubts = find_doubts(first.modality, shares, distance, limits)
    doubts += tuple(one for one in PICTURE_DOUBTS if any(one in reading.doubts for reading in predictions))
    return replace(
        loudest,
        label=label,
        confidence=shares[label],
        threshold=limits.for_label(label),
        probabilities=shares,
        uncertain=is_uncertain(doubts),
        abnormal=1.0 - shares[Label.NORMAL],
        distance=distance,
        doubts=doubts,
    )
