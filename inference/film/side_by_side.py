"""Two films in one picture, for comparison."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.upload.picture import encode_jpeg

HEIGHT: Final = 1000  # pixels of each film
MAX_WIDTH: Final = 1400  # pixels of each film
LABEL_HEIGHT: Final = 56  # pixels of the strip above a film
GAP: Final = 12  # pixels between the films
WHITE: Final = 255


def side_by_side(left: bytes, right: bytes, labels: tuple[str, str]) -> bytes:
    """One grey JPEG of two JPEGs at the same height, each below its label (ASCII). Raises ValueError for no picture."""
    films = [_labelled(film, label) for film, label in zip((left, right), labels, strict=True)]
    gap = np.full((HEIGHT + LABEL_HEIGHT, GAP), WHITE, np.uint8)
    return encode_jpeg(np.hstack([films[0], gap, films[1]]))


def _labelled(film: bytes, label: str) -> NDArray[np.uint8]:
    import cv2  # noqa: PLC0415  15 MB that the decoder process does without

    decoded = cv2.imdecode(np.frombuffer(film, np.uint8), cv2.IMREAD_GRAYSCALE)
    if decoded is None:
        raise ValueError("no picture")
    height, width = decoded.shape[:2]
    size = (max(1, min(MAX_WIDTH, round(width * HEIGHT / height))), HEIGHT)
    strip = np.zeros((LABEL_HEIGHT, size[0]), np.uint8)
    cv2.putText(strip, label, (12, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.1, WHITE, 2, cv2.LINE_AA)
    resized = cv2.resize(decoded, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return np.vstack([strip, resized])
