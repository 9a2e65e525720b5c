"""Pairs of slices that show one level of the heart at rest and at its squeeze."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.heart.segmenter import Outline

GRID: Final = 64  # side of the pictures that are compared
COARSE: Final = 4.0  # sigma, in pixels of the grid, of what is taken off: coil shading is alike on all levels
ALIKE: Final = 0.85  # correlation of what lies around the heart; the next level reaches 0.79 in 95 of 100


class Pair(NamedTuple):
    """Places of two slices of one level in their album."""

    rest: int  # the larger cavity
    squeeze: int


def pair_phases(
    greys: Sequence[NDArray[np.uint8]], outlines: Sequence[Outline], cavities: Sequence[float]
) -> list[Pair]:
    """Slices that are each other's likest around the heart, where ribs and belly stand still between two beats.

    `greys` are the pictures (height × width), `outlines` and `cavities` (areas) theirs. A slice is in one pair at most.
    """
    if len(greys) < 2:
        return []
    alike = correlate(greys, outlines)
    best = alike.argmax(axis=1)
    pairs = [
        (one, int(other))
        for one, other in enumerate(best)
        if one < other and best[other] == one and alike[one, other] >= ALIKE
    ]
    return [Pair(*sorted(pair, key=lambda place: -cavities[place])) for pair in pairs]


def correlate(greys: Sequence[NDArray[np.uint8]], outlines: Sequence[Outline]) -> NDArray[np.float64]:
    """Correlations of the fine structure around the hearts: n × n, with -1 on the diagonal."""
    heart = np.any([cover(outline) for outline in outlines], axis=0)
    rows = np.stack([find_detail(grey)[~heart] for grey in greys]).astype(np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    alike: NDArray[np.float64] = rows @ rows.T
    np.fill_diagonal(alike, -1.0)
    return alike


def cover(outline: Outline) -> NDArray[np.bool_]:
    """The box around the heart on the grid: GRID × GRID."""
    marked = outline.over(
        (GRID * outline.shape[0] // max(outline.shape), GRID * outline.shape[1] // max(outline.shape))
    )
    marked = np.asarray(cv2.resize(marked, (GRID, GRID), interpolation=cv2.INTER_NEAREST), np.uint8)
    box = np.zeros((GRID, GRID), bool)
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    if len(rows):
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box


def find_detail(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture on the grid less its own blur: GRID × GRID."""
    small = cv2.resize(grey, (GRID, GRID), interpolation=cv2.INTER_AREA).astype(np.float32)
    return (small - cv2.GaussianBlur(small, (0, 0), COARSE)).astype(np.float32)
