"""Find near-duplicate pictures of different patients by a perceptual hash."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from ml.data.pictures import read_grey
from ml.data.samples import Sample

SIDE: Final = 16  # 255 bits
MAX_BITS: Final = 12  # Hamming distance up to which two pictures are near-duplicates


def hash_picture(grey: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Perceptual hash: signs (±1) of the lowest DCT coefficients, robust to recompression and brightness."""
    small = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:SIDE, :SIDE].ravel()[1:]
    return np.where(low > np.median(low), 1, -1).astype(np.int8)


def find_near_duplicates(folder: Path, samples: Sequence[Sample], max_bits: int = MAX_BITS) -> list[tuple[str, str]]:
    """Pairs of different patients that have near-duplicate pictures, sorted."""
    seen = track(samples, "Looking for near-duplicates", console=Console(stderr=True))
    signs = np.stack([hash_picture(read_grey(folder / sample.file)) for sample in seen]).astype(np.float32)
    least = signs.shape[1] - 2 * max_bits
    pairs = set()
    for start in range(0, len(samples), 1024):
        rows, columns = np.nonzero(signs[start : start + 1024] @ signs.T >= least)
        for one, other in zip((rows + start).tolist(), columns.tolist(), strict=True):
            first, second = sorted((samples[one].patient, samples[other].patient))
            if first != second:
                pairs.add((first, second))
    return sorted(pairs)
