"""Spoil good scans on purpose, so that the gate learns what spoilt ones look like."""

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.model.image_quality import QUARTER_TURNS, Condition
from ml.data.augment import as_grey

Grey = NDArray[np.uint8]


def turn(grey: Grey, quarters: int) -> Grey:
    """What `quality.put_right` undoes."""
    return np.ascontiguousarray(np.rot90(grey, -quarters))


def cut_off(grey: Grey, dice: np.random.Generator) -> Grey:
    """Half of the chest is outside the picture."""
    share = dice.uniform(0.42, 0.58)
    height, width = grey.shape
    match int(dice.integers(4)):
        case 0:
            return grey[:, : int(width * share)]
        case 1:
            return grey[:, int(width * (1 - share)) :]
        case 2:
            return grey[: int(height * share)]
        case _:
            return grey[int(height * (1 - share)) :]


def photograph_screen(grey: Grey, dice: np.random.Generator) -> Grey:
    """A monitor from the side: perspective, a bezel, the moiré of two grids, and a lamp's reflection."""
    height, width = grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    shift = dice.uniform(-0.1, 0.1, (4, 2)) * (width, height) + (corners == 0) * dice.uniform(0.04, 0.14) * width
    shift -= (corners > 0) * dice.uniform(0.04, 0.14) * width
    matrix = cv2.getPerspectiveTransform(corners, (corners + shift).astype(np.float32))
    bezel = int(dice.integers(15, 70))
    seen = cv2.warpPerspective(grey, matrix, (width, height), borderValue=float(bezel)).astype(np.float32)
    down, across = np.mgrid[:height, :width]
    wave = dice.uniform(0.25, 0.9)
    seen += dice.uniform(6, 18) * np.sin(wave * (across * np.cos(wave) + down * np.sin(wave)))
    y, x = dice.uniform(0.2, 0.8) * height, dice.uniform(0.2, 0.8) * width
    wide = dice.uniform(0.05, 0.13) * width
    seen += 220 * np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * wide**2))
    return as_grey(seen)


SPOILERS: Final[Mapping[Condition, Callable[[Grey, np.random.Generator], Grey]]] = {
    Condition.FINE: lambda grey, _: grey,
    Condition.QUARTER_LEFT: lambda grey, _: turn(grey, QUARTER_TURNS[Condition.QUARTER_LEFT]),
    Condition.UPSIDE_DOWN: lambda grey, _: turn(grey, QUARTER_TURNS[Condition.UPSIDE_DOWN]),
    Condition.QUARTER_RIGHT: lambda grey, _: turn(grey, QUARTER_TURNS[Condition.QUARTER_RIGHT]),
    Condition.INVERTED: lambda grey, _: 255 - grey,
    Condition.CUT_OFF: cut_off,
    Condition.SCREEN_PHOTO: photograph_screen,
}
