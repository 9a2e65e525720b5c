"""Small changes of a film that no reader would notice: a certain answer survives all of them."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.model.preprocess import resize_square

Grey = NDArray[np.uint8]
SIDE: Final = 256  # pixels a side at which films are disturbed, slightly more than the network's input
JPEG_QUALITY: Final = 40  # lower than any messenger's
BLUR: Final = 1.0  # sigma in pixels
CROP: Final = 8  # pixels from each border
BRIGHTNESS: Final = 18  # grey levels added
NOISE: Final = np.random.default_rng(1).normal(0, 8.0, (SIDE, SIDE)).astype(np.float32)  # the same for every film


def recompress(square: Grey) -> Grey:
    """After JPEG compression at JPEG_QUALITY."""
    _, encoded = cv2.imencode(".jpg", square, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


def soften(square: Grey) -> Grey:
    """Slightly out of focus, cropped a little closer, and brighter."""
    soft: Grey = np.asarray(cv2.GaussianBlur(square, (0, 0), BLUR), np.uint8)[CROP:-CROP, CROP:-CROP]
    brighter: Grey = np.clip(soft.astype(np.int16) + BRIGHTNESS, 0, 255).astype(np.uint8)
    return brighter


def add_grain(square: Grey) -> Grey:
    """With a little sensor noise."""
    grainy: Grey = np.clip(square + NOISE, 0, 255).astype(np.uint8)
    return grainy


DISTURBANCES: Final[tuple[Callable[[Grey], Grey], ...]] = (recompress, soften, add_grain)


def disturb(film: Grey) -> tuple[Grey, ...]:
    """The film under each of DISTURBANCES, SIDE pixels a side or slightly less; about a millisecond."""
    square = resize_square(film, SIDE)
    return tuple(change(square) for change in DISTURBANCES)
