"""A decoded picture: grey pixels without metadata."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.vocabulary import Modality

FULL_RANGE: Final = (0, 255)


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
    declared: Modality | None = None  # the kind of scan by the file's own words; None where it has none
    dct_hash: str | None = None  # of the pixels as decoded; None outside the decoder process
    orientation: int = 1  # of EXIF, as applied
    levels: tuple[int, int] = FULL_RANGE  # the darkest and brightest grey as people see them, where `grey` was levelled

    def levelled(self) -> Self:
        """A DICOM picture over the full range of grey, as the networks learned it; people still see its own window."""
        low, high = int(self.grey.min()), int(self.grey.max())
        if self.format is not Format.DICOM or (low, high) == FULL_RANGE or low == high:
            return self
        table = np.rint((np.arange(256) - low).clip(0, high - low) * (255 / (high - low))).astype(np.uint8)
        return replace(self, grey=table[self.grey], levels=(low, high))

    @property
    def shown(self) -> NDArray[np.uint8]:
        """The pixels as people see them: `grey`, or as it was before it was levelled."""
        if self.levels == FULL_RANGE:
            return self.grey
        table: NDArray[np.uint8] = np.rint(np.linspace(*self.levels, 256)).astype(np.uint8)
        return table[self.grey]

    def jpeg(self, quality: int = 92, max_side: int | None = None) -> bytes:
        """Encode the pixels as a new JPEG without any metadata of the upload."""
        return encode_jpeg(shrink(self.shown, max_side), quality)


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
