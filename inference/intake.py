"""An upload's way through the checks: decoded behind the decoder's walls, admitted by the gate, drawn for display."""

from typing import Final, NamedTuple

import numpy as np

from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from inference.upload.open import kept
from inference.upload.picture import encode_jpeg, shrink
from models.vocabulary import Modality

MAX_SIDE: Final = 2048  # pixels, of the JPEG for display; the original is stored as well
THUMBNAIL_SIDE, THUMBNAIL_QUALITY = 320, 80  # pixels, of a small copy; quality of JPEG


class CheckedPicture(NamedTuple):
    """The bytes that were decoded, the JPEG for display, the modality and the perceptual hash."""

    original: bytes
    display: bytes
    modality: Modality
    picture_hash: str | None


def check_picture(data: bytes, decoder: DecoderPool, classifier: Classifier) -> CheckedPicture:
    """Blocking; run it with `DecoderPool.run` or `run_upload`. Raises Refused."""
    picture = decoder.decode(data)
    admission = classifier.run_gate(picture)
    return CheckedPicture(
        kept(data, picture), admission.display(picture, MAX_SIDE), admission.modality, picture.dct_hash
    )


def thumbnail(jpeg: bytes) -> bytes:
    """A small copy of an own JPEG for display. Blocking."""
    import cv2  # noqa: PLC0415 - half a second of the start

    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_2)
    if grey is None:
        raise ValueError("no JPEG of our own")
    return encode_jpeg(shrink(grey.astype(np.uint8, copy=False), THUMBNAIL_SIDE), THUMBNAIL_QUALITY)
