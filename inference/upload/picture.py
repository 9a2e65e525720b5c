"""A picture that has passed the gate: grey pixels and nothing else."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Format(StrEnum):
    """What the bytes were, by content and not by name."""

    JPEG = "jpeg"
    PNG = "png"
    DICOM = "dicom"


class Adjustment(StrEnum):
    """What was put right before reading, to be said openly."""

    INVERTED = "inverted"  # black and white were swapped
    TURNED = "turned"  # an EXIF orientation was applied
    ROTATED = "rotated"  # the scan itself lay on its side or upside down
    RESCALED = "rescaled"  # more than 8 bits were windowed to 8


@dataclass(frozen=True, eq=False)
class Picture:
    """`grey` is uint8, height × width, 64 to 10,000 pixels a side, bright tissue on dark air."""

    grey: NDArray[np.uint8]
    format: Format
    adjustments: tuple[Adjustment, ...] = ()
    size: tuple[int, int] = field(default=(0, 0))  # width, height as uploaded, before any reduced decoding

    def jpeg(self, quality: int = 92, longest: int | None = None) -> bytes:
        """A fresh JPEG of the pixels: no metadata of the upload survives."""
        return encode_jpeg(shrink(self.grey, longest), quality)


def shrink(grey: NDArray[np.uint8], longest: int | None) -> NDArray[np.uint8]:
    """Smaller, never larger, with its proportions kept."""
    import cv2  # noqa: PLC0415  fifteen megabytes that the darkroom's child need not carry

    height, width = grey.shape[:2]
    if longest is None or max(height, width) <= longest:
        return grey
    scale = longest / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 92) -> bytes:
    """Grey (H × W) or BGR (H × W × 3) pixels as JPEG bytes."""
    import cv2  # noqa: PLC0415  as above

    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("these pixels cannot be written as JPEG")
    return encoded.tobytes()
