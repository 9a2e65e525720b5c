"""Read the data set's pictures through the gate that serving uses."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.upload.open import open_picture


def read_grey(path: Path) -> NDArray[np.uint8]:
    """One picture; Refused is not caught, because a data set with unreadable pictures has to be mended."""
    return open_picture(path.read_bytes()).grey
