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
    angle, zoom, stretch = dice.uniform(-12, 12), dice.uniform(0.85, 1.2), dice.uniform(0.85, 1.18)
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


def shade(grey: Grey, dice: np.random.Generator) -> Grey:
    """One side brighter than the other: a tube off its centre, a viewing box, a window."""
    height, width = grey.shape
    down, across = dice.uniform(-40, 40, 2)
    slope = np.linspace(-down, down, height)[:, np.newaxis] + np.linspace(-across, across, width)
    return as_grey(grey + slope)


def write_marker(grey: Grey, dice: np.random.Generator) -> Grey:
    """Letters burned in near a corner, as every hospital has its own."""
    grey = grey.copy()
    height, width = grey.shape
    word = MARKERS[int(dice.integers(len(MARKERS)))]
    place = (int(width * dice.choice([0.04, 0.75])), int(height * dice.choice([0.14, 0.93])))
    cv2.putText(grey, word, place, cv2.FONT_HERSHEY_SIMPLEX, width / 400 * dice.uniform(0.6, 1.6), (255.0,), 2)
    return grey


MARKERS: Final = ("R", "L", "D", "I", "PORTABLE", "AP", "PA", "SUPINE")
CHANGES: Final[tuple[tuple[float, Change], ...]] = (  # in this order, each with its probability
    (0.8, move),
    (0.6, bend),
    (0.35, soften),
    (0.35, resample),
    (0.3, roughen),
    (0.35, recompress),
    (0.2, shade),
    (0.15, write_marker),
    (0.35, hide_edge),
    (0.2, hide_edge),
)


def vary(grey: Grey, dice: np.random.Generator, strength: float = 1.0) -> Grey:
    """One random view; the same dice give the same view. Less strength, fewer changes."""
    for probability, change in CHANGES:
        if dice.random() < probability * strength:
            grey = change(grey, dice)
    return grey
