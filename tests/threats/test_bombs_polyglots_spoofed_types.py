"""Threat: a file that decompresses hugely, never ends, is two files at once or has a wrong type."""

import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid

from bot.dev.bench.machine import cpu_seconds, memory_mb
from inference.errors import Reason, Refused
from inference.upload.decoder import DecoderPool
from tests.support.pace import slowness

BESIDE = (folder / "shared" / "hostile" / "make_corpus.py" for folder in Path(__file__).parents)
CORPUS = next((file for file in BESIDE if file.exists()), None)
PIXELS = np.add.outer(np.arange(80), np.arange(80)).astype(np.uint8)
MOST_MB, MOST_SECONDS = 200, 1.0 * slowness()


@pytest.fixture(scope="module")
def decoder() -> Iterator[DecoderPool]:
    """The bot's own decoder pool."""
    with DecoderPool() as opened:
        verdict(opened, written("JPEG"))
        yield opened


def verdict(decoder: DecoderPool, data: bytes) -> str:
    """`accept`, or the reason; either way memory, time and the child process are checked."""
    child, before = decoder.pid, cpu_seconds(decoder.pid)
    try:
        decoder.decode(data)
        result = "accept"
    except Refused as refused:
        result = refused.reason.value
    assert decoder.pid == child
    assert cpu_seconds(child) - before <= MOST_SECONDS
    assert memory_mb(child)["peak"] <= MOST_MB
    return result


@pytest.mark.slow
def test_every_verdict_of_the_hostile_corpus_is_shared_and_costs_little(
    decoder: DecoderPool, request: pytest.FixtureRequest
) -> None:
    """Seventy files with verdicts from elsewhere.

    Decoded unchecked, the largest would take 1.7 GB and the slowest 7 s.
    """
    folder, files = corpus(request)
    judged = {one["file"]: verdict(decoder, (folder / one["file"]).read_bytes()) for one in files}
    assert len(judged) >= 70
    assert {name for name, result in judged.items() if result == "accept"} == {
        one["file"] for one in files if one["verdict"] == "accept"
    }
    assert Reason.TOO_HEAVY not in judged.values()  # the header check refused them, before any limit applied


def corpus(request: pytest.FixtureRequest) -> tuple[Path, list[dict[str, Any]]]:
    """Built once and kept in pytest's cache: the bombs take some seconds to make."""
    if CORPUS is None:
        pytest.skip("the corpus of hostile files is not beside this checkout")
    digest = hashlib.sha256(CORPUS.read_bytes()).hexdigest()[:12]
    folder = request.config.cache.mkdir(f"hostile-{digest}")
    if not (folder / "manifest.json").exists():
        subprocess.run([sys.executable, str(CORPUS), str(folder)], check=True, capture_output=True)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    return folder, [entry for entry in files if entry["file"]]


def written(kind: str, **more: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, kind, **more)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, *extra: bytes) -> bytes:
    """A PNG whose header claims any size, with a few bytes of pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")
    )


def jpeg_of(scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated again and again."""
    whole = written("JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + whole[-2:]


def dicom(**changes: Any) -> bytes:
    """A small secondary capture."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = changes.pop("syntax", ExplicitVRLittleEndian)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid(entropy_srcs=["a", "b"])
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 80, 80, 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.WindowCenter, dataset.WindowWidth, dataset.PixelData = 80, 160, PIXELS.astype("<u2").tobytes()
    for name, value in changes.items():
        setattr(dataset, name, value)
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], Reason]] = {
    "a wall of pixels": (lambda: png_of(30_000, 30_000), Reason.TOO_MANY_PIXELS),
    "one endless row": (lambda: png_of(4_000_000, 64), Reason.TOO_MANY_PIXELS),
    "a text that unfolds": (
        lambda: png_of(80, 80, chunk(b"zTXt", b"c\0\0" + zlib.compress(bytes(80 << 20)))),
        Reason.SUSPICIOUS,
    ),
    "four hundred scans": (lambda: jpeg_of(400), Reason.SUSPICIOUS),
    "a deflated data set": (
        lambda: dicom(syntax=DeflatedExplicitVRLittleEndian, PixelData=bytes(40 << 20)),
        Reason.DICOM_SYNTAX,
    ),
    "a million frames": (lambda: dicom(NumberOfFrames=10**6), Reason.MULTI_FRAME),
    "rows that are not there": (lambda: dicom(Rows=6000, Columns=6000), Reason.CORRUPT),
    "a picture and an archive": (lambda: written("JPEG") + b"PK\x03\x04" + bytes(99), Reason.TRAILING_DATA),
    "a picture and a script": (lambda: written("PNG") + b"<script>1</script>", Reason.TRAILING_DATA),
    "PostScript called a picture": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 80 80", Reason.WRONG_FORMAT),
    "a page called a picture": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.WRONG_FORMAT),
    "a program called a picture": (lambda: b"\x7fELF" + bytes(400), Reason.NOT_AN_IMAGE),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_built_to_hurt_is_refused_for_what_it_is(decoder: DecoderPool, name: str) -> None:
    make, reason = HOSTILE[name]
    assert verdict(decoder, make()) == reason


GOOD: dict[str, tuple[bytes, int]] = {  # and the length of its header in bytes
    "jpeg": (written("JPEG"), 620),
    "progressive": (written("JPEG", progressive=True), 400),
    "png": (written("PNG"), 60),
    "dicom": (dicom(), 560),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_good_ones_are_good(decoder: DecoderPool, name: str) -> None:
    """Precondition of the mutation tests below."""
    assert verdict(decoder, GOOD[name][0]) == "accept"


@pytest.mark.parametrize("name", GOOD)
@settings(deadline=None)
@given(data=st.data())
def test_a_mutated_head_never_crashes_hangs_or_bloats(decoder: DecoderPool, name: str, data: st.DataObject) -> None:
    """A few bytes of a header changed, removed or inserted; a PNG's checksums corrected."""
    good, head = GOOD[name]
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(3, head))
        changed[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    result = verdict(decoder, mend_checksums(bytes(changed)) if name == "png" else bytes(changed))
    assert result == "accept" or result in set(Reason)


@given(head=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\0" * 128 + b"DICM", b""]), rest=st.binary())
@settings(deadline=None)
def test_random_bytes_behind_any_magic_word_are_refused(decoder: DecoderPool, head: bytes, rest: bytes) -> None:
    """The magic number alone is not enough."""
    assert verdict(decoder, head + rest) != "accept"


def mend_checksums(data: bytes) -> bytes:
    mended, at = bytearray(data), 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            break
        mended[end - 4 : end] = struct.pack(">I", zlib.crc32(data[at + 4 : end - 4]))
        at = end
    return bytes(mended)


@pytest.mark.slow
def test_the_limits_hold_where_every_check_before_them_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A decoder without checks exhausts memory, never ends or crashes.

    Each costs a child at most; the next is served.
    """
    holes = {
        b"bloat": "bytes(4 << 30)",
        b"hang": "any(iter(int, 1))",
        b"crash": "__import__('ctypes').string_at(0)",
    }
    (tmp_path / "sitecustomize.py").write_text(HOLE.format(holes=holes))
    monkeypatch.setattr(
        "inference.upload.decoder.MEMORY_SETTINGS", {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    )
    with DecoderPool() as decoder:
        for data in holes:
            with pytest.raises(Refused) as caught:
                decoder.decode(data)
            assert caught.value.reason is Reason.TOO_HEAVY
            assert decoder.decode(written("PNG")).size == (80, 80)


ROOT = Path(__file__).parents[2]
HOLE = """
import inference.upload.open as upload
honest = upload.open_picture
def open_picture(data, longest=None):
    hole = {holes}.get(data)
    return eval(hole) if hole else honest(data, longest)
upload.open_picture = open_picture
"""
