"""A decoded picture: grey pixels without metadata."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Format(StrEnum):
    """The file format, detected by content."""

    JPEG = "jpeg"
    PNG = "png"
    DICOM = "dicom"


class Adjustment(StrEnum):
    """A correction applied before prediction; shown to the doctor."""

    INVERTED = "inverted"  # black and white were swapped
    TURNED = "turned"  # the EXIF orientation was applied
    ROTATED = "rotated"  # the scan was on its side or upside down
    CUT_OUT = "cut_out"  # the film was cut out of a photograph of it
    RESCALED = "rescaled"  # more than 8 bits were windowed to 8


@dataclass(frozen=True, eq=False)
class Picture:
    """`grey` is uint8, height × width, 64 to 10,000 pixels a side, bright tissue on dark air."""

    grey: NDArray[np.uint8]
    format: Format
    adjustments: tuple[Adjustment, ...] = ()
    size: tuple[int, int] = field(default=(0, 0))  # width, height as uploaded, before any reduced decoding

    def jpeg(self, quality: int = 92, max_side: int | None = None) -> bytes:
        """Encode the pixels as a new JPEG without any metadata of the upload."""
        return encode_jpeg(shrink(self.grey, max_side), quality)


def shrink(grey: NDArray[np.uint8], max_side: int | None) -> NDArray[np.uint8]:
    """Scale down to `max_side` pixels on the longer side, keeping proportions; never up."""
    import cv2  # noqa: PLC0415  15 MB that the decoder process does without

    height, width = grey.shape[:2]
    if max_side is None or max(height, width) <= max_side:
        return grey
    scale = max_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 92) -> bytes:
    """Grey (H × W) or BGR (H × W × 3) pixels as JPEG bytes."""
    import cv2  # noqa: PLC0415  as above

    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the pixels cannot be encoded as JPEG")
    return encoded.tobytes()
