"""Decode single-frame DICOM files to grey pixels (DICOM PS3.5, PS3.10)."""

import io
from typing import TYPE_CHECKING, Final

from inference.errors import Reason, Refused
from inference.upload.codestream import check_codestream
from inference.upload.dicom_file import unwrap
from inference.upload.dicom_grey import make_square, read_colour, read_monochrome
from inference.upload.dicom_subject import read_subject, refuse_without_pixels
from inference.upload.limits import check_size
from inference.upload.picture import Adjustment, Format, Picture

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NATIVE: Final = frozenset(
    {
        "1.2.840.10008.1.2",  # implicit little endian
        "1.2.840.10008.1.2.1",  # explicit little endian
        "1.2.840.10008.1.2.2",  # explicit big endian
    }
)
RLE: Final = "1.2.840.10008.1.2.5"
EXTENDED_JPEG: Final = "1.2.840.10008.1.2.4.51"  # 12 bits, or 8: the codecs here decode 8
CODESTREAMS: Final = frozenset(
    {
        "1.2.840.10008.1.2.4.50",  # JPEG baseline
        EXTENDED_JPEG,
        "1.2.840.10008.1.2.4.57",  # JPEG lossless
        "1.2.840.10008.1.2.4.70",  # JPEG lossless, first-order prediction
        "1.2.840.10008.1.2.4.80",  # JPEG-LS lossless
        "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless
        "1.2.840.10008.1.2.4.90",  # JPEG 2000 lossless
        "1.2.840.10008.1.2.4.91",  # JPEG 2000
    }
)
READABLE: Final = NATIVE | CODESTREAMS | {RLE}
MONOCHROME: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
COLOUR: Final = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR"})


def open_dicom(data: bytes) -> Picture:
    """The single frame as a viewer shows it, in 8 bits; MONOCHROME1 is inverted so that bone is bright.

    Raises Refused.
    """
    file = unwrap(data)
    if file.syntax not in READABLE:
        raise Refused(Reason.DICOM_SYNTAX)
    try:
        return read_frame(read_dataset(file.data), file.syntax)
    except (Refused, MemoryError):
        raise
    except Exception as error:  # a damaged file makes pydicom raise nearly anything
        raise Refused(Reason.CORRUPT) from error


def read_dataset(data: bytes) -> "Dataset":
    """Parse the header. Raises Refused for a file without pixels."""
    import pydicom  # noqa: PLC0415  takes 0.25 s, only for DICOM

    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE  # its warnings quote patient data
    dataset = pydicom.dcmread(io.BytesIO(data))
    refuse_without_pixels(dataset)
    return dataset


def read_frame(dataset: "Dataset", syntax: str) -> Picture:
    """Check subject, frames and size before any pixel is decoded, then decode. Raises Refused."""
    declared = read_subject(dataset)
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        raise Refused(Reason.MULTI_FRAME)
    size = (int(dataset.Columns), int(dataset.Rows))
    check_size(*size)
    if syntax in CODESTREAMS:
        check_codestream(dataset)
    if syntax == EXTENDED_JPEG and int(dataset.BitsStored) > 8:
        raise Refused(Reason.DICOM_SYNTAX)
    kind = str(dataset.PhotometricInterpretation)
    if kind in MONOCHROME:
        adjustments = (Adjustment.INVERTED,) * (kind == "MONOCHROME1") + (Adjustment.RESCALED,)
        return Picture(make_square(read_monochrome(dataset), dataset), Format.DICOM, adjustments, size, declared)
    if kind in COLOUR:
        adjustments = (Adjustment.RESCALED,) * (int(dataset.BitsAllocated) > 8)
        return Picture(make_square(read_colour(dataset), dataset), Format.DICOM, adjustments, size, declared)
    raise Refused(Reason.COLOUR_SPACE)
