"""Behind its walls the decoder can read no file: every module that some picture needs is loaded before."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from PIL import Image

from inference.upload.decoder import DecoderPool

LADDER = np.add.outer(np.arange(200), np.arange(160)).astype(np.uint8)
ORIENTATION = 0x0112  # EXIF's tag
MODES = ("1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I;16", "F")
KINDS = ("JPEG", "PNG", "MPO", "TIFF", "GIF", "BMP", "WEBP")


def written(kind: str, mode: str = "L", orientation: int = 0) -> bytes:
    """A picture as Pillow writes it; raises OSError where the kind has no such mode."""
    exif, file = Image.Exif(), io.BytesIO()
    if orientation:
        exif[ORIENTATION] = orientation
    extra = {"exif": exif} if orientation else {}
    Image.fromarray(LADDER).convert(mode).save(file, kind, **extra)
    return file.getvalue()


def pictures() -> Iterator[bytes]:
    """Every kind, mode and orientation, and each DICOM file that comes with pydicom."""
    for kind in KINDS:
        for mode in MODES:
            with suppress(OSError, ValueError, KeyError):
                yield written(kind, mode)
        for orientation in range(1, 9):
            yield written(kind, "L", orientation)
    for folder in (pydicom.data.DATA_ROOT,):
        yield from (file.read_bytes() for file in sorted(Path(folder).rglob("*.dcm")))


CHILD = """
import json, sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from inference.errors import Refused
from inference.upload.decoder_process import NEEDED
from inference.upload.open import open_picture

for module in NEEDED:
    import_module(module)
before = {*sys.modules}
for file in Path(sys.argv[1]).iterdir():
    with suppress(Refused):
        open_picture(file.read_bytes(), None)
print(json.dumps(sorted({*sys.modules} - before)))
"""


@pytest.mark.slow
def test_no_picture_needs_a_module_that_is_not_loaded_before(tmp_path: Path) -> None:
    """In a fresh process, which has written no picture itself."""
    for number, data in enumerate(pictures()):
        (tmp_path / str(number)).write_bytes(data)
    child = [sys.executable, "-W", "ignore", "-c", CHILD, str(tmp_path)]
    found = subprocess.run(child, capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_turned_photo_of_a_phone_is_decoded_behind_the_walls(kind: str) -> None:
    """Nearly every phone writes the orientation into EXIF, whose reader Pillow loads when it is first used."""
    with DecoderPool() as decoder:
        assert decoder.decode(written(kind, orientation=6)).grey.shape == (160, 200)
