"""Files as phones, editors and messengers write them: what viewers open is opened, what follows the picture dropped."""

import io
import struct

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference.errors import Reason, Refused
from inference.upload.open import open_picture

MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
SAMSUNG = (
    b"\x00\x00\x01\n\x0e\x00\x00\x00Image_UTC_Data1700000000000SEFHk\x00\x00\x00\x01\x00\x00\x00\x18\x00\x00\x00SEFT"
)


def reason_for(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        open_picture(data)
    return caught.value.reason


TRAILERS = {
    "a newline": b"\r\n",
    "padding": bytes(3000),
    "fill bytes": b"\xff" * 40,
    "a second end": b"\xff\xd9",
    "Samsung's trailer": SAMSUNG,
    "a motion photo": MP4 + bytes(range(256)) * 16,
    "notes of an editor": b"some bytes of an editor",
}


@pytest.mark.parametrize("trailer", TRAILERS.values(), ids=TRAILERS)
def test_what_a_phone_writes_behind_a_picture_is_dropped(jpeg: bytes, png: bytes, trailer: bytes) -> None:
    """Purpose: no sharper look at a film is needed than at its pixels, and a clean copy holds those alone."""
    for plain in (jpeg, png):
        picture = open_picture(plain + trailer)
        assert np.array_equal(picture.grey, open_picture(plain).grey)
        assert trailer.strip() not in picture.jpeg() or not trailer.strip(b"\x00\xff\xd9\r\n")


def test_the_first_picture_of_a_multi_picture_file_is_read(jpeg: bytes, pattern: NDArray[np.uint8]) -> None:
    """Purpose: a gain map or a preview follows, with padding between, marked or not."""
    other = bytes(cv2.imencode(".jpg", 255 - pattern)[1])
    mark = b"\xff\xe2\x00\x08MPF\x00II"
    for first in (jpeg, jpeg[:2] + mark + jpeg[2:]):
        assert np.array_equal(open_picture(first + bytes(700) + other).grey, open_picture(jpeg).grey)


@pytest.mark.parametrize(
    "second", [b"PK\x03\x04", b"\r\n<html>", bytes(9) + b"%PDF-1.4", b"\x7fELF", b"MZ\x90", b"Rar!\x1a", b"#!/bin/sh"]
)
def test_a_second_file_behind_a_picture_is_refused(jpeg: bytes, png: bytes, second: bytes) -> None:
    """Purpose: a polyglot is not kept, even behind padding."""
    assert reason_for(jpeg + second) is Reason.TRAILING_DATA
    assert reason_for(png + second) is Reason.TRAILING_DATA


def rgb_jpeg(pattern: NDArray[np.uint8]) -> bytes:
    """Stored as RGB with Adobe's marker and transform 0, as Photoshop writes it."""
    file = io.BytesIO()
    Image.merge("RGB", [Image.fromarray(pattern)] * 3).save(file, "JPEG", keep_rgb=True, quality=95)
    return file.getvalue()


def test_a_jpeg_stored_as_rgb_is_read_like_its_twin(pattern: NDArray[np.uint8]) -> None:
    """Purpose: every viewer opens it; it was called damaged."""
    data = rgb_jpeg(pattern)
    for one in (data, data.replace(b"\xff\xee\x00\x0eAdobe", b"\xff\xef\x00\x0eAdobe")):  # by marker, by component ids
        assert np.abs(open_picture(one).grey.astype(int) - pattern).max() <= 6
        assert open_picture(one, max_side=100).grey.shape == (128, 128)


def test_stray_bytes_between_two_segments_are_skipped(jpeg: bytes) -> None:
    """Purpose: decoders skip a few with a warning; many are damage."""
    end = 4 + struct.unpack(">H", jpeg[4:6])[0]
    assert np.array_equal(open_picture(jpeg[:end] + b"\x00\x01\x02" + jpeg[end:]).grey, open_picture(jpeg).grey)
    assert reason_for(jpeg[:end] + b"\x01" * 500 + jpeg[end:]) is Reason.CORRUPT


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_an_iphone_file_is_named(brand: bytes) -> None:
    """Purpose: the tip that helps is "send it as a photo, not as a file"."""
    assert reason_for(b"\x00\x00\x00\x18ftyp" + brand + bytes(40)) is Reason.HEIC


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7 report", Reason.PDF),
        (MP4, Reason.WRONG_FORMAT),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Reason.WRONG_FORMAT),
        (b"\xff\x4f\xff\x51\x00\x2f", Reason.WRONG_FORMAT),
    ],
)
def test_other_files_are_named(data: bytes, reason: Reason) -> None:
    """Purpose: a document, a film and JPEG 2000 each lead to the tip that helps."""
    assert reason_for(data) is reason
