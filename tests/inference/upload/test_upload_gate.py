"""The upload gate's answer to each kind of file; hostile files are in tests/threats."""

import struct
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.upload.limits import MAX_BYTES
from inference.upload.open import open_picture
from inference.upload.picture import Adjustment, Format


def reason_for(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        open_picture(data)
    return caught.value.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"hello, doctor", Reason.NOT_AN_IMAGE),
        (b"GIF89a", Reason.WRONG_FORMAT),
        (b"\xff" * (MAX_BYTES + 1), Reason.TOO_LARGE),
    ],
)
def test_what_is_no_picture_is_told_apart(data: bytes, reason: Reason) -> None:
    """Purpose: the patient learns the reason: a document, an empty file, or one that is too large."""
    assert reason_for(data) is reason


def test_a_jpeg_cut_anywhere_is_truncated(jpeg: bytes) -> None:
    """Purpose: a broken download is never read in part."""
    assert {reason_for(jpeg[:end]) for end in (4, 200, len(jpeg) // 2, len(jpeg) - 1)} == {Reason.TRUNCATED}


def test_what_is_glued_behind_a_picture_is_refused(jpeg: bytes, png: bytes) -> None:
    """Purpose: a polyglot is never stored."""
    assert reason_for(jpeg + b"PK\x03\x04") is Reason.TRAILING_DATA
    assert reason_for(png + b"<script>") is Reason.TRAILING_DATA


def test_small_and_blank_pictures_are_refused(pattern: NDArray[np.uint8]) -> None:
    """Purpose: they contain nothing to read."""
    assert reason_for(encode(pattern[:63])) is Reason.TOO_SMALL
    assert reason_for(encode(np.full((200, 200), 90, np.uint8))) is Reason.BLANK


def encode(pixels: NDArray[Any]) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


def test_the_content_decides_the_format(jpeg: bytes, png: bytes) -> None:
    """Purpose: names and declared types are not even arguments."""
    assert (open_picture(jpeg).format, open_picture(png).format) == (Format.JPEG, Format.PNG)


def test_sixteen_bits_that_use_twelve_are_not_black(pattern: NDArray[np.uint8]) -> None:
    """Purpose: a 12-bit scan saved as 16-bit PNG keeps its contrast."""
    picture = open_picture(encode(pattern.astype(np.uint16) * 8))
    assert Adjustment.RESCALED in picture.adjustments
    assert picture.grey.max() > 250
    assert np.corrcoef(picture.grey.ravel(), pattern.ravel())[0, 1] > 0.99


def test_hidden_pixels_stay_hidden(pattern: NDArray[np.uint8]) -> None:
    """Purpose: pixels that a viewer shows as transparent must not reach the network."""
    layers = np.dstack([pattern, pattern, pattern, np.full_like(pattern, 255)])
    layers[:128, :, 3] = 0
    grey = open_picture(encode(layers)).grey
    assert grey[:128].max() == 0
    assert np.abs(grey[128:].astype(int) - pattern[128:]).max() <= 2


def test_an_orientation_tag_turns_the_picture_once(jpeg: bytes, pattern: NDArray[np.uint8]) -> None:
    """Purpose: an upright phone sends a rotated picture with a tag; ignoring or applying it twice rotates the heart."""
    marked = pattern.copy()
    marked[:64, :64] = 255
    plain = bytes(cv2.imencode(".jpg", marked)[1])
    tag = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = open_picture(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(tag) + 2) + tag + plain[2:])
    assert Adjustment.TURNED in turned.adjustments
    assert np.abs(turned.grey.astype(int) - np.rot90(open_picture(plain).grey, -1)).max() <= 1


def test_damage_in_exif_costs_nobody_the_picture(jpeg: bytes) -> None:
    """Purpose: Orientation 6 beside a RATIONAL declared as ASCII, as some phones and editors write it."""
    entries = struct.pack(">HHI4s", 0x0112, 3, 1, b"\0\x06\0\0") + struct.pack(">HHI4s", 0x011A, 2, 1, b"a\0\0\0")
    tag = b"Exif\0\0MM\0*\0\0\0\x08\0\x02" + entries + b"\0\0\0\0"
    named = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tag) + 2) + tag + jpeg[2:]
    assert open_picture(named).adjustments == (Adjustment.TURNED,)


def test_a_clean_copy_carries_no_word_of_the_upload(jpeg: bytes) -> None:
    """Purpose: comments and EXIF may contain names and places."""
    named = jpeg[:2] + b"\xff\xfe\x00\x12Amina, Ward 7...."[: 2 + 0x12] + jpeg[2:]
    copy = open_picture(named).jpeg()
    assert b"Amina" in named
    assert b"Amina" not in copy
    assert np.abs(open_picture(copy).grey.astype(int) - open_picture(jpeg).grey).mean() < 3


def test_a_large_jpeg_is_decoded_small_when_that_is_enough(pattern: NDArray[np.uint8]) -> None:
    """Purpose: the classifier need not decode pixels that it discards."""
    large = bytes(cv2.imencode(".jpg", cv2.resize(pattern, (2048, 1536)))[1])
    picture = open_picture(large, max_side=448)
    assert picture.grey.shape == (384, 512)
    assert picture.size == (2048, 1536)
    assert open_picture(large).grey.shape == (1536, 2048)
