"""Synthetic corruptions of scans, for training and testing the condition probe of the intake gate."""

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.model.image_quality import QUARTER_ROTATIONS, Condition
from ml.data.augment import as_grey

Grey = NDArray[np.uint8]


def rotate_quarters(grey: Grey, quarters: int) -> Grey:
    """Rotate by quarter turns; the inverse of `inference.model.image_quality.correct_condition`."""
    return np.ascontiguousarray(np.rot90(grey, -quarters))


def cut_off(grey: Grey, rng: np.random.Generator) -> Grey:
    """Crop about half of the picture away."""
    share = rng.uniform(0.42, 0.58)
    height, width = grey.shape
    match int(rng.integers(4)):
        case 0:
            return grey[:, : int(width * share)]
        case 1:
            return grey[:, int(width * (1 - share)) :]
        case 2:
            return grey[: int(height * share)]
        case _:
            return grey[int(height * (1 - share)) :]


def photograph_screen(grey: Grey, rng: np.random.Generator) -> Grey:
    """Simulate a photograph of a monitor: perspective, bezel, moiré and a reflection."""
    height, width = grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    shift = rng.uniform(-0.1, 0.1, (4, 2)) * (width, height) + (corners == 0) * rng.uniform(0.04, 0.14) * width
    shift -= (corners > 0) * rng.uniform(0.04, 0.14) * width
    matrix = cv2.getPerspectiveTransform(corners, (corners + shift).astype(np.float32))
    bezel = int(rng.integers(15, 70))
    photo = cv2.warpPerspective(grey, matrix, (width, height), borderValue=float(bezel)).astype(np.float32)
    down, across = np.mgrid[:height, :width]
    wave = rng.uniform(0.25, 0.9)
    photo += rng.uniform(6, 18) * np.sin(wave * (across * np.cos(wave) + down * np.sin(wave)))
    y, x = rng.uniform(0.2, 0.8) * height, rng.uniform(0.2, 0.8) * width
    width_of_glare = rng.uniform(0.05, 0.13) * width
    photo += 220 * np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * width_of_glare**2))
    return as_grey(photo)


CORRUPTIONS: Final[Mapping[Condition, Callable[[Grey, np.random.Generator], Grey]]] = {
    Condition.FINE: lambda grey, _: grey,
    Condition.QUARTER_LEFT: lambda grey, _: rotate_quarters(grey, QUARTER_ROTATIONS[Condition.QUARTER_LEFT]),
    Condition.UPSIDE_DOWN: lambda grey, _: rotate_quarters(grey, QUARTER_ROTATIONS[Condition.UPSIDE_DOWN]),
    Condition.QUARTER_RIGHT: lambda grey, _: rotate_quarters(grey, QUARTER_ROTATIONS[Condition.QUARTER_RIGHT]),
    Condition.INVERTED: lambda grey, _: 255 - grey,
    Condition.CUT_OFF: cut_off,
    Condition.SCREEN_PHOTO: photograph_screen,
}
