"""The gate agrees with a corpus of odd and hostile files, and never answers with anything but a reason."""

import hashlib
import json
import resource
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.limits import MOST_BYTES
from inference.picture import Adjustment, Format
from inference.upload import open_picture

CORPUS = Path(__file__).parents[3] / "shared" / "hostile" / "make_corpus.py"


def reason_for(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        open_picture(data)
    return caught.value.reason


@pytest.fixture(scope="session")
def corpus(request: pytest.FixtureRequest) -> tuple[Path, list[dict[str, Any]]]:
    """Built once and kept in pytest's cache: the bombs take some seconds to make."""
    if not CORPUS.exists():
        pytest.skip("the corpus of hostile files is not beside this checkout")
    digest = hashlib.sha256(CORPUS.read_bytes()).hexdigest()[:12]
    folder = request.config.cache.mkdir(f"hostile-{digest}")
    if not (folder / "manifest.json").exists():
        subprocess.run([sys.executable, str(CORPUS), str(folder)], check=True, capture_output=True)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    return folder, [entry for entry in files if entry["file"]]


def verdict(data: bytes) -> str:
    try:
        open_picture(data)
    except Refused:
        return "reject"
    return "accept"


def test_every_verdict_of_the_hostile_corpus_is_shared(corpus: tuple[Path, list[dict[str, Any]]]) -> None:
    """Purpose: bombs, polyglots, truncations and spoofed types, 70 files, judged elsewhere."""
    folder, files = corpus
    judged = {entry["file"]: verdict((folder / entry["file"]).read_bytes()) for entry in files}
    assert len(judged) >= 70
    assert judged == {entry["file"]: entry["verdict"] for entry in files}


def test_no_hostile_file_costs_time_or_memory(corpus: tuple[Path, list[dict[str, Any]]]) -> None:
    """Purpose: a bomb is refused before it unfolds; decoded, the largest would need 1.7 GB."""
    folder, files = corpus
    before, slowest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0.0
    for entry in files:
        started = time.process_time()
        verdict((folder / entry["file"]).read_bytes())
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # KB


@given(data=st.data())
def test_a_mutated_jpeg_is_read_or_refused_and_nothing_else(jpeg: bytes, data: st.DataObject) -> None:
    """Purpose: no byte of the head may reach the decoder in a way that raises its own errors."""
    open_or_refuse(mutate(jpeg, data, head=700))


@given(data=st.data())
def test_a_mutated_png_is_read_or_refused_and_nothing_else(png: bytes, data: st.DataObject) -> None:
    """Purpose: the same for PNG, with right checksums, since a wrong one ends the matter at once."""
    open_or_refuse(mend_checksums(mutate(png, data, head=60)))


@given(head=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\0" * 128 + b"DICM", b""]), rest=st.binary())
def test_random_bytes_behind_any_magic_word_are_refused(head: bytes, rest: bytes) -> None:
    """Purpose: sniffing alone opens no door."""
    with pytest.raises(Refused):
        open_picture(head + rest)


def open_or_refuse(data: bytes) -> Reason | None:
    try:
        picture = open_picture(data)
    except Refused as refused:
        return refused.reason
    assert picture.grey.dtype == np.uint8
    assert min(picture.grey.shape) >= 64
    return None


def mutate(good: bytes, data: st.DataObject, head: int) -> bytes:
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(3, min(head, len(good) - 1)))] = data.draw(st.integers(0, 255))
    return bytes(changed)


def mend_checksums(data: bytes) -> bytes:
    mended, at = bytearray(data), 8
    while at + 12 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        end = at + 12 + length
        if end > len(data):
            break
        mended[end - 4 : end] = struct.pack(">I", zlib.crc32(data[at + 4 : end - 4]))
        at = end
    return bytes(mended)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"hello, doctor", Reason.NOT_AN_IMAGE),
        (b"%PDF-1.7 report", Reason.WRONG_FORMAT),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, Reason.WRONG_FORMAT),
        (b"\xff" * (MOST_BYTES + 1), Reason.TOO_LARGE),
    ],
)
def test_what_is_no_picture_is_told_apart(data: bytes, reason: Reason) -> None:
    """Purpose: the patient hears what he sent: a document, nothing, or far too much."""
    assert reason_for(data) is reason


def test_a_jpeg_cut_anywhere_is_truncated(jpeg: bytes) -> None:
    """Purpose: a broken download is never read half."""
    assert {reason_for(jpeg[:end]) for end in (4, 200, len(jpeg) // 2, len(jpeg) - 1)} == {Reason.TRUNCATED}


def test_what_is_glued_behind_a_picture_is_refused(jpeg: bytes, png: bytes) -> None:
    """Purpose: a polyglot is stored nowhere."""
    assert reason_for(jpeg + b"PK\x03\x04") is Reason.TRAILING_DATA
    assert reason_for(png + b"<script>") is Reason.TRAILING_DATA


def test_small_and_blank_pictures_are_refused(pattern: NDArray[np.uint8]) -> None:
    """Purpose: there is nothing to read in them."""
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
    """Purpose: what is transparent to a viewer must not be read by the network."""
    layers = np.dstack([pattern, pattern, pattern, np.full_like(pattern, 255)])
    layers[:128, :, 3] = 0
    grey = open_picture(encode(layers)).grey
    assert grey[:128].max() == 0
    assert np.abs(grey[128:].astype(int) - pattern[128:]).max() <= 2


def test_an_orientation_tag_turns_the_picture_once(jpeg: bytes, pattern: NDArray[np.uint8]) -> None:
    """Purpose: a phone held upright sends a lying picture and a tag; forgetting or doubling it turns the heart."""
    marked = pattern.copy()
    marked[:64, :64] = 255
    plain = bytes(cv2.imencode(".jpg", marked)[1])
    tag = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = open_picture(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(tag) + 2) + tag + plain[2:])
    assert Adjustment.TURNED in turned.adjustments
    assert np.abs(turned.grey.astype(int) - np.rot90(open_picture(plain).grey, -1)).max() <= 1


def test_a_clean_copy_carries_no_word_of_the_upload(jpeg: bytes) -> None:
    """Purpose: names and places hide in comments and EXIF."""
    named = jpeg[:2] + b"\xff\xfe\x00\x12Amina, Ward 7...."[: 2 + 0x12] + jpeg[2:]
    copy = open_picture(named).jpeg()
    assert b"Amina" in named
    assert b"Amina" not in copy
    assert np.abs(open_picture(copy).grey.astype(int) - open_picture(jpeg).grey).mean() < 3


def test_a_large_jpeg_is_decoded_small_when_that_is_enough(pattern: NDArray[np.uint8]) -> None:
    """Purpose: the classifier need not pay for pixels that it throws away."""
    large = bytes(cv2.imencode(".jpg", cv2.resize(pattern, (2048, 1536)))[1])
    picture = open_picture(large, longest=448)
    assert picture.grey.shape == (384, 512)
    assert picture.size == (2048, 1536)
    assert open_picture(large).grey.shape == (1536, 2048)


def test_a_photograph_of_the_world_is_colourful_and_a_scan_is_not(film: bytes, pattern: NDArray[np.uint8]) -> None:
    """Purpose: colour tells a snapshot from a film."""
    colours = np.dstack([pattern, pattern.T, 255 - pattern])
    assert open_picture(film).colour == 0
    assert open_picture(encode(colours)).colour > 8
