"""Random augmentations of grey pictures (uint8, height × width) that vary source traits and keep pathology."""

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Augmentation = Callable[[Grey, np.random.Generator], Grey]


def as_grey(values: NDArray[Any] | cv2.typing.MatLike) -> Grey:
    """Clip to 0…255 and convert to uint8."""
    grey: Grey = np.clip(values, 0, 255).astype(np.uint8)
    return grey


def warp(grey: Grey, rng: np.random.Generator) -> Grey:
    """Small rotation, shift, zoom and aspect change. No flips, because the heart is on one side."""
    height, width = grey.shape
    angle, zoom, stretch = rng.uniform(-12, 12), rng.uniform(0.85, 1.2), rng.uniform(0.85, 1.18)
    matrix = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom), np.float64)
    matrix[0, :2] *= stretch
    matrix[:, 2] += rng.uniform(-0.06, 0.06, 2) * (width, height)
    matrix[0, 2] += (1 - stretch) * width / 2
    return as_grey(cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=0.0))


def adjust_tone(grey: Grey, rng: np.random.Generator) -> Grey:
    """Vary gamma, contrast and brightness (exposure)."""
    curve = 255 * (np.arange(256) / 255) ** np.exp(rng.uniform(-0.5, 0.5))
    curve = (curve - 128) * rng.uniform(0.75, 1.25) + 128 + rng.uniform(-20, 20)
    return as_grey(cv2.LUT(grey, as_grey(curve)))


def blur(grey: Grey, rng: np.random.Generator) -> Grey:
    """Gaussian blur (detector sharpness)."""
    return as_grey(cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.3, 1.8)))


def resample(grey: Grey, rng: np.random.Generator) -> Grey:
    """Downsample and upsample (resolution)."""
    height, width = grey.shape
    share = rng.uniform(0.4, 0.9)
    small = cv2.resize(grey, (max(48, int(width * share)), max(48, int(height * share))), interpolation=cv2.INTER_AREA)
    return as_grey(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def recompress(grey: Grey, rng: np.random.Generator) -> Grey:
    """JPEG compression (messengers)."""
    _, encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
    return as_grey(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)))


def add_grain(grey: Grey, rng: np.random.Generator) -> Grey:
    """Gaussian noise (film grain)."""
    return as_grey(grey + rng.normal(0, rng.uniform(1, 8), grey.shape))


def mask_edge(grey: Grey, rng: np.random.Generator) -> Grey:
    """Mask a border or a corner, where markers and collimator edges are."""
    grey = grey.copy()
    height, width = grey.shape
    deep, wide = int(height * rng.uniform(0.03, 0.14)), int(width * rng.uniform(0.03, 0.14))
    tone = int(rng.integers(0, 256)) if rng.random() < 0.3 else 0
    positions = [
        (slice(0, deep), slice(None)),
        (slice(height - deep, None), slice(None)),
        (slice(None), slice(0, wide)),
        (slice(None), slice(width - wide, None)),
        (slice(0, 2 * deep), slice(0, 2 * wide)),
        (slice(0, 2 * deep), slice(width - 2 * wide, None)),
    ]
    grey[positions[int(rng.integers(len(positions)))]] = tone
    return grey


def add_gradient(grey: Grey, rng: np.random.Generator) -> Grey:
    """Add a brightness gradient (off-centre tube, uneven light)."""
    height, width = grey.shape
    down, across = rng.uniform(-40, 40, 2)
    slope = np.linspace(-down, down, height)[:, np.newaxis] + np.linspace(-across, across, width)
    return as_grey(grey + slope)


def write_marker(grey: Grey, rng: np.random.Generator) -> Grey:
    """Write a burned-in marker near a corner."""
    grey = grey.copy()
    height, width = grey.shape
    word = MARKERS[int(rng.integers(len(MARKERS)))]
    position = (int(width * rng.choice([0.04, 0.75])), int(height * rng.choice([0.14, 0.93])))
    cv2.putText(grey, word, position, cv2.FONT_HERSHEY_SIMPLEX, width / 400 * rng.uniform(0.6, 1.6), (255.0,), 2)
    return grey


MARKERS: Final = ("R", "L", "D", "I", "PORTABLE", "AP", "PA", "SUPINE")
AUGMENTATIONS: Final[tuple[tuple[float, Augmentation], ...]] = (  # in this order, each with its probability
    (0.8, warp),
    (0.6, adjust_tone),
    (0.35, blur),
    (0.35, resample),
    (0.3, add_grain),
    (0.35, recompress),
    (0.2, add_gradient),
    (0.15, write_marker),
    (0.35, mask_edge),
    (0.2, mask_edge),
)


def augment(grey: Grey, rng: np.random.Generator, strength: float = 1.0) -> Grey:
    """One random view, reproducible by `rng`; `strength` (0 to 1) scales the probabilities."""
    for probability, augmentation in AUGMENTATIONS:
        if rng.random() < probability * strength:
            grey = augmentation(grey, rng)
    return grey
