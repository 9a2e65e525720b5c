"""Scale grey values of any bit depth to 8 bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def stretch(
    values: NDArray[Any], low: float = 0.5, high: float = 99.5, known: NDArray[Any] | None = None
) -> NDArray[np.uint8]:
    """Scale linearly between two percentiles, because 12-bit data in 16 bits would look black.

    The percentiles are those of `known`, the values that count, where given.
    """
    bottom, top = np.percentile(values if known is None else known, (low, high))
    if top <= bottom:
        return np.zeros(values.shape, np.uint8)
    scaled = values.astype(np.float32)
    scaled -= bottom  # in place: each copy of 40 megapixels takes 160 MB
    scaled *= 255.0 / (top - bottom)
    scaled += 0.5
    return np.clip(scaled, 0, 255, out=scaled).astype(np.uint8)
