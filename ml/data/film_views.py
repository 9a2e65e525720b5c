"""Drawn photographs of films, and where the film lies in them: what the film finder learns from.

Only surrounds of the trained kinds are drawn; patterned ones and windows are kept for `csss robust`.
"""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.film.finder import SIDE
from inference.robustness.damage import add_noise, bend_tones, blur, compress_jpeg, light_unevenly
from inference.robustness.degradations import Degrade
from inference.robustness.surrounds import surround_even, surround_uneven, tilt, view_obliquely

Grey = NDArray[np.uint8]
Rng = np.random.Generator
MASK: Final = SIDE // 2  # pixels a side of the mask
WHOLE: Final = 0.25  # share of pictures that show the film alone
SURROUNDS: Final[Sequence[tuple[Degrade, float, float]]] = (  # with the least and the greatest strength
    (surround_uneven, 0.03, 0.3),
    (surround_uneven, 0.03, 0.3),
    (view_obliquely, 0.04, 0.16),
    (surround_even, 0.03, 0.3),
    (tilt, 1.0, 9.0),
)
DAMAGE: Final[Sequence[tuple[Degrade, float, float]]] = (
    (add_noise, 2.0, 25.0),
    (light_unevenly, 0.2, 0.7),
    (lambda grey, strength, _: blur(grey, strength), 0.2, 1.5),
    (lambda grey, strength, _: bend_tones(grey, strength), 0.5, 2.0),
    (lambda grey, strength, _: compress_jpeg(grey, strength), 10.0, 60.0),
)


def draw_photograph(grey: Grey, rng: Rng) -> tuple[Grey, Grey]:
    """The film in a drawn surround, and its mask: 255 where the film lies."""
    photograph, mask = grey, np.full_like(grey, 255)
    if rng.random() >= WHOLE:
        surround, least, most = SURROUNDS[int(rng.integers(len(SURROUNDS)))]
        strength, seed = rng.uniform(least, most), int(rng.integers(2**62))
        photograph, dark, bright = (
            surround(film, strength, np.random.default_rng(seed))
            for film in (grey, np.zeros_like(grey), np.full_like(grey, 255))
        )
        mask = np.where(bright.astype(np.int16) - dark > 127, 255, 0).astype(np.uint8)
    for damage, least, most in DAMAGE:
        if rng.random() < 1 / len(DAMAGE):
            photograph = damage(photograph, rng.uniform(least, most), rng)
    return photograph, mask


def draw_batch(
    films: Sequence[Grey], size: int, rng: Rng
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Photographs (size × SIDE × SIDE × 1) in [-1, 1], and their masks (size × MASK × MASK × 1) from 0 to 1."""
    pairs = [draw_photograph(films[n], rng) for n in rng.integers(len(films), size=size)]
    views = np.stack([shrink(photograph, SIDE) for photograph, _ in pairs])
    masks = np.stack([shrink(mask, MASK) for _, mask in pairs])
    return views[..., np.newaxis] / 127.5 - 1.0, masks[..., np.newaxis] / 255.0


def shrink(grey: Grey, side: int) -> NDArray[np.float32]:
    """A square of `side` pixels, as the finder shrinks a picture."""
    way = cv2.INTER_AREA if min(grey.shape) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (side, side), interpolation=way), np.float32)
