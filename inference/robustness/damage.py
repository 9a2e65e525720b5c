"""Damage to the pixels of a grey film: noise, codecs, size, tones, light, focus, screens, prints and marks.

Each takes a film (height × width, uint8), a strength in the unit that `degradations.DEGRADATIONS` names, and a random
generator; the same generator state gives the same picture.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]


def to_grey(values: NDArray[Any] | cv2.typing.MatLike) -> Grey:
    """Clip to 8 bits."""
    grey: Grey = np.clip(values, 0, 255).astype(np.uint8)
    return grey


def add_noise(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Gaussian sensor noise of standard deviation `strength` of 255."""
    return to_grey(grey + rng.normal(0, strength, grey.shape))


def add_speckle(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Multiplicative noise of relative standard deviation `strength`."""
    return to_grey(grey * (1 + rng.normal(0, strength, grey.shape)))


def add_impulses(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """A share of `strength` of the pixels becomes black or white: dust and dead pixels."""
    chance = rng.random(grey.shape)
    return np.where(chance < strength / 2, 0, np.where(chance > 1 - strength / 2, 255, grey)).astype(np.uint8)


def encode(grey: Grey, suffix: str, flag: int, quality: int) -> Grey:
    """Through a lossy codec and back."""
    _, encoded = cv2.imencode(suffix, grey, [flag, quality])
    return to_grey(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)))


def compress_jpeg(grey: Grey, strength: float) -> Grey:
    """JPEG of quality `strength`."""
    return encode(grey, ".jpg", cv2.IMWRITE_JPEG_QUALITY, int(strength))


def compress_jpeg_twice(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """JPEG of quality `strength` on two different grids, as a picture forwarded after a crop."""
    once = compress_jpeg(grey, strength)
    down, right = (int(n) for n in rng.integers(1, 8, 2))
    return compress_jpeg(once[down:, right:], strength)


def compress_webp(grey: Grey, strength: float) -> Grey:
    """WebP of quality `strength`: other blocks and other ringing than JPEG's."""
    return encode(grey, ".webp", cv2.IMWRITE_WEBP_QUALITY, int(strength))


def resize_to(grey: Grey, width: int, height: int) -> Grey:
    """Averaging when it shrinks, linear when it grows."""
    smaller = width < grey.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return to_grey(cv2.resize(grey, (max(8, width), max(8, height)), interpolation=way))


def shrink_to(grey: Grey, strength: float) -> Grey:
    """The longest side becomes `strength` pixels; the small picture is what is sent."""
    share = strength / max(grey.shape)
    return resize_to(grey, round(grey.shape[1] * share), round(grey.shape[0] * share))


def enlarge_thumbnail(grey: Grey, strength: float) -> Grey:
    """A thumbnail of `strength` pixels, enlarged again to the film's own size."""
    return resize_to(shrink_to(grey, strength), grey.shape[1], grey.shape[0])


def pixelate(grey: Grey, strength: float) -> Grey:
    """A thumbnail of `strength` pixels, enlarged by repeating pixels."""
    small = shrink_to(grey, strength)
    return to_grey(cv2.resize(small, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_NEAREST))


def bend_tones(grey: Grey, strength: float) -> Grey:
    """A gamma curve: below 1 brighter, above 1 darker."""
    return to_grey(cv2.LUT(grey, to_grey(255 * (np.arange(256) / 255) ** strength)))


def flatten_contrast(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Contrast times `strength` about a random middle tone: haze, or a grey print."""
    return to_grey((grey - 128.0) * strength + rng.uniform(100, 156))


def light_unevenly(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """A slope of light: one side darker by `strength`, in a random direction."""
    height, width = grey.shape
    angle = rng.uniform(0, 2 * np.pi)
    down, across = np.meshgrid(np.linspace(-0.5, 0.5, height), np.linspace(-0.5, 0.5, width), indexing="ij")
    slope = np.cos(angle) * across + np.sin(angle) * down
    return to_grey(grey * (1 - strength * (slope - slope.min()) / np.ptp(slope)))


def darken_corners(grey: Grey, strength: float) -> Grey:
    """A lens's vignette: the corners lose `strength` of their light."""
    height, width = grey.shape
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return to_grey(grey * (1 - strength * (down**2 + across**2) / 2))


def reflect_lamp(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """A lamp mirrored in the film: a white spot whose radius is `strength` of the width."""
    height, width = grey.shape
    down, across = np.mgrid[:height, :width]
    y, x = rng.uniform(0.25, 0.75) * height, rng.uniform(0.25, 0.75) * width
    spot = np.exp(-((((across - x) ** 2 + (down - y) ** 2) / (2 * (strength * width) ** 2)) ** 2))
    return to_grey(grey + 230 * spot)


def blur(grey: Grey, strength: float) -> Grey:
    """Out of focus: Gaussian blur whose sigma is `strength` percent of the longest side."""
    return to_grey(cv2.GaussianBlur(grey, (0, 0), strength / 100 * max(grey.shape)))


def shake(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Motion blur along a line of `strength` percent of the longest side, in a random direction."""
    length = max(3, round(strength / 100 * max(grey.shape)) | 1)
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    matrix = cv2.getRotationMatrix2D((length // 2, length // 2), rng.uniform(0, 180), 1)
    kernel = np.asarray(cv2.warpAffine(kernel, matrix, (length, length)), np.float32)
    return to_grey(cv2.filter2D(grey, -1, kernel / kernel.sum()))


def sharpen(grey: Grey, strength: float) -> Grey:
    """A phone's sharpening: unsharp mask of amount `strength`, with its halos."""
    soft = cv2.GaussianBlur(grey, (0, 0), 0.006 * max(grey.shape)).astype(np.float32)
    return to_grey(grey + strength * (grey - soft))


def draw_lines(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """One grating of amplitude `strength`: a screen's rows, banding of a lamp, a scanner's streaks."""
    height, width = grey.shape
    down, across = np.mgrid[:height, :width]
    angle = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    period = np.exp(rng.uniform(np.log(2.2), np.log(40)))
    wave = np.sin(2 * np.pi / period * (across * np.cos(angle) + down * np.sin(angle)) + rng.uniform(0, 6.3))
    if rng.random() < 0.3:
        wave = np.sign(wave)
    return to_grey(grey + strength * wave)


def photograph_pixels(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """A monitor's pixel grid sampled by a camera's: true aliasing, `strength` the depth of the grid's gaps (0 to 1)."""
    height, width = grey.shape
    fine = cv2.resize(grey, (width * 3, height * 3), interpolation=cv2.INTER_NEAREST).astype(np.float32)
    fine[2::3] *= 1 - strength
    fine[:, 2::3] *= 1 - strength
    share = rng.uniform(0.86, 1.16) / 3
    matrix = np.array(cv2.getRotationMatrix2D((width * 1.5, height * 1.5), rng.uniform(-4, 4), share), np.float64)
    matrix[:, 2] += np.array([width / 2, height / 2]) - np.array([width, height]) * 1.5
    seen = cv2.warpAffine(fine, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return to_grey(seen * (1 + 0.55 * strength))


def reduce_levels(grey: Grey, strength: float) -> Grey:
    """Only `strength` grey levels are left."""
    steps = strength - 1
    return to_grey(np.round(grey / 255.0 * steps) * 255 / steps)


def fax(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """One bit: a threshold that moves by noise of `strength` of 255 (0 is a plain threshold)."""
    middle = float(np.median(grey))
    return np.where(grey + rng.normal(0, strength + 1e-6, grey.shape) > middle, 255, 0).astype(np.uint8)


def print_halftone(grey: Grey, strength: float) -> Grey:
    """A newspaper's dots, `strength` pixels apart, at 45 degrees."""
    height, width = grey.shape
    down, across = np.mgrid[:height, :width] * (np.pi * np.sqrt(2) / strength)
    screen = (np.sin(across + down) * np.sin(across - down) + 1) * 127.5
    return to_grey(np.where(grey > screen, 255, 0))


def photocopy(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """A hard contrast curve of slope `strength`, with specks of toner."""
    hard = 255 / (1 + np.exp(-(grey - float(np.median(grey))) * strength / 64))
    specks = cv2.GaussianBlur(rng.normal(0, 1, grey.shape).astype(np.float32), (0, 0), 1.2) > 0.75
    return to_grey(np.where(specks, hard * 0.6, hard))


def crease(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Two folds across the film: bright creases of height `strength`, each side lit a little differently."""
    height, width = grey.shape
    down, across = np.mgrid[:height, :width]
    out = grey.astype(np.float32)
    for angle in (rng.uniform(-0.2, 0.2), np.pi / 2 + rng.uniform(-0.2, 0.2)):
        x, y = rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height
        away = (across - x) * np.cos(angle) + (down - y) * np.sin(angle)
        out += strength * np.exp(-((away / 2.0) ** 2)) + 0.25 * strength * np.tanh(away / 20)
    return to_grey(out)


def overlay_marks(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """`strength` arrows, rings and words, as readers and viewers draw them."""
    grey = grey.copy()
    height, width = grey.shape
    for _ in range(int(strength)):
        a, b = ((int(rng.uniform(0.05, 0.95) * width), int(rng.uniform(0.05, 0.95) * height)) for _ in range(2))
        tone, thick = float(rng.choice([0, 255, 255, 200])), max(1, width // 150)
        match int(rng.integers(4)):
            case 0:
                cv2.arrowedLine(grey, a, ((a[0] + b[0]) // 2, (a[1] + b[1]) // 2), tone, thick, tipLength=0.3)
            case 1:
                cv2.circle(grey, a, int(rng.uniform(0.04, 0.15) * width), tone, thick)
            case 2:
                cv2.rectangle(grey, a, (a[0] + width // 6, a[1] + height // 16), tone, -1)
            case _:
                words = ("R", "PORTABLE", "12:40", "Zoom 1.0", "AP ERECT", "IMG_0231")
                word = words[int(rng.integers(len(words)))]
                cv2.putText(grey, word, a, cv2.FONT_HERSHEY_SIMPLEX, width / 500, (tone,), thick)
    return grey


def bulge(grey: Grey, strength: float) -> Grey:
    """A wide lens's barrel: radial distortion `strength`."""
    height, width = grey.shape
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    factor = (1 + strength * (across**2 + down**2)) / (1 + strength)
    x, y = (across * factor + 1) * (width - 1) / 2, (down * factor + 1) * (height - 1) / 2
    return to_grey(cv2.remap(grey, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR))
