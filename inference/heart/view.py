"""Square views of a slice: the whole of it, or the heart alone, as the segmenter sees them."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

LONGEST: Final = 320  # pixels of a slice's longest side; larger uploads are averaged down to it first
DARK, LIGHT = 1.0, 99.5  # percentiles that become -1 and 1

Matrix = NDArray[np.float64]  # 2 × 3, from pixels of the slice to pixels of the view


class View(NamedTuple):
    """A square of the slice, in its pixels; it may reach over the edge, where it is black."""

    x: float  # centre
    y: float
    side: float

    def matrix(self, size: int) -> Matrix:
        """From the slice to a view of `size` × `size` pixels, pixel centres on pixel centres."""
        scale = size / self.side
        half = (size - 1) / 2
        return np.array([[scale, 0, half - scale * self.x], [0, scale, half - scale * self.y]], np.float64)


def whole(shape: tuple[int, ...]) -> View:
    """The smallest square around all of a slice (height × width)."""
    height, width = shape[:2]
    return View((width - 1) / 2, (height - 1) / 2, float(max(height, width)))


def around(mask: NDArray[np.bool_], view: View, margin: float) -> View:
    """The square around what a mask (size × size) of a view marks, `margin` times as large as its longer side."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    scale, half = view.side / len(mask), (len(mask) - 1) / 2
    x, y = (columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2
    longer = 1 + max(columns[-1] - columns[0], rows[-1] - rows[0])
    return View(view.x + (x - half) * scale, view.y + (y - half) * scale, float(longer) * scale * margin)


def reduce(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A slice (height × width) at no more than LONGEST pixels, its proportions kept."""
    height, width = grey.shape
    if max(height, width) <= LONGEST:
        return grey
    scale = LONGEST / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def draw(grey: NDArray[np.uint8], view: View, size: int) -> NDArray[np.float32]:
    """The network's input for a view: size × size × 1 in [-1, 1]."""
    square = cv2.warpAffine(grey, view.matrix(size), (size, size), flags=cv2.INTER_LINEAR)
    return stretch(square.astype(np.float32))


def stretch(square: NDArray[np.float32]) -> NDArray[np.float32]:
    """Grey levels (size × size) between two percentiles to [-1, 1], with a last axis of one channel."""
    low, high = np.percentile(square, (DARK, LIGHT))
    levels = (square - low) / max(float(high - low), 1.0)
    scaled: NDArray[np.float32] = (np.clip(levels, 0, 1) * 2 - 1).astype(np.float32)
    return scaled[..., np.newaxis]
