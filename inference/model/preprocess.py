"""The one way from a grey picture to the network's input, in training and in serving alike."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

RANGE: Final = (-1.0, 1.0)  # what the ImageNet weights were trained on; [0, 1] costs 13 points of accuracy


@dataclass(frozen=True)
class Recipe:
    """How pictures are made alike before the network sees them; part of every bundle's manifest."""

    size: int = 224  # the network's input, square
    crop: float = 0.0  # share cut from each border, where markers and collimator edges sit
    side: int = 0  # one resolution for all sources; 0 leaves the picture's own
    blur: float = 0.0  # sigma in pixels at that resolution
    equalise: float = 0.0  # share of histogram equalisation: at 1 all sources have one intensity distribution


def draw_canvas(grey: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.uint8]:
    """Crop, bring to one resolution and intensity, and fit into the square: uint8, size × size."""
    height, width = grey.shape
    top, left = int(height * recipe.crop), int(width * recipe.crop)
    canvas = grey[top : height - top, left : width - left]
    if recipe.side:
        canvas = fit(canvas, recipe.side)
    if recipe.blur:
        canvas = cv2.GaussianBlur(canvas, (0, 0), recipe.blur).astype(np.uint8, copy=False)
    if recipe.equalise:
        canvas = even_out(canvas, float(recipe.equalise))
    return fit(canvas, recipe.size)


def even_out(grey: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """The picture mixed with its equalised self."""
    return cv2.addWeighted(grey, 1.0 - share, cv2.equalizeHist(grey), share, 0.0).astype(np.uint8, copy=False)


def fit(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A square of `side` pixels; averaging when it shrinks, so that no aliasing betrays the resolution."""
    interpolation = cv2.INTER_AREA if min(grey.shape) > side else cv2.INTER_LINEAR
    return cv2.resize(grey, (side, side), interpolation=interpolation).astype(np.uint8, copy=False)


def scale(canvas: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 (…, size, size) to float32 (…, size, size, 1) in [-1, 1]."""
    return (canvas.astype(np.float32) / np.float32(127.5) - np.float32(1.0))[..., np.newaxis]


def check_range(batch: NDArray[np.float32]) -> None:
    """A wrongly scaled input gives a plausible wrong answer, so it is refused loudly."""
    low, high = float(batch.min()), float(batch.max())
    if low < RANGE[0] or high > RANGE[1] or low >= 0.0:
        raise ValueError(f"the network's input has to span [-1, 1], not [{low:.2f}, {high:.2f}]")
