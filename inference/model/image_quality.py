"""Image quality: measured figures with their limits, and the conditions that a linear probe detects."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason
from inference.upload.picture import Adjustment, shrink

SIDE: Final = 224  # quality is measured near the network's input resolution
SATURATED: Final = 250


class QualityMeasures(NamedTuple):
    """Statistics of a grey picture, in grey levels unless noted. Field names are manifest keys."""

    shadow: float  # the 10th percentile
    light: float  # the 95th percentile
    contrast: float  # between the 1st and the 99th percentile
    sharpness: float  # logarithm of the Laplacian's variance, after stretching the contrast
    burnt: float  # share of pixels in one white blob that touches no border


@dataclass(frozen=True)
class QualityLimits:
    """Limits of the measures for one modality, from the training scans. Field names are manifest keys."""

    shadow: float
    light: float
    contrast: float
    sharpness: float
    burnt: float


def measure_quality(grey: NDArray[np.uint8]) -> QualityMeasures:
    """Measure a grey picture (height × width); about 0.3 ms."""
    small = shrink(grey, SIDE)
    lowest, shadow, light, highest = (float(one) for one in np.percentile(small, (1, 10, 95, 99)))
    span = max(highest - lowest, 1.0)
    stretched = np.clip((small.astype(np.float32) - lowest) * (255.0 / span), 0, 255)
    edges = float(cv2.Laplacian(cv2.GaussianBlur(stretched, (0, 0), 0.8), cv2.CV_32F).var())
    return QualityMeasures(shadow, light, highest - lowest, float(np.log(edges + 1e-3)), measure_glare(small))


def measure_glare(small: NDArray[np.uint8]) -> float:
    """The largest saturated blob that touches no border, as a share of the picture."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((small >= SATURATED).astype(np.uint8))
    edge = set(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]).tolist())
    inside = [int(stats[one, cv2.CC_STAT_AREA]) for one in range(1, count) if one not in edge]
    return max(inside, default=0) / small.size


def find_fault(figures: QualityMeasures, limits: QualityLimits) -> Reason | None:
    """The first exceeded limit, in the order in which a photographer would correct them; None when all hold."""
    faults: tuple[tuple[bool, Reason], ...] = (
        (figures.light < limits.light, Reason.TOO_DARK),
        (figures.shadow > limits.shadow, Reason.TOO_BRIGHT),
        (figures.contrast < limits.contrast, Reason.LOW_CONTRAST),
        (figures.burnt > limits.burnt, Reason.GLARE),
        (figures.sharpness < limits.sharpness, Reason.BLURRED),
    )
    return next((reason for found, reason in faults if found), None)


class Condition(StrEnum):
    """Orientation, polarity or capture fault of a scan, detected by a linear probe on the network's features."""

    FINE = "fine"
    QUARTER_LEFT = "quarter_left"  # its top points left
    UPSIDE_DOWN = "upside_down"
    QUARTER_RIGHT = "quarter_right"
    INVERTED = "inverted"
    CUT_OFF = "cut_off"
    SCREEN_PHOTO = "screen_photo"


CONDITIONS: Final = tuple(Condition)
QUARTER_ROTATIONS: Final[Mapping[Condition, int]] = {  # counter-clockwise quarter turns that correct it
    Condition.QUARTER_LEFT: 3,
    Condition.UPSIDE_DOWN: 2,
    Condition.QUARTER_RIGHT: 1,
}
REFUSED_CONDITIONS: Final[Mapping[Condition, Reason]] = {
    Condition.CUT_OFF: Reason.CUT_OFF,
    Condition.SCREEN_PHOTO: Reason.SCREEN_PHOTO,
}


CORRECTABLE: Final = (Condition.INVERTED, *QUARTER_ROTATIONS)  # conditions that need no new picture


def correct_condition(grey: NDArray[np.uint8], condition: Condition) -> tuple[NDArray[np.uint8], Adjustment]:
    """The corrected picture and the adjustment to report; `condition` is one of CORRECTABLE."""
    if condition is Condition.INVERTED:
        return (255 - grey), Adjustment.INVERTED
    return np.ascontiguousarray(np.rot90(grey, QUARTER_ROTATIONS[condition])), Adjustment.ROTATED
