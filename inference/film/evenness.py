"""Cut rows and columns of one tone from the edges of a picture, exactly."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

EVEN: Final = 10  # grey levels between the 2nd and the 98th percentile of a row that counts as one tone
MIN_SHARE: Final = 0.3  # of each side that has to remain, else nothing is cut


class Box(NamedTuple):
    """A part of a picture in whole pixels; bottom and right are exclusive."""

    top: int
    left: int
    bottom: int
    right: int


def find_uneven(grey: NDArray[np.uint8]) -> Box:
    """The smallest box outside of which every row and column is of one tone; the whole picture when that is all."""
    height, width = grey.shape
    box = Box(0, 0, height, width)
    for _ in range(4):
        inner = grey[box.top : box.bottom, box.left : box.right]
        rows = busy_span(inner, axis=1)
        columns = busy_span(inner[rows[0] : rows[1]], axis=0)
        smaller = Box(box.top + rows[0], box.left + columns[0], box.top + rows[1], box.left + columns[1])
        if smaller == box:
            break
        box = smaller
        if box.bottom - box.top < MIN_SHARE * height or box.right - box.left < MIN_SHARE * width:
            return Box(0, 0, height, width)
    return box


def busy_span(grey: NDArray[np.uint8], axis: int) -> tuple[int, int]:
    """First line and end (exclusive) of the lines that are not of one tone; lines run along `axis`."""
    length = grey.shape[axis]
    low, high = int(0.02 * length), max(int(0.98 * length), 1)
    count = grey.shape[1 - axis]
    lines = grey if axis == 1 else grey.T

    def is_even(line: int) -> bool:
        values = lines[line]
        if int(values.max()) - int(values.min()) <= EVEN:
            return True
        ends = np.partition(values, (low, min(high, length - 1)))
        return int(ends[min(high, length - 1)]) - int(ends[low]) <= EVEN

    first, last = 0, count
    while first < last and is_even(first):
        first += 1
    while last > first and is_even(last - 1):
        last -= 1
    return (first, last) if last > first else (0, count)
