"""Threat: a file that is a picture and something else besides is kept, and leaves with a card or an export."""

import io
import struct
import zlib
from zipfile import BadZipFile, ZipFile

import numpy as np
import pytest
from PIL import Image

from inference.errors import Reason, Refused
from inference.upload.decoder import DecoderPool
from inference.upload.open import kept, open_picture
from tests.support.dicom import dataset_of, film, written

SECRET = b"MALWARE-that-travels-along"
GPS = b"\x11\x22GPS-of-the-patients-home"


def _zip() -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("payload.txt", SECRET)
    return file.getvalue()


def _pixels(side: int = 200) -> Image.Image:
    down, across = np.mgrid[0:side, 0 : side + 40]
    return Image.fromarray((127 + 100 * np.sin(across / 9) * np.cos(down / 7)).astype(np.uint8))


def _written(kind: str, **more: object) -> bytes:
    file = io.BytesIO()
    _pixels().save(file, kind, **more)
    return file.getvalue()


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, GPS.decode("latin-1")
    return exif


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _polyglots() -> dict[str, bytes]:
    """Files that a viewer opens as a picture and another program as something else."""
    jpeg, png, payload = _written("JPEG"), _written("PNG"), _zip()
    multi = jpeg[:2] + _segment(0xE2, b"MPF\x00II*\x00") + jpeg[2:]
    dicom = written(dataset_of(film()))
    return {
        "JPEG, MPF, JPEG, ZIP": multi + bytes(90) + _written("JPEG", quality=30) + payload,
        "JPEG, JPEG, ZIP": jpeg + jpeg + payload,
        "JPEG, notes, ZIP": jpeg + b"notes of an editor" + payload,
        "ZIP in a comment": jpeg[:2] + _segment(0xFE, payload) + jpeg[2:],
        "ZIP in APP2": jpeg[:2] + _segment(0xE2, b"ICC_PROFILE\x00\x01\x01" + payload) + jpeg[2:],
        "ZIP in APP15": jpeg[:2] + _segment(0xEF, payload) + jpeg[2:],
        "ZIP behind Adobe's marker": jpeg[:2] + _segment(0xEE, b"Adobe\x00\x64" + bytes(5) + payload) + jpeg[2:],
        "ZIP as a thumbnail": jpeg[:2] + _segment(0xE0, b"JFIF\x00\x01\x01" + bytes(7) + payload) + jpeg[2:],
        "ZIP in EXIF": _written("JPEG", exif=b"Exif\x00\x00" + _exif(6).tobytes()[6:] + payload),
        "place in EXIF": _written("JPEG", exif=_exif(3)),
        "PNG, notes, ZIP": png + b"notes of an editor" + payload,
        "ZIP in a PNG chunk": png[:33] + _chunk(b"prVt", payload) + png[33:],
        "place in a PNG": _written("PNG", exif=_exif(8)),
        "program in DICOM's preamble": b"MZ" + SECRET.ljust(126, b"\x00") + dicom[128:],
    }


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize(("name", "data"), _polyglots().items(), ids=_polyglots())
def test_what_is_kept_shows_the_same_pixels_and_holds_nothing_else(name: str, data: bytes) -> None:
    picture = open_picture(data)
    left = kept(data, picture)
    assert np.array_equal(open_picture(left).grey, picture.grey)
    assert kept(left, open_picture(left)) == left
    for stranger in (SECRET, GPS, b"PK\x03\x04", b"PK\x05\x06", b"MPF\x00"):
        assert stranger not in left, stranger
    assert len(left) <= len(data) + 40
    with pytest.raises(BadZipFile):
        ZipFile(io.BytesIO(left))


@pytest.mark.slow
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_orientation_survives_the_decoder_process_and_the_keeping(kind: str, orientation: int) -> None:
    data = _written(kind, exif=_exif(orientation))
    with DecoderPool() as decoder:
        picture = decoder.decode(data)
        assert picture.orientation == orientation
        assert np.array_equal(decoder.decode(kept(data, picture)).grey, picture.grey)


def test_an_archive_among_the_pixels_own_bytes_is_refused() -> None:
    """Behind the last block a decoder reads on to the end marker."""
    jpeg = _written("JPEG")
    data = jpeg[:-2] + _zip().replace(b"\xff", b"\xff\x00") + jpeg[-2:]
    picture = open_picture(data)
    with pytest.raises(Refused) as caught:
        kept(data, picture)
    assert caught.value.reason is Reason.TRAILING_DATA
