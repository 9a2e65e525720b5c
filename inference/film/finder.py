"""Find the film, or the screen that shows it, in a photograph of it, and cut it out.

Rows and columns of one tone are cut exactly. A small network then segments the film; four lines are fitted to the mask
and moved to nearby edges, and the perspective is undone.
"""

import threading
from enum import StrEnum
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.film.evenness import find_uneven
from inference.film.geometry import Points, fit_quad, sharpen_quad, straighten
from inference.model.interpreter import create_interpreter

SIDE: Final = 96  # the segmenter's input; its mask has half of it
LONGEST: Final = 384  # edges are looked for at this size
FULL: Final = 0.985  # a mask that covers so much of the picture leaves nothing to cut
NEAR_BORDER: Final = 0.02  # a side this near to the picture's border is the border
FITTING: Final = 0.93  # minimum overlap of mask and quad for a film to count as found
MIN_AREA: Final = 0.06  # share of the picture
MAX_ASPECT: Final = 2.2  # longest to shortest side of a film


class Found(StrEnum):
    """Result of the search for the film."""

    WHOLE = "whole"  # the film fills the picture
    CUT = "cut"
    UNCLEAR = "unclear"  # the whole picture is used, and the answer is never certain


class Film(NamedTuple):
    """The film as it is classified."""

    grey: NDArray[np.uint8]
    quad: Points  # its corners in the original picture, x and y from 0 to 1, clockwise from the top left
    found: Found
    confidence: float  # 0 to 1: overlap of the mask and the quad


class FilmFinder:
    """The segmenter behind a lock; about 4 ms a picture on one core."""

    def __init__(self, model: bytes, threads: int) -> None:
        self._lock = threading.Lock()
        self._interpreter = create_interpreter(model, threads)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def find(self, grey: NDArray[np.uint8]) -> Film:
        """Cut rows and columns of one tone, then the film out of what remains; `grey` itself where nothing is cut."""
        box = find_uneven(grey)
        inner = (
            grey
            if box == (0, 0, *grey.shape)
            else np.ascontiguousarray(grey[box.top : box.bottom, box.left : box.right])
        )
        size = np.array([inner.shape[1], inner.shape[0]], np.float32)
        corner = np.array([box.left, box.top], np.float32)
        mask = self.segment(inner)
        quad, confidence = fit_mask(mask)
        if quad is None:
            film, found, quad = inner, Found.WHOLE if confidence >= FITTING else Found.UNCLEAR, WHOLE * size
        else:
            quad = refine(inner, quad * size)
            film, found = trim(straighten(inner, quad)), Found.CUT
        corners = ((quad + corner) / (grey.shape[1], grey.shape[0])).astype(np.float32)
        return Film(film, corners, found, confidence)

    def segment(self, grey: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability that each of 48 × 48 cells belongs to the film."""
        way = cv2.INTER_AREA if min(grey.shape) > SIDE else cv2.INTER_LINEAR
        small = cv2.resize(grey, (SIDE, SIDE), interpolation=way)
        image = (small.astype(np.float32) / np.float32(127.5) - np.float32(1.0))[np.newaxis, ..., np.newaxis]
        with self._lock:
            self._interpreter.set_tensor(self._input, image)
            self._interpreter.invoke()
            logits: NDArray[np.float32] = self._interpreter.get_tensor(self._output)[0, ..., 0]
        return (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)


WHOLE: Final = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def fit_mask(mask: NDArray[np.float32]) -> tuple[Points | None, float]:
    """The quad of a mask in shares of the picture, or None where nothing is to be cut; and how well it fits."""
    inside = (mask > 0.5).astype(np.uint8)
    covered = float(inside.mean())
    if covered > FULL:
        return None, covered
    quad = fit_quad(inside)
    if quad is None:
        return None, 0.0
    size = mask.shape[0]
    drawn = np.zeros_like(inside)
    cv2.fillConvexPoly(drawn, np.rint(quad).astype(np.int32), 1)
    overlap = float((drawn & inside).sum() / max(1, (drawn | inside).sum()))
    shares = ((quad + 0.5) / size).astype(np.float32)
    if is_border(shares).all():
        return None, max(overlap, covered)
    lengths = [float(np.linalg.norm(shares[(n + 1) % 4] - shares[n])) for n in range(4)]
    if overlap < FITTING or drawn.mean() < MIN_AREA or max(lengths) > MAX_ASPECT * min(lengths):
        return None, min(overlap, FITTING - 0.01)
    return shares, overlap


def is_border(quad: Points) -> NDArray[np.bool_]:
    """For each corner, whether both of its sides lie on the picture's border."""
    near: NDArray[np.bool_] = (np.abs(quad - WHOLE) < NEAR_BORDER).all(axis=1)
    return near


def refine(inner: NDArray[np.uint8], quad: Points) -> Points:
    """Sharpen the quad at a moderate size; what reaches the border stays inside it."""
    share = min(1.0, LONGEST / max(inner.shape))
    small = inner if share == 1.0 else cv2.resize(inner, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    sharp = sharpen_quad(np.asarray(small, np.uint8), quad * share) / share
    size = np.array([inner.shape[1], inner.shape[0]], np.float32)
    return np.asarray(np.clip(sharp, 0, size), np.float32)


def trim(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without its even rows and columns."""
    box = find_uneven(grey)
    return np.ascontiguousarray(grey[box.top : box.bottom, box.left : box.right])
