"""Seeded degradations of a grey film, as phones, screens, scanners, messengers and fax machines make them.

Each takes a film (height × width, uint8), a strength in the unit that its row of DEGRADATIONS names, and a random
generator; the same generator state gives the same picture. `trained` marks the kinds that training and thresholds may
draw from. The others are kept for measurement alone, so that a robust model is not one that learned the test.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.robustness.damage import (
    add_impulses,
    add_noise,
    add_speckle,
    bend_tones,
    blur,
    bulge,
    compress_jpeg,
    compress_jpeg_twice,
    compress_webp,
    crease,
    darken_corners,
    draw_lines,
    enlarge_thumbnail,
    fax,
    flatten_contrast,
    light_unevenly,
    overlay_marks,
    photocopy,
    photograph_pixels,
    pixelate,
    print_halftone,
    reduce_levels,
    reflect_lamp,
    shake,
    sharpen,
    shrink_to,
)
from inference.robustness.surrounds import (
    surround_black,
    surround_grey,
    surround_patterned,
    surround_uneven,
    surround_white,
    surround_window,
    tilt,
    view_obliquely,
)

Grey = NDArray[np.uint8]
Degrade = Callable[[Grey, float, np.random.Generator], Grey]


class Degradation(NamedTuple):
    """One kind of damage and the strengths at which it is measured."""

    name: str
    unit: str
    strengths: tuple[float, ...]
    apply: Degrade
    trained: bool
    mild: tuple[float, ...] = ()  # strengths at which an admitted film has to keep its accuracy


def always(change: Callable[[Grey, float], Grey]) -> Degrade:
    """A degradation that has nothing to draw."""
    return lambda grey, strength, _rng: change(grey, strength)


DEGRADATIONS: Final[tuple[Degradation, ...]] = (
    Degradation("surround_white", "share of each side", (0.08, 0.16, 0.25), always(surround_white), True, (0.08, 0.16)),
    Degradation("surround_grey", "share of each side", (0.12, 0.25), surround_grey, True, (0.12,)),
    Degradation("surround_black", "share of each side", (0.12, 0.25), always(surround_black), True, (0.12,)),
    Degradation("surround_uneven", "share of each side", (0.08, 0.16, 0.25), surround_uneven, True, (0.08, 0.16)),
    Degradation(
        "surround_patterned", "share of each side", (0.08, 0.16, 0.25), surround_patterned, False, (0.08, 0.16)
    ),
    Degradation("surround_window", "share of each side", (0.08, 0.16, 0.25), surround_window, False, (0.08, 0.16)),
    Degradation("oblique", "share of each side", (0.06, 0.12), view_obliquely, True),
    Degradation("tilt", "degrees", (3, 7), tilt, True, (3, 7)),
    Degradation("noise", "sd of 255", (8, 15, 30, 60), add_noise, True, (8, 15)),
    Degradation("speckle", "relative sd", (0.1, 0.25, 0.5), add_speckle, False, (0.1,)),
    Degradation("impulses", "share", (0.01, 0.05, 0.15), add_impulses, False),
    Degradation("jpeg", "quality", (5, 10, 20, 40), always(compress_jpeg), True, (20, 40)),
    Degradation("jpeg_twice", "quality", (10, 25), compress_jpeg_twice, True, (25,)),
    Degradation("webp", "quality", (1, 10), always(compress_webp), False, (10,)),
    Degradation("small", "px", (100, 160), always(shrink_to), True, (160,)),
    Degradation("thumbnail", "px", (64, 100, 160), always(enlarge_thumbnail), True, (160,)),
    Degradation("pixelated", "px", (64, 100), always(pixelate), False),
    Degradation("gamma", "exponent", (0.5, 2.0), always(bend_tones), True, (0.5, 2.0)),
    Degradation("flat", "contrast", (0.35, 0.6), flatten_contrast, True, (0.6,)),
    Degradation("light", "share lost", (0.4, 0.7), light_unevenly, True, (0.4,)),
    Degradation("vignette", "share lost", (0.4, 0.7), always(darken_corners), False, (0.4,)),
    Degradation("glare", "radius", (0.06, 0.12), reflect_lamp, False),
    Degradation("blur", "sigma, percent", (0.5, 1.0, 2.0), always(blur), True, (0.5,)),
    Degradation("shake", "percent", (1.5, 4.0), shake, False, (1.5,)),
    Degradation("sharpened", "amount", (1.0, 3.0), always(sharpen), False, (1.0,)),
    Degradation("lines", "amplitude", (8, 25), draw_lines, True),
    Degradation("moire", "depth", (0.3, 0.7), photograph_pixels, False),
    Degradation("levels", "grey levels", (4, 8, 16), always(reduce_levels), True, (16,)),
    Degradation("fax", "threshold noise", (0, 50), fax, False),
    Degradation("halftone", "px", (4, 7), always(print_halftone), False),
    Degradation("photocopy", "slope", (2, 4), photocopy, False),
    Degradation("folded", "height", (25, 60), crease, False),
    Degradation("marks", "number", (3, 8), overlay_marks, True),
    Degradation("barrel", "radial", (0.1, 0.3), always(bulge), False, (0.1,)),
)
