"""Out-of-distribution pictures drawn by formula: they teach the gate where public pictures are few."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
SIDE: Final = 256
Draw = Callable[[np.random.Generator], Grey]


def to_grey(values: NDArray[Any]) -> Grey:
    """Stretch to 8 bits."""
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255.0 / max(high - low, 1e-6))).astype(np.uint8)


def make_grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns from -1 to 1."""
    line = np.linspace(-1, 1, SIDE)
    down, across = np.meshgrid(line, line, indexing="ij")
    return down, across


def make_clouds(rng: np.random.Generator, slope: float) -> NDArray[np.float64]:
    """Noise with a spectrum that falls with `slope`."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE))) + 1 / SIDE
    phases = np.exp(2j * np.pi * rng.random((SIDE, SIDE)))
    clouds: NDArray[np.float64] = np.real(np.fft.ifft2(phases / frequency**slope))
    standard: NDArray[np.float64] = (clouds - clouds.mean()) / clouds.std()
    return standard


def draw_fractal(rng: np.random.Generator) -> Grey:
    """A Julia set."""
    down, across = make_grid()
    point, seed = 1.6 * (across + 1j * down), complex(rng.uniform(-0.9, 0.4), rng.uniform(-0.8, 0.8))
    steps = np.zeros((SIDE, SIDE))
    for _ in range(40):
        point = np.where(np.abs(point) < 4, point**2 + seed, point)
        steps += np.abs(point) < 4
    return to_grey(np.sqrt(steps))


def draw_bars(rng: np.random.Generator) -> Grey:
    """A test card's bars, upright or lying, some with a ramp below."""
    bars = np.repeat(rng.permutation(np.linspace(0, 255, int(rng.integers(5, 14)))), 64)
    line = cv2.resize(bars[np.newaxis], (SIDE, 1), interpolation=cv2.INTER_NEAREST)
    card = np.repeat(line, SIDE, axis=0)
    if rng.random() < 0.5:
        card[int(SIDE * 0.7) :] = np.linspace(0, 255, SIDE)
    return to_grey(card if rng.random() < 0.7 else card.T)


def draw_ultrasound(rng: np.random.Generator) -> Grey:
    """A sector of speckle with a dark cavity on black."""
    down, across = make_grid()
    top = rng.uniform(-1.3, -1.0)
    radius, angle = np.hypot(across, down - top), np.arctan2(across, down - top)
    sector = (np.abs(angle) < rng.uniform(0.45, 0.85)) & (radius > 0.25) & (radius < rng.uniform(1.6, 2.0))
    speckle = np.asarray(cv2.GaussianBlur(rng.rayleigh(1, (SIDE, SIDE)), (0, 0), 1.2), np.float64)
    speckle = speckle * np.exp(make_clouds(rng, 1.6) * 0.6)
    for _ in range(int(rng.integers(1, 4))):
        x, y, wide = rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.6), rng.uniform(0.1, 0.35)
        speckle *= 1 - 0.85 * np.exp(-((((across - x) / wide) ** 2 + ((down - y) / wide / 0.8) ** 2) ** 2))
    return to_grey(np.clip(speckle * sector, 0, 4))


def draw_tomogram(rng: np.random.Generator) -> Grey:
    """Slices of a body or limb by ellipses: a bright rim, organs, bones, lungs, on black."""
    down, across = make_grid()
    out = np.zeros((SIDE, SIDE))
    wide, high = rng.uniform(0.5, 0.95), rng.uniform(0.4, 0.9)
    body = (across / wide) ** 2 + (down / high) ** 2
    out[body < 1] = rng.uniform(0.3, 0.7)
    out[(body < 1) & (body > rng.uniform(0.75, 0.95))] = rng.uniform(0.15, 1)
    for _ in range(int(rng.integers(2, 12))):
        x, y = rng.uniform(-0.6, 0.6) * wide, rng.uniform(-0.6, 0.6) * high
        a, b = rng.uniform(0.05, 0.45, 2)
        inside = (((across - x) / a) ** 2 + ((down - y) / b) ** 2 < 1) & (body < 0.85)
        out[inside] = rng.choice([rng.uniform(0, 0.2), rng.uniform(0.3, 0.8), 1.0])
    out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 2.5)) + (body < 1) * 0.04 * make_clouds(rng, 1.0)
    return to_grey(np.clip(out + rng.normal(0, 0.01, out.shape), 0, 1.1))


def draw_waves(rng: np.random.Generator) -> Grey:
    """Rings, gratings and their mixtures."""
    down, across = make_grid()
    x, y = rng.uniform(-0.8, 0.8, 2)
    rings = np.sin(rng.uniform(5, 80) * np.hypot(across - x, down - y))
    return to_grey(rings + rng.uniform(0, 1) * np.sin(rng.uniform(5, 60) * across) * np.sin(rng.uniform(5, 60) * down))


def draw_noise(rng: np.random.Generator) -> Grey:
    """Clouds from white noise to mist."""
    return to_grey(make_clouds(rng, rng.uniform(0, 2.5)))


def draw_shapes(rng: np.random.Generator) -> Grey:
    """Rectangles, discs, lines and words: screens, slides, drawings."""
    out = np.full((SIDE, SIDE), int(rng.integers(0, 256)), np.uint8)
    for _ in range(int(rng.integers(4, 30))):
        (x, y), tone = rng.integers(0, SIDE, 2).tolist(), float(rng.uniform(0, 255))
        size = int(rng.integers(6, 90))
        match int(rng.integers(4)):
            case 0:
                cv2.rectangle(out, (x, y), (x + size, y + size // 2), tone, -1)
            case 1:
                cv2.circle(out, (x, y), size // 2, tone, -1)
            case 2:
                cv2.line(out, (x, y), tuple(rng.integers(0, SIDE, 2).tolist()), tone, 2)
            case _:
                cv2.putText(out, "Lorem 12 ipsum"[: int(rng.integers(3, 14))], (x, y), 0, 0.6, (tone,), 1)
    return out


def draw_face(rng: np.random.Generator) -> Grey:
    """A portrait in outline: head, hair, eyes, mouth, shoulders before a background."""
    down, across = make_grid()
    out = rng.uniform(60, 220) + 20 * make_clouds(rng, 1.8)
    x, y, wide = rng.uniform(-0.2, 0.2), rng.uniform(-0.3, 0.0), rng.uniform(0.3, 0.5)
    skin = rng.uniform(90, 220)
    shoulders = ((across - x) / (2.2 * wide)) ** 2 + ((down - y - 1.5) / 1.0) ** 2 < 1
    out[shoulders] = rng.uniform(20, 230)
    hair = ((across - x) / (1.15 * wide)) ** 2 + ((down - y + 0.08) / (1.5 * wide)) ** 2 < 1
    out[hair] = rng.uniform(10, 120)
    face = ((across - x) / wide) ** 2 + ((down - y - 0.06) / (1.35 * wide)) ** 2 < 1
    out[face] = skin * (1 - 0.3 * (across[face] - x) / wide * rng.choice([-1, 1]))
    for side in (-1, 1):
        out[((across - x - side * 0.42 * wide) / (0.2 * wide)) ** 2 + ((down - y) / (0.09 * wide)) ** 2 < 1] = 30
    out[((across - x) / (0.35 * wide)) ** 2 + ((down - y - 0.7 * wide) / (0.08 * wide)) ** 2 < 1] = skin * 0.5
    return to_grey(cv2.GaussianBlur(np.clip(out, 0, 255), (0, 0), 1.2) + rng.normal(0, 3, out.shape))


DRAWN: Final[Mapping[str, Draw]] = {
    "fractal": draw_fractal,
    "bars": draw_bars,
    "ultrasound": draw_ultrasound,
    "tomogram": draw_tomogram,
    "waves": draw_waves,
    "noise": draw_noise,
    "shapes": draw_shapes,
    "face": draw_face,
}
