"""A real radiograph, a real bundle, and pictures made on the spot."""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.model.bundle import default_bundle
from inference.model.classifier import Classifier
from inference.upload.open import open_picture
from inference.upload.picture import Picture


@pytest.fixture(scope="session")
def radiograph_file() -> Path:
    """The chest film of the pydicom-data package (RG1, MONOCHROME1, 15 bits)."""
    spec = find_spec("data_store")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data" / "RG1_UNCR.dcm"


@pytest.fixture(scope="session")
def radiograph(radiograph_file: Path) -> Picture:
    return open_picture(radiograph_file.read_bytes())


@pytest.fixture(scope="session")
def film(radiograph: Picture) -> bytes:
    """The radiograph as the JPEG that a phone would send."""
    return radiograph.jpeg(max_side=1024)


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return Classifier.load(default_bundle())


@pytest.fixture(scope="session")
def pattern() -> NDArray[np.uint8]:
    """256 × 256, smooth, not blank, and no scan."""
    across = np.linspace(0, 12, 256)
    return (128 + 100 * np.sin(across)[:, None] * np.cos(across)[None, :]).astype(np.uint8)


@pytest.fixture(scope="session")
def png(pattern: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", pattern)[1])


@pytest.fixture(scope="session")
def jpeg(pattern: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".jpg", pattern)[1])
