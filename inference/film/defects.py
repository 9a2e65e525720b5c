"""Measured damage of a picture: noise, compression blocks, few grey levels, periodic patterns, too few real pixels."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

SPECTRUM: Final = 256  # pixels a side of the picture whose spectrum is judged
BLOCK: Final = 8  # pixels a side of JPEG's blocks
RINGS: Final = 32


class Defects(NamedTuple):
    """Figures of one picture; larger is worse, but for `levels`, `detail` and `side`."""

    noise: float  # robust standard deviation of the finest diagonal detail, grey levels of the stretched picture
    blocks: float  # steps across the 8-pixel grid to steps elsewhere, 1 where there is no grid
    levels: float  # grey levels that the picture effectively uses, 1 to 256
    pattern: float  # log ratio of the strongest spectral line to its surroundings
    detail: float  # log share of the spectrum's energy at fine scales
    side: float  # pixels of the film's shorter side


def measure_defects(grey: NDArray[np.uint8], film: NDArray[np.uint8]) -> Defects:
    """`grey` is the picture as it came, for the grid of its blocks; `film` what was found in it. About 3 ms."""
    spectrum = draw_spectrum(film)
    return Defects(
        noise=measure_noise(film),
        blocks=measure_blocks(grey),
        levels=count_levels(film),
        pattern=find_pattern(spectrum),
        detail=measure_detail(spectrum),
        side=float(min(film.shape)),
    )


def measure_noise(grey: NDArray[np.uint8]) -> float:
    """After Donoho: the median of the finest diagonal wavelet's size over 0.6745, as a share of the contrast."""
    even = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2].astype(np.int16)
    diagonal = np.abs(even[::2, ::2] - even[1::2, ::2] - even[::2, 1::2] + even[1::2, 1::2])
    median = find_quantile(np.bincount(diagonal.ravel(), minlength=1021), 0.5)
    counts = np.bincount(grey.ravel(), minlength=256)
    contrast = find_quantile(counts, 0.99) - find_quantile(counts, 0.01)
    return float(median / 2 / 0.6745 * 255.0 / max(32.0, contrast))


def find_quantile(counts: NDArray[np.int64], share: float) -> float:
    """A percentile of whole numbers by counting, with linear interpolation between two of them."""
    total = np.cumsum(counts)
    place = int(np.searchsorted(total, share * total[-1]))
    before = float(total[place - 1]) if place else 0.0
    return place - 0.5 + (share * float(total[-1]) - before) / max(1.0, float(counts[place]))


def measure_blocks(grey: NDArray[np.uint8]) -> float:
    """The greatest step of the eight phases of the grid to the median phase, the geometric mean of both ways.

    A phase's step is the median of its lines', so that a frame's edge, which is one line, counts for nothing.
    """
    wide = grey.astype(np.int16)
    ratios = []
    for axis in (0, 1):
        steps = np.abs(np.diff(wide, n=1, axis=axis)).mean(axis=1 - axis)
        phases = np.array([np.median(steps[phase::BLOCK]) for phase in range(BLOCK)])
        ratios.append((phases.max() + 0.25) / (np.median(phases) + 0.25))
    return float(np.sqrt(ratios[0] * ratios[1]))


def count_levels(grey: NDArray[np.uint8]) -> float:
    """The exponential of the histogram's entropy: 2 for a fax, 8 for eight tones, over 100 for most films."""
    shares = np.bincount(grey.ravel(), minlength=256) / grey.size
    used = shares[shares > 0]
    return float(np.exp(-(used * np.log(used)).sum()))


def draw_spectrum(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logarithm of the centred power spectrum of the picture at SPECTRUM pixels, without its edges."""
    way = cv2.INTER_AREA if min(grey.shape) > SPECTRUM else cv2.INTER_LINEAR
    square = cv2.resize(grey, (SPECTRUM, SPECTRUM), interpolation=way).astype(np.float32)
    values = cv2.dft((square - square.mean()) * WINDOW, flags=cv2.DFT_COMPLEX_OUTPUT)
    power = values[..., 0] ** 2 + values[..., 1] ** 2
    spectrum: NDArray[np.float32] = np.log(np.fft.fftshift(power) + 1.0).astype(np.float32)
    return spectrum


def find_pattern(spectrum: NDArray[np.float32]) -> float:
    """How far the strongest line stands above the median of its neighbourhood, low frequencies aside."""
    scaled = cv2.convertScaleAbs(spectrum, alpha=10)
    around = cv2.medianBlur(scaled, 15)
    above = cv2.blur((scaled.astype(np.float32) - around) / 10, (2, 2))
    return float(above[OUTER].max())


def measure_detail(spectrum: NDArray[np.float32]) -> float:
    """Mean log power of the finer third of what 224 pixels can show, less that of the coarse structure."""
    return float(spectrum[FINE].mean() - spectrum[COARSE].mean())


def _rings() -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Window and masks, once."""
    line = np.hanning(SPECTRUM).astype(np.float32)
    axis = np.arange(SPECTRUM) - SPECTRUM // 2
    radius = np.hypot(axis[:, np.newaxis], axis)
    outer = (radius > SPECTRUM * 0.06) & (radius < SPECTRUM * 0.5)
    return np.outer(line, line), outer, (radius > 45) & (radius < 75), (radius > 6) & (radius < 16)


WINDOW, OUTER, FINE, COARSE = _rings()
