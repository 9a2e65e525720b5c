"""How large or small an upload may be."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason, Refused

MOST_BYTES: Final = 20_000_000
MOST_PIXELS: Final = 40_000_000
LONGEST_SIDE: Final = 10_000
SHORTEST_SIDE: Final = 64
BLANK_RANGE: Final = 12  # grey levels between the 1st and 99th percentile


def check_size(width: int, height: int) -> None:
    """Judge the size that a header promises, before anything of that size is allocated."""
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise Refused(Reason.TOO_MANY_PIXELS)
    if min(width, height) < SHORTEST_SIDE:
        raise Refused(Reason.TOO_SMALL)


def refuse_blank(grey: NDArray[np.uint8]) -> None:
    """One tone over the whole picture holds nothing to read."""
    darkest, brightest = np.percentile(grey[:: max(1, grey.shape[0] // 256), :: max(1, grey.shape[1] // 256)], (1, 99))
    if brightest - darkest < BLANK_RANGE:
        raise Refused(Reason.BLANK)
