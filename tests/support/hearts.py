"""Hearts drawn on the spot: a ring of muscle, a bright cavity, a crescent on its left, in a chest of its own."""

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.heart.segmenter import Outline
from inference.heart.view import View

Grey = NDArray[np.uint8]
SIDE = 256


def draw_mask(cavity: float = 40, wall: float = 14, squash: float = 1.0, right: float = 44) -> Grey:
    """Classes of a heart in the middle of SIDE × SIDE: radii in pixels, heights times `squash`."""
    mask, middle = np.zeros((SIDE, SIDE), np.uint8), (SIDE // 2, SIDE // 2)
    aside = (SIDE // 2 - int(cavity + wall / 2), SIDE // 2)
    for centre, radius, tissue in ((aside, right, 1), (middle, cavity + wall, 2), (middle, cavity, 3)):
        cv2.ellipse(mask, centre, (round(radius), round(radius * squash)), 0, 0, 360, (float(tissue),), cv2.FILLED)
    return mask


def outline_of(mask: Grey, side: float = 128.0, shape: tuple[int, int] = (256, 216)) -> Outline:
    return Outline(mask, View((shape[1] - 1) / 2, (shape[0] - 1) / 2, side), shape, 0.95)


def draw_chest(level: int, cavity: float = 40, wall: float = 14) -> Grey:
    """A level (its ribs and belly are its own) in one phase, 256 × 216."""
    chest = cv2.resize(np.random.default_rng(level).uniform(0, 90, (40, 34)).astype(np.float32), (216, 256))
    mask = draw_mask(cavity, wall)
    levels = np.array([-1, 190, 70, 200], np.float32)[mask]
    heart = cv2.resize(levels, (128, 128), interpolation=cv2.INTER_NEAREST)
    inner = chest[64:192, 44:172]
    inner[heart >= 0] = heart[heart >= 0]
    noise = np.random.default_rng((level, round(cavity))).normal(0, 3, chest.shape)
    return np.clip(cv2.GaussianBlur(chest, (0, 0), 0.8) + noise, 0, 255).astype(np.uint8)
