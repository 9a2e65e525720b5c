"""Preprocessing from a grey picture to the network's input, shared by training and serving."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

RANGE: Final = (-1.0, 1.0)  # what the ImageNet weights were trained on; [0, 1] costs 13 points of accuracy


@dataclass(frozen=True)
class Recipe:
    """Preprocessing parameters, stored in every bundle's manifest."""

    size: int = 224  # the network's input, square
    crop: float = 0.0  # share cut from each border, where markers and collimator edges sit
    side: int = 0  # common resolution of all sources; 0 keeps the picture's own
    blur: float = 0.0  # sigma in pixels at that resolution
    equalise: float = 0.0  # share of histogram equalisation, 0 to 1


def draw_canvas(grey: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.uint8]:
    """Crop, resample, blur, equalise and resize: uint8, size × size."""
    height, width = grey.shape
    top, left = int(height * recipe.crop), int(width * recipe.crop)
    canvas = grey[top : height - top, left : width - left]
    if recipe.side:
        canvas = resize_square(canvas, recipe.side)
    if recipe.blur:
        canvas = cv2.GaussianBlur(canvas, (0, 0), recipe.blur).astype(np.uint8, copy=False)
    if recipe.equalise:
        canvas = equalise(canvas, float(recipe.equalise))
    return resize_square(canvas, recipe.size)


def equalise(grey: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """The picture blended with its histogram-equalised copy; `share` is the weight of the copy."""
    return cv2.addWeighted(grey, 1.0 - share, cv2.equalizeHist(grey), share, 0.0).astype(np.uint8, copy=False)


def resize_square(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize to a square of `side` pixels; area averaging when shrinking, to avoid aliasing."""
    interpolation = cv2.INTER_AREA if min(grey.shape) > side else cv2.INTER_LINEAR
    return cv2.resize(grey, (side, side), interpolation=interpolation).astype(np.uint8, copy=False)


def scale(canvas: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 (…, size, size) to float32 (…, size, size, 1) in [-1, 1]."""
    return (canvas.astype(np.float32) / np.float32(127.5) - np.float32(1.0))[..., np.newaxis]


def check_range(batch: NDArray[np.float32]) -> None:
    """Raises ValueError for input outside [-1, 1] or without negative values: it would give plausible nonsense."""
    low, high = float(batch.min()), float(batch.max())
    if low < RANGE[0] or high > RANGE[1] or low >= 0.0:
        raise ValueError(f"the network's input has to span [-1, 1], not [{low:.2f}, {high:.2f}]")
