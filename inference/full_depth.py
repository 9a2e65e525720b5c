"""An uploaded picture at its full size and depth, for a viewer that sets the window itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.upload.dicom import MONOCHROME, READABLE, read_dataset
from inference.upload.dicom_file import unwrap
from inference.upload.dicom_grey import find_padding, make_square, read_numbers, read_pixels, rescale, select_bits
from inference.upload.open import open_picture, sniff
from inference.upload.picture import Format

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

TOP: Final = 65_535
PERCENTILES: Final = (0.5, 99.5)  # of the film, where the file names no window


@dataclass(frozen=True, eq=False)
class FullDepth:
    """`values` is uint8, or uint16 where the file has more bits; height × width, bright tissue on dark air.

    `window`: the lowest and highest value shown at first, within the range of the type. `spacing`: millimetres of a
    pixel's side, None where the file does not know; `at_detector`: that of the detector, so that parts of the body seem
    larger than they are."""

    values: NDArray[np.uint8] | NDArray[np.uint16]
    window: tuple[int, int] = (0, 255)
    spacing: float | None = None
    at_detector: bool = False


def open_full_depth(data: bytes) -> FullDepth:
    """Decode a JPEG, PNG or DICOM file; only a grey DICOM picture has more than 8 bits. Raises Refused."""
    if sniff(data) is Format.DICOM:
        picture = open_picture(data)  # every check that an upload passes
        file = unwrap(data)
        dataset = read_dataset(file.data)
        if file.syntax in READABLE and str(dataset.PhotometricInterpretation) in MONOCHROME:
            try:
                return _open_monochrome(dataset)
            except (Refused, MemoryError):
                raise
            except Exception as error:  # as in `open_dicom`
                raise Refused(Reason.CORRUPT) from error
    else:
        picture = open_picture(data)
    return FullDepth(np.ascontiguousarray(picture.grey))


def _open_monochrome(dataset: "Dataset") -> FullDepth:
    raw = read_pixels(dataset)
    padding = find_padding(raw, dataset)
    values = rescale(select_bits(raw, dataset), dataset).astype(np.float32)
    film = values if padding is None else values[~padding]
    low, high = float(film.min()), float(film.max())
    scale = TOP / max(high - low, 1e-6)
    window = [(edge - low) * scale for edge in _edges(film, dataset)]
    values -= low
    values *= scale
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        np.subtract(TOP, values, out=values)
        window = [TOP - window[1], TOP - window[0]]
    if padding is not None:
        values[padding] = 0
    square = make_square(np.clip(values, 0, TOP, out=values), dataset)
    grey = np.clip(square, 0, TOP).astype(np.uint16)  # bicubic overshoots
    first, last = (int(min(max(edge, 0), TOP)) for edge in window)
    spacing, at_detector = _spacing(dataset)
    return FullDepth(grey, (first, last) if last > first else (0, TOP), spacing, at_detector)


def _edges(film: NDArray[Any], dataset: "Dataset") -> tuple[float, float]:
    """The file's own linear window where it shows part of the film, else percentiles."""
    centres, widths = read_numbers(dataset, "WindowCenter"), read_numbers(dataset, "WindowWidth")
    if centres and widths and widths[0] > 0:
        low, high = centres[0] - widths[0] / 2, centres[0] + widths[0] / 2
        if low < film.max() and high > film.min():
            return low, high
    low, high = np.percentile(film, PERCENTILES)
    return float(low), float(high)


def _spacing(dataset: "Dataset") -> tuple[float | None, bool]:
    """Millimetres of a pixel's shorter side, after `make_square`; that in the body before that at the detector."""
    for name, at_detector in (("PixelSpacing", False), ("ImagerPixelSpacing", True)):
        sides = read_numbers(dataset, name)
        if len(sides) == 2 and min(sides) > 0:
            return min(sides), at_detector
    return None, False
