"""Destroy what tells a source apart and leave what tells a disease: random views of a grey picture."""

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Change = Callable[[Grey, np.random.Generator], Grey]


def as_grey(values: NDArray[Any] | cv2.typing.MatLike) -> Grey:
    """Back to 8 bits."""
    grey: Grey = np.clip(values, 0, 255).astype(np.uint8)
    return grey


def move(grey: Grey, dice: np.random.Generator) -> Grey:
    """Small rotation, shift, zoom and change of proportions; no flips, since the heart has a side."""
    height, width = grey.shape
    angle, zoom, stretch = dice.uniform(-12, 12), dice.uniform(0.88, 1.15), dice.uniform(0.9, 1.1)
    matrix = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom), np.float64)
    matrix[0, :2] *= stretch
    matrix[:, 2] += dice.uniform(-0.06, 0.06, 2) * (width, height)
    matrix[0, 2] += (1 - stretch) * width / 2
    return as_grey(cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=0.0))


def bend(grey: Grey, dice: np.random.Generator) -> Grey:
    """Another exposure: gamma, contrast, brightness."""
    curve = 255 * (np.arange(256) / 255) ** np.exp(dice.uniform(-0.5, 0.5))
    curve = (curve - 128) * dice.uniform(0.75, 1.25) + 128 + dice.uniform(-20, 20)
    return as_grey(cv2.LUT(grey, as_grey(curve)))


def soften(grey: Grey, dice: np.random.Generator) -> Grey:
    """Another detector's sharpness."""
    return as_grey(cv2.GaussianBlur(grey, (0, 0), dice.uniform(0.3, 1.8)))


def resample(grey: Grey, dice: np.random.Generator) -> Grey:
    """Another resolution on the way."""
    height, width = grey.shape
    share = dice.uniform(0.4, 0.9)
    small = cv2.resize(grey, (max(48, int(width * share)), max(48, int(height * share))), interpolation=cv2.INTER_AREA)
    return as_grey(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def recompress(grey: Grey, dice: np.random.Generator) -> Grey:
    """Another messenger's JPEG."""
    _, encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(dice.integers(25, 90))])
    return as_grey(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)))


def roughen(grey: Grey, dice: np.random.Generator) -> Grey:
    """Another film's grain."""
    return as_grey(grey + dice.normal(0, dice.uniform(1, 8), grey.shape))


def hide_edge(grey: Grey, dice: np.random.Generator) -> Grey:
    """Black out a border or a corner, where markers and collimator edges sit."""
    grey = grey.copy()
    height, width = grey.shape
    deep, wide = int(height * dice.uniform(0.03, 0.14)), int(width * dice.uniform(0.03, 0.14))
    tone = int(dice.integers(0, 256)) if dice.random() < 0.3 else 0
    places = [
        (slice(0, deep), slice(None)),
        (slice(height - deep, None), slice(None)),
        (slice(None), slice(0, wide)),
        (slice(None), slice(width - wide, None)),
        (slice(0, 2 * deep), slice(0, 2 * wide)),
        (slice(0, 2 * deep), slice(width - 2 * wide, None)),
    ]
    grey[places[int(dice.integers(len(places)))]] = tone
    return grey


CHANGES: Final[tuple[tuple[float, Change], ...]] = (  # in this order, each with its probability
    (0.8, move),
    (0.6, bend),
    (0.35, soften),
    (0.35, resample),
    (0.3, roughen),
    (0.35, recompress),
    (0.35, hide_edge),
    (0.2, hide_edge),
)


def vary(grey: Grey, dice: np.random.Generator) -> Grey:
    """One random view; the same dice give the same view."""
    for probability, change in CHANGES:
        if dice.random() < probability:
            grey = change(grey, dice)
    return grey
