"""Perceptual hash of a picture: the same picture keeps it through recompression and scaling."""

from math import pi
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE: Final = 32  # pixels to which the picture is reduced
LOW: Final = 8  # lowest frequencies in each direction; 64 bits
HEX_DIGITS: Final = LOW * LOW // 4
_POINTS: Final = (2 * np.arange(SIDE) + 1) * pi / (2 * SIDE)
_COSINES: Final = np.cos(np.outer(np.arange(LOW), _POINTS))


def dct_hash(grey: NDArray[np.uint8]) -> str:
    """16 hexadecimal digits of the signs of the low cosine frequencies around their median.

    `grey`: uint8, height × width."""
    small = Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BOX)
    frequencies = (_COSINES @ np.asarray(small, np.float64) @ _COSINES.T).ravel()
    bits = frequencies > np.median(frequencies[1:])
    return np.packbits(bits).tobytes().hex()


def hash_distance(one: str, other: str) -> int:
    """Number of different bits, 0 to 64."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
