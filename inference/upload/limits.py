"""Size limits of uploads."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason, Refused

MAX_BYTES: Final = 20_000_000
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 10_000
MIN_SIDE: Final = 64
BLANK_RANGE: Final = 12  # grey levels between the 1st and 99th percentile


def check_size(width: int, height: int) -> None:
    """Check the size in a header before memory is allocated. Raises Refused."""
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise Refused(Reason.TOO_MANY_PIXELS)
    if min(width, height) < MIN_SIDE:
        raise Refused(Reason.TOO_SMALL)


def refuse_blank(grey: NDArray[np.uint8]) -> None:
    """Raises Refused(BLANK) for a picture of a single tone."""
    darkest, brightest = np.percentile(grey[:: max(1, grey.shape[0] // 256), :: max(1, grey.shape[1] // 256)], (1, 99))
    if brightest - darkest < BLANK_RANGE:
        raise Refused(Reason.BLANK)
