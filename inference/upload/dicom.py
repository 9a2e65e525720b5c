"""Decode single-frame DICOM files to grey pixels (DICOM PS3.5, PS3.10)."""

import io
import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.upload.intensity import stretch
from inference.upload.limits import check_size
from inference.upload.picture import Adjustment, Format, Picture

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAGIC_AT: Final = 128
MAGIC: Final = b"DICM"
LONG_VRS: Final = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT"})
TRANSFER_SYNTAX: Final = (0x0002, 0x0010)
READABLE: Final = frozenset(
    {
        "1.2.840.10008.1.2",  # implicit little endian
        "1.2.840.10008.1.2.1",  # explicit little endian
        "1.2.840.10008.1.2.2",  # explicit big endian
        "1.2.840.10008.1.2.5",  # RLE lossless
        "1.2.840.10008.1.2.4.50",  # JPEG baseline, 8 bits
    }
)
MONOCHROME: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
COLOUR: Final = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422"})


def is_dicom(data: bytes) -> bool:
    """Whether the DICM prefix follows the 128-byte preamble; files without it are not recognised."""
    return data[MAGIC_AT : MAGIC_AT + 4] == MAGIC


def read_transfer_syntax(data: bytes) -> str:
    """The transfer syntax UID from the file meta information. Raises Refused(CORRUPT).

    Parsed here because pydicom would first inflate a deflated data set: 261 KB can hide 268 MB.
    """
    at = MAGIC_AT + 4
    while at + 8 <= len(data):
        group, element, kind, short = struct.unpack("<HH2sH", data[at : at + 8])
        if group != 0x0002:
            break
        head, length = (12, int.from_bytes(data[at + 8 : at + 12], "little")) if kind in LONG_VRS else (8, short)
        if (group, element) == TRANSFER_SYNTAX:
            return data[at + head : at + head + length].rstrip(b"\x00 ").decode("ascii", "replace")
        at += head + length
    raise Refused(Reason.CORRUPT)


def open_dicom(data: bytes) -> Picture:
    """The single frame, windowed to 8 bits; MONOCHROME1 is inverted so that bone is bright. Raises Refused."""
    if read_transfer_syntax(data) not in READABLE:
        raise Refused(Reason.DICOM_SYNTAX)
    try:
        return read_frame(read_dataset(data))
    except Refused:
        raise
    except Exception as error:  # a damaged file makes pydicom raise nearly anything
        raise Refused(Reason.CORRUPT) from error


def read_dataset(data: bytes) -> "Dataset":
    """Parse the header and check frames and size before any pixel is decoded. Raises Refused."""
    import pydicom  # noqa: PLC0415  takes 0.25 s, only for DICOM

    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE  # its warnings quote patient data
    dataset = pydicom.dcmread(io.BytesIO(data))
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        raise Refused(Reason.MULTI_FRAME)
    if "PixelData" not in dataset:
        raise Refused(Reason.NOT_AN_IMAGE)
    check_size(int(dataset.Columns), int(dataset.Rows))
    return dataset


def read_frame(dataset: "Dataset") -> Picture:
    """The grey pixels by photometric interpretation. Raises Refused(COLOUR_SPACE)."""
    kind = str(dataset.PhotometricInterpretation)
    size = (int(dataset.Columns), int(dataset.Rows))
    if kind in COLOUR:
        grey = np.asarray(dataset.pixel_array)[..., :3].mean(axis=2).astype(np.uint8)
        return Picture(grey, Format.DICOM, size=size)
    if kind not in MONOCHROME:
        raise Refused(Reason.COLOUR_SPACE)
    grey = apply_window(dataset)
    if kind == "MONOCHROME1":
        return Picture(255 - grey, Format.DICOM, (Adjustment.INVERTED, Adjustment.RESCALED), size=size)
    return Picture(grey, Format.DICOM, (Adjustment.RESCALED,), size=size)


def apply_window(dataset: "Dataset") -> NDArray[np.uint8]:
    """8-bit pixels by the file's VOI window or LUT, or else by percentiles."""
    from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut  # noqa: PLC0415  as above

    values: NDArray[Any] = apply_modality_lut(dataset.pixel_array, dataset)
    if dataset.get("WindowWidth") is None and dataset.get("VOILUTSequence") is None:
        return stretch(values)
    windowed = apply_voi_lut(values, dataset).astype(np.float32)
    return stretch(windowed, low=0.0, high=100.0)
