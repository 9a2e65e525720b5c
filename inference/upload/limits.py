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
    if is_blank(grey):
        raise Refused(Reason.BLANK)


def is_blank(grey: NDArray[np.uint8]) -> bool:
    """Whether at most BLANK_RANGE grey levels are used, by a sample of the rows and columns of any number."""
    sample = grey[tuple(slice(None, None, max(1, length // 256)) for length in grey.shape)]
    darkest, brightest = np.percentile(sample, (1, 99))
    return bool(brightest - darkest < BLANK_RANGE)
