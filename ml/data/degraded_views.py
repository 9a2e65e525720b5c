"""Random damaged views of a film for training, of the trained kinds only, at random strengths."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.film.evenness import find_uneven
from inference.robustness.degradations import DEGRADATIONS, Degradation

Grey = NDArray[np.uint8]
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "surround_white": (0.03, 0.25),
    "surround_grey": (0.03, 0.25),
    "surround_black": (0.03, 0.25),
    "surround_uneven": (0.03, 0.25),
    "oblique": (0.03, 0.13),
    "tilt": (1, 9),
    "noise": (4, 60),
    "jpeg": (4, 50),
    "jpeg_twice": (8, 40),
    "small": (64, 200),
    "thumbnail": (60, 200),
    "gamma": (0.4, 2.5),
    "flat": (0.3, 0.8),
    "light": (0.2, 0.75),
    "blur": (0.2, 2.2),
    "lines": (3, 28),
    "levels": (3, 24),
    "marks": (1, 8),
}
ORDER: Final = (
    "marks",
    "gamma",
    "flat",
    "tilt",
    "surround_white",
    "surround_grey",
    "surround_black",
    "surround_uneven",
    "oblique",
    "light",
    "blur",
    "lines",
    "noise",
    "small",
    "thumbnail",
    "levels",
    "jpeg",
    "jpeg_twice",
)
SURROUNDS: Final = frozenset({"surround_white", "surround_grey", "surround_black", "surround_uneven", "oblique"})
WEIGHT: Final[Mapping[str, float]] = {"noise": 2.0, "surround_uneven": 1.5, "jpeg": 1.5, "lines": 2.0, "tilt": 0.7}
BY_NAME: Final[Mapping[str, Degradation]] = {one.name: one for one in DEGRADATIONS}


def draw_strength(name: str, rng: np.random.Generator) -> float:
    low, high = RANGES[name]
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def view(grey: Grey, rng: np.random.Generator) -> tuple[Grey, tuple[str, ...]]:
    """One to three kinds of damage in the order in which a photograph meets them, then the film as a finder cuts it."""
    weights = np.array([WEIGHT.get(name, 1.0) for name in ORDER])
    names = set(
        rng.choice(ORDER, int(rng.choice([1, 2, 3], p=[0.45, 0.35, 0.2])), replace=False, p=weights / weights.sum())
    )
    surround = [n for n in ORDER if n in names and n in SURROUNDS]
    names -= set(surround[1:])
    for name in ORDER:
        if name in names:
            strength = draw_strength(name, rng)
            grey = BY_NAME[name].apply(grey, strength, rng)
            if name in SURROUNDS:
                grey = cut_roughly(grey, strength, rng)
    return trim(grey), tuple(n for n in ORDER if n in names)


def cut_roughly(grey: Grey, share: float, rng: np.random.Generator) -> Grey:
    """The output of a film finder: mostly the film within a few percent, sometimes the whole photograph."""
    if rng.random() < 0.25:
        return grey
    height, width = grey.shape
    off = np.clip(share + rng.normal(0, 0.02, 4), 0, 0.45)
    top, left, bottom, right = int(off[0] * height), int(off[1] * width), int(off[2] * height), int(off[3] * width)
    return grey[top : height - bottom, left : width - right]


def trim(grey: Grey) -> Grey:
    box = find_uneven(grey)
    return np.ascontiguousarray(grey[box.top : box.bottom, box.left : box.right])
