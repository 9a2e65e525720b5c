"""Is the picture good enough to read: measured faults, and the condition that the network's features betray."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason
from inference.upload.picture import Adjustment, shrink

SIDE: Final = 224  # faults are judged at what the network can see
BURNT: Final = 250


class Figures(NamedTuple):
    """Plain statistics of a grey picture, in grey levels unless said otherwise."""

    shadow: float  # the 10th percentile
    light: float  # the 95th percentile
    contrast: float  # between the 1st and the 99th percentile
    sharpness: float  # logarithm of the Laplacian's variance, after stretching the contrast
    burnt: float  # share of pixels in one white blob that touches no border


@dataclass(frozen=True)
class Limits:
    """The ends of what the training scans of one modality show; a picture beyond them is sent back."""

    shadow: float
    light: float
    contrast: float
    sharpness: float
    burnt: float


def measure(grey: NDArray[np.uint8]) -> Figures:
    """About a third of a millisecond."""
    small = shrink(grey, SIDE)
    lowest, shadow, light, highest = (float(one) for one in np.percentile(small, (1, 10, 95, 99)))
    span = max(highest - lowest, 1.0)
    stretched = np.clip((small.astype(np.float32) - lowest) * (255.0 / span), 0, 255)
    edges = float(cv2.Laplacian(cv2.GaussianBlur(stretched, (0, 0), 0.8), cv2.CV_32F).var())
    return Figures(shadow, light, highest - lowest, float(np.log(edges + 1e-3)), measure_glare(small))


def measure_glare(small: NDArray[np.uint8]) -> float:
    """The largest burnt blob inside the picture, as a share of it: a lamp mirrored in a screen."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((small >= BURNT).astype(np.uint8))
    edge = set(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]).tolist())
    inside = [int(stats[one, cv2.CC_STAT_AREA]) for one in range(1, count) if one not in edge]
    return max(inside, default=0) / small.size


def find_fault(figures: Figures, limits: Limits) -> Reason | None:
    """The first fault in the order in which a person would mend them."""
    faults: tuple[tuple[bool, Reason], ...] = (
        (figures.light < limits.light, Reason.TOO_DARK),
        (figures.shadow > limits.shadow, Reason.TOO_BRIGHT),
        (figures.contrast < limits.contrast, Reason.LOW_CONTRAST),
        (figures.burnt > limits.burnt, Reason.GLARE),
        (figures.sharpness < limits.sharpness, Reason.BLURRED),
    )
    return next((reason for found, reason in faults if found), None)


class Condition(StrEnum):
    """How a scan was put before the camera; a linear probe on the network's features tells them apart."""

    FINE = "fine"
    QUARTER_LEFT = "quarter_left"  # its top points left
    UPSIDE_DOWN = "upside_down"
    QUARTER_RIGHT = "quarter_right"
    INVERTED = "inverted"
    CUT_OFF = "cut_off"
    SCREEN_PHOTO = "screen_photo"


CONDITIONS: Final = tuple(Condition)
QUARTER_TURNS: Final[Mapping[Condition, int]] = {  # counter-clockwise quarters that put it right
    Condition.QUARTER_LEFT: 3,
    Condition.UPSIDE_DOWN: 2,
    Condition.QUARTER_RIGHT: 1,
}
FAULTS: Final[Mapping[Condition, Reason]] = {
    Condition.CUT_OFF: Reason.CUT_OFF,
    Condition.SCREEN_PHOTO: Reason.SCREEN_PHOTO,
}


REMEDIES: Final = (Condition.INVERTED, *QUARTER_TURNS)  # what can be put right without a second picture


def put_right(grey: NDArray[np.uint8], condition: Condition) -> tuple[NDArray[np.uint8], Adjustment]:
    """The picture as it should have come, and what to say about it; `condition` is one of REMEDIES."""
    if condition is Condition.INVERTED:
        return (255 - grey), Adjustment.INVERTED
    return np.ascontiguousarray(np.rot90(grey, QUARTER_TURNS[condition])), Adjustment.ROTATED
