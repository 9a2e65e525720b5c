"""DICOM files: windowed, shown bright-on-dark, refused when they decompress hugely or hold several frames."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from inference.errors import Reason, Refused
from inference.upload.open import open_picture
from inference.upload.picture import Adjustment, Format, Picture


def edit(file: Path, **changes: object) -> bytes:
    dataset = pydicom.dcmread(file)
    syntax = changes.pop("syntax", ExplicitVRLittleEndian)
    for name, value in changes.items():
        setattr(dataset, name, value)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(str(syntax))
    written = io.BytesIO()
    dataset.save_as(written, implicit_vr=False, little_endian=True)
    return written.getvalue()


def reason_for(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        open_picture(data)
    return caught.value.reason


def test_a_radiograph_is_inverted_openly_so_that_bone_is_bright(radiograph: Picture) -> None:
    """Purpose: MONOCHROME1 shows air bright; the spine has to end up brighter than the lung beside it."""
    assert radiograph.format is Format.DICOM
    assert Adjustment.INVERTED in radiograph.adjustments
    height, width = radiograph.grey.shape
    row = slice(int(height * 0.25), int(height * 0.35))
    spine = radiograph.grey[row, int(width * 0.47) : int(width * 0.53)].mean()
    lung = radiograph.grey[row, int(width * 0.62) : int(width * 0.7)].mean()
    assert spine > lung + 20


def test_the_other_monochrome_is_left_as_it_is(radiograph_file: Path, radiograph: Picture) -> None:
    """Purpose: only the photometric interpretation decides."""
    other = open_picture(edit(radiograph_file, PhotometricInterpretation="MONOCHROME2"))
    assert Adjustment.INVERTED not in other.adjustments
    assert np.array_equal(other.grey, 255 - radiograph.grey)


def test_a_compression_that_nobody_here_opens_is_named(radiograph_file: Path) -> None:
    """Purpose: an unsupported transfer syntax is refused rather than partly decoded."""
    raw = radiograph_file.read_bytes()
    own = pydicom.dcmread(radiograph_file).file_meta.TransferSyntaxUID
    assert reason_for(raw.replace(own.encode(), JPEGLSLossless.encode()[: len(own)], 1)) is Reason.DICOM_SYNTAX


@pytest.mark.parametrize("frames", ["2", "999999999", "-1"])
def test_more_than_one_frame_is_refused(radiograph_file: Path, frames: str) -> None:
    """Purpose: it is undefined which frame the doctor should see."""
    assert reason_for(edit(radiograph_file, NumberOfFrames=frames)) is Reason.MULTI_FRAME


def test_a_header_that_promises_too_much_is_refused(radiograph_file: Path) -> None:
    """Purpose: rows and columns are checked before pixels are decoded."""
    assert reason_for(edit(radiograph_file, Rows=20000, Columns=20000)) is Reason.TOO_MANY_PIXELS
    assert reason_for(edit(radiograph_file, Rows=1955, Columns=1900)) is Reason.CORRUPT


def test_every_cut_of_a_dicom_file_is_refused(radiograph_file: Path) -> None:
    """Purpose: a broken download raises no exception of a library."""
    raw = radiograph_file.read_bytes()
    for end in (132, 140, 300, 900, len(raw) // 2, len(raw) - 4000):
        with pytest.raises(Refused):
            open_picture(raw[:end])
