"""The gate for uploaded bytes: told apart by content, walked before decoding, rebuilt as grey pixels."""

import io
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.Image import Transpose
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from inference.errors import Reason, Refused
from inference.upload import dicom, jpeg, png
from inference.upload.intensity import stretch
from inference.upload.limits import MOST_BYTES, check_size, refuse_blank
from inference.upload.picture import Adjustment, Format, Picture

ORIENTATION: Final = 0x0112
TURNS: Final = {  # by EXIF's Orientation; Pillow's own transposing writes EXIF anew, on which a damaged one breaks
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
OTHER_PICTURES: Final = (b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF", b"%PDF", b"%!PS", b"<svg", b"<?xml", b"8BPS")
DAMAGE: Final = (OSError, SyntaxError, ValueError, EOFError, UnidentifiedImageError)  # what Pillow raises


def sniff(data: bytes) -> Format:
    """The format by content; a name or a declared type proves nothing."""
    if not data:
        raise Refused(Reason.EMPTY)
    if len(data) > MOST_BYTES:
        raise Refused(Reason.TOO_LARGE)
    if data.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if data.startswith(png.SIGNATURE):
        return Format.PNG
    if dicom.is_dicom(data):
        return Format.DICOM
    known = data.startswith(OTHER_PICTURES) or data[4:8] == b"ftyp"
    raise Refused(Reason.WRONG_FORMAT if known else Reason.NOT_AN_IMAGE)


def open_picture(data: bytes, longest: int | None = None) -> Picture:
    """Bytes of a JPEG, PNG or DICOM file as a grey picture; raises Refused with the reason.

    `longest` allows a large JPEG to be decoded at a half, a quarter or an eighth as long as its longer side
    stays at or above that many pixels: a third of the time, and enough for the classifier. Leave it out
    where people will look at the picture.
    """
    match sniff(data):
        case Format.JPEG:
            picture = open_jpeg(data, longest)
        case Format.PNG:
            picture = open_png(data)
        case Format.DICOM:
            picture = dicom.open_dicom(data)
    refuse_blank(picture.grey)
    return picture


def open_jpeg(data: bytes, longest: int | None) -> Picture:
    """The first picture of the file, its luma as it was stored."""
    frame = jpeg.walk(data)
    check_size(frame.width, frame.height)
    try:
        image = JpegImageFile(io.BytesIO(data[: frame.end]))
        image.draft("L" if frame.components == 1 else "YCbCr", reduced((frame.width, frame.height), longest))
        return read_pixels(image, Format.JPEG, (frame.width, frame.height))
    except DAMAGE as error:
        raise Refused(Reason.CORRUPT) from error


def open_png(data: bytes) -> Picture:
    """A still PNG of any depth, without its text, profile or transparency."""
    header = png.walk(data)
    check_size(header.width, header.height)
    try:
        return read_pixels(PngImageFile(io.BytesIO(data)), Format.PNG, (header.width, header.height))
    except DAMAGE as error:
        raise Refused(Reason.CORRUPT) from error


def reduced(size: tuple[int, int], longest: int | None) -> tuple[int, int]:
    """The least size that the decoder may deliver."""
    if longest is None or max(size) <= longest:
        return size
    scale = longest / max(size)
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def read_pixels(image: Image.Image, kind: Format, size: tuple[int, int]) -> Picture:
    """Decode, turn once as EXIF says, flatten, and keep grey."""
    turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    image = flatten(image if turn is None else image.transpose(turn))
    adjustments = () if turn is None else (Adjustment.TURNED,)
    if image.mode.startswith("I"):
        return Picture(stretch(np.asarray(image)), kind, (*adjustments, Adjustment.RESCALED), size)
    return Picture(np.asarray(image.getchannel(0)), kind, adjustments, size)


def flatten(image: Image.Image) -> Image.Image:
    """One of three modes: 8-bit grey, luma with chroma, or 16-bit grey; transparent parts become black."""
    if image.mode.startswith("I") or (image.mode in ("L", "YCbCr") and "transparency" not in image.info):
        image.load()
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "RGB" and "transparency" not in image.info:
        return image.convert("YCbCr")
    whole = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", whole.size, "black"), whole).convert("RGB").convert("YCbCr")
