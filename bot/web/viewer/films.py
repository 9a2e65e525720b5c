"""Films for the viewer: at their full depth, compressed for the way to the page."""

import json
import zlib
from typing import NamedTuple

import numpy as np

from inference.full_depth import FullDepth


class Film(NamedTuple):
    """`facts`: JSON of size and window. `pixels`: deflated, row by row; one byte each, or two, the low one first."""

    facts: str
    pixels: bytes


def pack(film: FullDepth) -> Film:
    height, width = film.values.shape
    facts = {
        "width": width,
        "height": height,
        "bits": 8 * film.values.itemsize,
        "window": film.window,
        "spacing": film.spacing,
        "at_detector": film.at_detector,
    }
    little_endian = film.values.astype(film.values.dtype.newbyteorder("<"), copy=False)
    return Film(json.dumps(facts), zlib.compress(np.ascontiguousarray(little_endian).data, 1))
