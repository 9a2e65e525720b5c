"""The size in the header of a compressed DICOM frame, checked before a codec allocates (ITU-T T.81, T.87, T.800)."""

import struct
from typing import TYPE_CHECKING, Final

from inference.errors import Reason, Refused
from inference.upload import jpeg

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

JPEG_LS_FRAME: Final = 0xF7
JPEG_2000: Final = b"\xff\x4f\xff\x51"  # start of codestream, then the size marker
JPEG_2000_WITHIN: Final = 4096  # bytes in which the codestream begins, behind JP2 boxes if any


def check_codestream(dataset: "Dataset") -> None:
    """Raises Refused(CORRUPT) unless the frame has the data set's rows and columns."""
    from pydicom.encaps import get_frame  # noqa: PLC0415  pydicom is only loaded for DICOM

    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    size = read_jpeg_2000_size(frame) if frame.find(JPEG_2000, 0, JPEG_2000_WITHIN) >= 0 else read_jpeg_size(frame)
    if size != (int(dataset.Columns), int(dataset.Rows)):
        raise Refused(Reason.CORRUPT)


def read_jpeg_size(frame: bytes) -> tuple[int, int]:
    """Width and height by the frame header of any JPEG process or JPEG-LS. Raises Refused."""
    at = len(jpeg.START)
    for _ in range(jpeg.MAX_SEGMENTS):
        segment = jpeg.read_segment(frame, at)
        if segment.marker in jpeg.FRAMES or segment.marker == JPEG_LS_FRAME:
            _, height, width = struct.unpack(">BHH", segment.body[:5])
            return width, height
        at = segment.end
    raise Refused(Reason.CORRUPT)


def read_jpeg_2000_size(frame: bytes) -> tuple[int, int]:
    """Width and height by the SIZ marker."""
    at = frame.index(JPEG_2000) + len(JPEG_2000) + 4
    right, bottom, left, top = struct.unpack(">4L", frame[at : at + 16])
    return right - left, bottom - top
