"""From a DICOM data set's pixel values to 8-bit grey as viewers show them (DICOM PS3.3 C.7.6.3, C.11.1, C.11.2)."""

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.upload.intensity import stretch
from inference.upload.limits import check_size, is_blank

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_STRETCH: Final = 4.0  # a larger pixel aspect ratio is taken for an error
MIN_STRETCH: Final = 1.01
SPACINGS: Final = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio")


def read_monochrome(dataset: "Dataset") -> NDArray[np.uint8]:
    """Dark-to-bright grey of a MONOCHROME1 or MONOCHROME2 picture; bright tissue on dark air, padding black."""
    raw = read_pixels(dataset)
    padding = find_padding(raw, dataset)
    grey = apply_window(rescale(select_bits(raw, dataset), dataset), dataset, padding)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        np.subtract(255, grey, out=grey)
    if padding is not None:
        grey[padding] = 0
    return grey


def read_colour(dataset: "Dataset") -> NDArray[np.uint8]:
    """The mean of red, green and blue; more than 8 bits are scaled."""
    pixels = read_pixels(dataset)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        from pydicom.pixels.processing import apply_color_lut  # noqa: PLC0415  pydicom is only loaded for DICOM

        pixels = apply_color_lut(pixels, dataset)
    mean = pixels[..., :3].mean(axis=2, dtype=np.float32)
    return mean.astype(np.uint8) if pixels.dtype.itemsize == 1 else stretch(mean)


def read_pixels(dataset: "Dataset") -> NDArray[Any]:
    """The decoded values with all allocated bits; YCbCr becomes RGB. Raises what pydicom raises."""
    from pydicom.pixels.utils import pixel_array  # noqa: PLC0415  as above

    return np.asarray(pixel_array(dataset, correct_unused_bits=False))


def select_bits(values: NDArray[Any], dataset: "Dataset") -> NDArray[Any]:
    """The stored bits, shifted down where HighBit is not BitsStored - 1; an overlay's bits above them are dropped."""
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return values  # the codec knows its own precision
    allocated, stored, high = int(dataset.BitsAllocated), int(dataset.BitsStored), int(dataset.HighBit)
    if stored == allocated or values.dtype.itemsize * 8 != allocated or not stored <= high + 1 <= allocated:
        return values
    shifted: NDArray[Any] = (values << (allocated - 1 - high)) >> (allocated - stored)
    return shifted


def find_padding(raw: NDArray[Any], dataset: "Dataset") -> NDArray[np.bool_] | None:
    """Where the raw values lie within PixelPaddingValue and PixelPaddingRangeLimit; None for nowhere or everywhere."""
    first = read_numbers(dataset, "PixelPaddingValue")
    if not first or raw.dtype.kind not in "iu":
        return None
    last = read_numbers(dataset, "PixelPaddingRangeLimit") or first
    low, high = sorted(_wrap(int(one[0]), raw.dtype) for one in (first, last))
    padding = (raw >= low) & (raw <= high)
    return padding if padding.any() and not padding.all() else None


def rescale(values: NDArray[Any], dataset: "Dataset") -> NDArray[Any]:
    """Apply the modality LUT, or slope and intercept; absent and empty ones are the identity."""
    if _has_table(dataset, "ModalityLUTSequence"):
        from pydicom.pixels.processing import apply_modality_lut  # noqa: PLC0415  as above

        return np.asarray(apply_modality_lut(values, dataset))
    slope = (read_numbers(dataset, "RescaleSlope") or [1.0])[0]
    intercept = (read_numbers(dataset, "RescaleIntercept") or [0.0])[0]
    if (slope, intercept) == (1.0, 0.0) or slope == 0:
        return values
    return values.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def apply_window(
    values: NDArray[Any], dataset: "Dataset", padding: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """8 bits by the file's VOI LUT or window; by percentiles where there is none or it leaves nothing to see."""
    film = slice(None) if padding is None else ~padding
    for shown in (apply_voi_table(values, dataset), apply_voi_window(values, dataset)):
        if shown is not None and not is_blank(shown[film]):
            return shown
    return stretch(values, known=values[film])


def apply_voi_table(values: NDArray[Any], dataset: "Dataset") -> NDArray[np.uint8] | None:
    """8 bits by the first VOI LUT; None where it is absent or void."""
    if not _has_table(dataset, "VOILUTSequence"):
        return None
    from pydicom.pixels.processing import apply_voi  # noqa: PLC0415  as above

    whole = values if values.dtype.kind in "iu" else np.rint(values).astype(np.int32)
    shown = apply_voi(whole, dataset).astype(np.float32)
    shown *= 255.0 / (2 ** int(dataset.VOILUTSequence[0].LUTDescriptor[2]) - 1)
    return _to_bytes(shown)


def apply_voi_window(values: NDArray[Any], dataset: "Dataset") -> NDArray[np.uint8] | None:
    """8 bits by the first window, linear or sigmoid; None where it is absent or its width is not positive."""
    centres, widths = read_numbers(dataset, "WindowCenter"), read_numbers(dataset, "WindowWidth")
    function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
    if not centres or not widths or widths[0] <= 0:
        return None
    centre, width = centres[0], widths[0]
    if function == "LINEAR" and width > 1:
        centre, width = centre - 0.5, width - 1
    shown = values.astype(np.float32)
    shown -= centre
    shown /= width
    if function == "SIGMOID":
        shown = (1 / (1 + np.exp(np.clip(-4 * shown, -80, 80)))).astype(np.float32)
    else:
        shown += 0.5
    shown *= 255.0
    return _to_bytes(shown)


def make_square(grey: NDArray[Any], dataset: "Dataset") -> NDArray[Any]:
    """Stretch the shorter direction where pixels are not square, for uint8 and float32.

    Raises Refused when the result is too large."""
    pairs = (read_numbers(dataset, name) for name in SPACINGS)
    ratio = next((one[0] / one[1] for one in pairs if len(one) == 2 and min(one) > 0), 1.0)
    if not MIN_STRETCH < max(ratio, 1 / ratio) <= MAX_STRETCH:
        return grey
    height, width = grey.shape
    size = (width, round(height * ratio)) if ratio > 1 else (round(width / ratio), height)
    check_size(*size)
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC))


def read_numbers(dataset: "Dataset", name: str) -> list[float]:
    """The finite numbers of an element; empty where it is absent, empty or no number."""
    try:
        value = dataset.get(name)
        numbers = [float(one) for one in (value if hasattr(value, "__iter__") else [value])]
    except (TypeError, ValueError, ArithmeticError):
        return []
    return numbers if all(math.isfinite(one) for one in numbers) else []


def _has_table(dataset: "Dataset", name: str) -> bool:
    sequence = dataset.get(name)
    return bool(sequence) and bool(sequence[0].get("LUTData")) and "LUTDescriptor" in sequence[0]


def _wrap(value: int, dtype: np.dtype[Any]) -> int:
    """The value as the pixels' type holds it: writers give a signed padding value as unsigned and the reverse."""
    return int(np.array(value % (1 << (dtype.itemsize * 8)), f"u{dtype.itemsize}").astype(dtype))


def _to_bytes(shown: NDArray[np.float32]) -> NDArray[np.uint8]:
    shown += 0.5
    return np.clip(shown, 0, 255, out=shown).astype(np.uint8)
