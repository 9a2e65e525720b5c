"""Read the data set's pictures with the decoder of serving."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.upload.open import open_picture


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Decode a picture to grey. Raises Refused: the data set must not contain unreadable pictures."""
    return open_picture(path.read_bytes()).grey
