"""Open uploaded bytes: detect the format, check the structure, decode to grey pixels."""

import io
from typing import Final
from zipfile import BadZipFile, ZipFile

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.Image import Transpose
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from inference.errors import Reason, Refused
from inference.upload import jpeg, png
from inference.upload.dicom import open_dicom
from inference.upload.dicom_file import is_dicom
from inference.upload.intensity import stretch
from inference.upload.limits import MAX_BYTES, check_size, refuse_blank
from inference.upload.picture import Adjustment, Format, Picture

ORIENTATION: Final = 0x0112
EXIF_TRANSPOSE: Final = {  # by EXIF Orientation; Pillow's exif_transpose rewrites EXIF, which fails on a damaged one
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
EXTENSIONS: Final = {Format.JPEG: "jpg", Format.PNG: "png", Format.DICOM: "dcm"}
PDF: Final = b"%PDF"
JPEG_2000: Final = (b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51")
OTHER_FORMATS: Final = (
    *(b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF", b"%!PS", b"<svg", b"<?xml", b"8BPS"),
    *JPEG_2000,
)
HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
DECODE_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    UnidentifiedImageError,
)  # raised by Pillow for damaged files


def sniff(data: bytes) -> Format:
    """The format by content; file names and declared types are ignored. Raises Refused."""
    if not data:
        raise Refused(Reason.EMPTY)
    if len(data) > MAX_BYTES:
        raise Refused(Reason.TOO_LARGE)
    if data.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if data.startswith(png.SIGNATURE):
        return Format.PNG
    if is_dicom(data):
        return Format.DICOM
    raise Refused(name_other_format(data))


def file_extension(data: bytes) -> str:
    """The usual extension of the format by content, without the dot; "bin" for any other format."""
    try:
        return EXTENSIONS[sniff(data)]
    except Refused:
        return "bin"


def name_other_format(data: bytes) -> Reason:
    """The name of a format other than JPEG, PNG and DICOM."""
    if data.startswith(PDF):
        return Reason.PDF
    if data[4:8] == b"ftyp":
        return Reason.HEIC if data[8:12] in HEIC_BRANDS else Reason.WRONG_FORMAT
    return Reason.WRONG_FORMAT if data.startswith(OTHER_FORMATS) else Reason.NOT_AN_IMAGE


def open_picture(data: bytes, max_side: int | None = None) -> Picture:
    """Decode a JPEG, PNG or DICOM file to a grey picture. Raises Refused with the reason.

    `max_side` lets a large JPEG be decoded at a half, a quarter or an eighth of its size, as long as the longer side
    keeps at least that many pixels: a third of the time, and enough for the classifier. Omit it for pictures that
    people view.
    """
    match sniff(data):
        case Format.JPEG:
            picture = open_jpeg(data, max_side)
        case Format.PNG:
            picture = open_png(data)
        case Format.DICOM:
            picture = open_dicom(data)
    refuse_blank(picture.grey)
    return picture


def open_jpeg(data: bytes, max_side: int | None) -> Picture:
    """The luma of the first picture in the file. Raises Refused."""
    frame = jpeg.check_structure(data)
    check_size(frame.width, frame.height)
    try:
        image = JpegImageFile(io.BytesIO(data[: frame.end]))
        mode = "L" if frame.components == 1 else "RGB" if frame.is_rgb else "YCbCr"
        image.draft(mode, reduced_size((frame.width, frame.height), max_side))
        return read_pixels(image, Format.JPEG, (frame.width, frame.height))
    except DECODE_ERRORS as error:
        raise Refused(Reason.CORRUPT) from error


def open_png(data: bytes) -> Picture:
    """A still PNG of any bit depth, without text, profile or transparency. Raises Refused."""
    header = png.check_structure(data)
    check_size(header.width, header.height)
    try:
        return read_pixels(PngImageFile(io.BytesIO(data)), Format.PNG, (header.width, header.height))
    except DECODE_ERRORS as error:
        raise Refused(Reason.CORRUPT) from error


def kept(data: bytes, picture: Picture) -> bytes:
    """The bytes to store of a file that was decoded to this picture: those that were decoded, and no other.

    Thumbnails, texts, profiles, places and further pictures are left out, and the preamble of DICOM is emptied. Raises
    Refused(TRAILING_DATA) where an archive is left, hidden among the pixels' own bytes."""
    match picture.format:
        case Format.JPEG:
            left = jpeg.strip(data, picture.orientation)
        case Format.PNG:
            exif = jpeg.orientation_tag(picture.orientation) if picture.orientation != 1 else None
            left = png.strip(data, exif)
        case Format.DICOM:
            left = data if data[128:132] != b"DICM" else bytes(128) + data[128:]
    if _is_archive(left):
        raise Refused(Reason.TRAILING_DATA)
    return left


def _is_archive(data: bytes) -> bool:
    try:
        return bool(ZipFile(io.BytesIO(data)).infolist())
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def reduced_size(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """The smallest size to which the decoder may reduce (width, height)."""
    if max_side is None or max(size) <= max_side:
        return size
    scale = max_side / max(size)
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def read_pixels(image: Image.Image, kind: Format, size: tuple[int, int]) -> Picture:
    """Decode, apply the EXIF orientation, flatten, and keep the grey channel."""
    orientation = image.getexif().get(ORIENTATION, 1)
    transpose = EXIF_TRANSPOSE.get(orientation)
    applied = 1 if transpose is None else orientation
    image = flatten(image if transpose is None else image.transpose(transpose))
    adjustments = () if transpose is None else (Adjustment.TURNED,)
    if image.mode.startswith("I"):
        grey, adjustments = stretch(np.asarray(image)), (*adjustments, Adjustment.RESCALED)
    else:
        grey = np.asarray(image.getchannel(0))
    return Picture(grey, kind, adjustments, size, orientation=applied)


def flatten(image: Image.Image) -> Image.Image:
    """Convert to 8-bit grey, YCbCr or 16-bit grey; transparent parts become black."""
    if image.mode.startswith("I") or (image.mode in ("L", "YCbCr") and "transparency" not in image.info):
        image.load()
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "RGB" and "transparency" not in image.info:
        return image.convert("YCbCr")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "black"), rgba).convert("RGB").convert("YCbCr")
