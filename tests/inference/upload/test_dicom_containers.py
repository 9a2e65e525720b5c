"""DICOM files without a preamble, deflated or compressed are opened, and never decompress beyond a limit."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gdcm
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
    RLELossless,
)

from inference.errors import Reason, Refused
from inference.upload.dicom_file import MAX_INFLATED
from inference.upload.open import open_picture
from tests.support.dicom import dataset_of, dicom_file, film, written

WINDOW = {"WindowCenter": 2000, "WindowWidth": 4000, "BitsStored": 12, "HighBit": 11}
LOSSLESS = {
    "JPEG lossless": gdcm.TransferSyntax.JPEGLosslessProcess14,
    "JPEG lossless, first order": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "JPEG-LS": gdcm.TransferSyntax.JPEGLSLossless,
    "JPEG 2000": gdcm.TransferSyntax.JPEG2000Lossless,
    "RLE": gdcm.TransferSyntax.RLELossless,
    "big endian": gdcm.TransferSyntax.ExplicitVRBigEndian,
}


def reason_for(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        open_picture(data)
    return caught.value.reason


def compressed(folder: Path, syntax: int, **elements: Any) -> bytes:
    """The film rewritten in another transfer syntax by GDCM's own encoder."""
    source, target = folder / "plain.dcm", folder / "compressed.dcm"
    source.write_bytes(dicom_file(**elements))
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(source))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return target.read_bytes()


@pytest.mark.parametrize("syntax", LOSSLESS.values(), ids=LOSSLESS)
def test_a_lossless_compression_gives_the_same_picture(tmp_path: Path, syntax: int) -> None:
    """Purpose: a quarter of public files is compressed so, and was refused."""
    assert np.array_equal(
        open_picture(compressed(tmp_path, syntax, **WINDOW)).grey, open_picture(dicom_file(**WINDOW)).grey
    )


def test_twelve_bits_of_extended_jpeg_are_refused_by_name() -> None:
    """Purpose: no codec here decodes them; the patient is asked for a plain copy and not told of damage."""
    frame = b"\xff\xd8\xff\xc1\x00\x0b\x0c" + np.array(film().shape, ">u2").tobytes() + b"\x01\x01\x11\x00\xff\xd9"
    data = dicom_file(**WINDOW, syntax=JPEGExtended12Bit, PixelData=encapsulate([frame]))
    assert reason_for(data) is Reason.DICOM_SYNTAX


@pytest.mark.parametrize("syntax", [gdcm.TransferSyntax.JPEG2000Lossless, gdcm.TransferSyntax.JPEGLSLossless])
def test_a_codestream_of_another_size_than_its_header_is_refused(tmp_path: Path, syntax: int) -> None:
    """Purpose: a small file with a huge codestream would exhaust memory in the codec."""
    dataset = pydicom.dcmread(io.BytesIO(compressed(tmp_path, syntax, **WINDOW)))
    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    height, width = (number.to_bytes(4, "big") for number in film().shape)
    larger = frame.replace(width + height, b"\x00\x00\xff\xff" * 2, 1)
    larger = larger.replace(height[2:] + width[2:], b"\xff\xff" * 2, 1)
    assert larger != frame
    dataset.PixelData = encapsulate([larger])
    file = io.BytesIO()
    dataset.save_as(file)
    assert reason_for(file.getvalue()) is Reason.CORRUPT


def test_a_deflated_file_is_opened() -> None:
    """Purpose: an ordinary film in the deflated transfer syntax."""
    data = dicom_file(syntax=DeflatedExplicitVRLittleEndian, **WINDOW)
    assert np.array_equal(open_picture(data).grey, open_picture(dicom_file(**WINDOW)).grey)
    assert reason_for(data[:-400]) in (Reason.CORRUPT, Reason.DICOM_NO_PICTURE)


def test_a_deflated_file_is_inflated_to_a_limit() -> None:
    """Purpose: a few hundred kilobytes would become hundreds of megabytes."""
    bomb = dicom_file(syntax=DeflatedExplicitVRLittleEndian, PixelData=bytes(MAX_INFLATED))
    assert len(bomb) < 100_000
    assert reason_for(bomb) is Reason.DICOM_SYNTAX


HEADLESS: dict[str, Callable[[], bytes]] = {
    "no preamble": lambda: dicom_file(**WINDOW)[132:],
    "no file meta, explicit": lambda: _dataset_alone(implicit=False),
    "no file meta, implicit": lambda: _dataset_alone(implicit=True),
    "no preamble, RLE": lambda: _rle()[132:],
}


@pytest.mark.parametrize("make", HEADLESS.values(), ids=HEADLESS)
def test_a_file_without_its_head_is_opened(make: Callable[[], bytes]) -> None:
    """Purpose: old archives write none; such a film was called no picture."""
    assert np.array_equal(open_picture(make()).grey, open_picture(dicom_file(**WINDOW)).grey)


def _dataset_alone(*, implicit: bool) -> bytes:
    file = io.BytesIO()
    dataset = dataset_of(film(), **WINDOW)
    if implicit:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    pydicom.filewriter.write_dataset(_buffer(file, implicit), dataset)
    return file.getvalue()


def _buffer(file: io.BytesIO, implicit: bool) -> Any:
    buffer = pydicom.filebase.DicomFileLike(file)
    buffer.is_implicit_VR, buffer.is_little_endian = implicit, True
    return buffer


def _rle() -> bytes:
    dataset = dataset_of(film(), **WINDOW)
    dataset.compress(RLELossless, generate_instance_uid=False)
    return written(dataset)
