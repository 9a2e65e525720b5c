"""Draw the outline of the film that was cut out of a photograph."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.film.finder import Film, Found
from inference.upload.picture import Picture, encode_jpeg, shrink

COLOUR: Final = (0, 191, 255)  # BGR: amber, distinct from grey with every kind of colour vision


def is_cut(film: Film) -> bool:
    """Whether something was cut away, by the segmenter or as rows and columns of one tone."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return film.found is Found.CUT or bool(np.abs(film.quad - corners).max() > 0.01)


def draw_frame(picture: Picture, film: Film, quarters: int, inverted: bool, max_side: int) -> bytes:
    """The whole picture with a thin frame around the film, as JPEG bytes, at most `max_side` pixels a side.

    `quarters` counter-clockwise turns and the inversion are those by which the film was corrected.
    """
    grey = shrink(picture.grey, max_side)
    framed: NDArray[np.uint8] = np.asarray(cv2.cvtColor(255 - grey if inverted else grey, cv2.COLOR_GRAY2BGR), np.uint8)
    corners = np.rint(film.quad * (grey.shape[1] - 1, grey.shape[0] - 1)).astype(np.int32)
    cv2.polylines(framed, [corners], True, COLOUR, max(1, max(grey.shape) // 400), cv2.LINE_AA)
    return encode_jpeg(np.ascontiguousarray(np.rot90(framed, quarters)))
