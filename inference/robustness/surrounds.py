"""Put a film into a surround, as a photograph of it has one: plain, uneven, patterned, a window, seen obliquely."""

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Values = NDArray[np.float32]


def place(grey: Grey, background: Values) -> Grey:
    """The film in the middle of a background that is larger."""
    out = np.clip(background, 0, 255).astype(np.uint8)
    height, width = grey.shape
    top, left = (out.shape[0] - height) // 2, (out.shape[1] - width) // 2
    out[top : top + height, left : left + width] = grey
    return out


def size_around(grey: Grey, share: float) -> tuple[int, int]:
    """The size of the whole when each side of it is `share` surround."""
    return round(grey.shape[0] / (1 - 2 * share)), round(grey.shape[1] / (1 - 2 * share))


def fill(grey: Grey, share: float, tone: float) -> Grey:
    """One even tone around the film."""
    return place(grey, np.full(size_around(grey, share), tone, np.float32))


def surround_white(grey: Grey, strength: float) -> Grey:
    """A light box."""
    return fill(grey, strength, 255)


def surround_grey(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """A viewer's or a wall's grey."""
    return fill(grey, strength, float(rng.integers(90, 190)))


def surround_black(grey: Grey, strength: float) -> Grey:
    """A dark room."""
    return fill(grey, strength, 0)


def surround_even(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Any even tone."""
    return fill(grey, strength, float(rng.integers(0, 256)))


def make_slope(shape: tuple[int, int], span: float, rng: np.random.Generator) -> Values:
    """A plane of light from -span to span, in a random direction."""
    down, across = np.meshgrid(np.linspace(-1, 1, shape[0]), np.linspace(-1, 1, shape[1]), indexing="ij")
    angle = rng.uniform(0, 2 * np.pi)
    slope: Values = (span * (np.cos(angle) * across + np.sin(angle) * down) / np.sqrt(2)).astype(np.float32)
    return slope


def make_clouds(shape: tuple[int, int], rng: np.random.Generator) -> Values:
    """Smooth random texture of several scales, about -1 to 1."""
    total = np.zeros(shape, np.float32)
    for cells in (3, 6, 12, 40):
        coarse = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        large = np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)
        total += large * np.float32((3 / cells) ** 0.5)
    return (total / 2).astype(np.float32)


def surround_uneven(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """A table, a wall, a curtain: sloping light, soft texture, grain."""
    shape = size_around(grey, strength)
    tone = rng.uniform(20, 245)
    back = tone + make_slope(shape, rng.uniform(5, 60), rng) + rng.uniform(2, 25) * make_clouds(shape, rng)
    return place(grey, back + rng.normal(0, rng.uniform(0, 8), shape).astype(np.float32))


def surround_patterned(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Bricks, tiles or planks."""
    shape = size_around(grey, strength)
    down, across = np.mgrid[: shape[0], : shape[1]]
    high, long = rng.uniform(0.05, 0.12) * shape[0], rng.uniform(0.08, 0.3) * shape[1]
    row = (down // high).astype(int)
    column = ((across + (row % 2) * long / 2) // long).astype(int)
    tones = rng.uniform(60, 200) + rng.normal(0, 18, (row.max() + 1, column.max() + 1))
    joint = ((down % high) < 0.06 * high + 1) | (((across + (row % 2) * long / 2) % long) < 0.03 * long + 1)
    back = np.where(joint, rng.uniform(30, 230), tones[row, column])
    return place(grey, (back + rng.normal(0, 4, shape)).astype(np.float32))


def surround_window(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Held against a window: bright sky, bars, a landscape below, fingers over one edge of the film."""
    shape = size_around(grey, strength)
    down = np.linspace(0, 1, shape[0])[:, np.newaxis]
    sky = 235 - 60 * down + 8 * make_clouds(shape, rng)
    back: Values = np.where(down > rng.uniform(0.55, 0.8), 90 + 40 * make_clouds(shape, rng), sky).astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        at, thick = int(rng.uniform(0.05, 0.95) * shape[1]), max(2, int(0.03 * shape[1]))
        back[:, at : at + thick] = rng.uniform(20, 90)
        at = int(rng.uniform(0.05, 0.95) * shape[0])
        back[at : at + thick] = rng.uniform(20, 90)
    seen = place(grey, back)
    return hold(seen, grey.shape, rng)


def hold(seen: Grey, film: tuple[int, ...], rng: np.random.Generator) -> Grey:
    """Three fingers reach from the surround a little way over the film's left or right edge."""
    height, width = seen.shape
    inset, tone = (width - film[1]) // 2, rng.uniform(110, 190)
    left = rng.random() < 0.5
    edge = inset if left else width - inset
    start = rng.uniform(0.3, 0.6) * height
    for finger in range(3):
        y = int(start + finger * 0.055 * height)
        reach = int(0.05 * film[1])
        outer = 0 if left else width
        tip = edge + reach if left else edge - reach
        cv2.line(seen, (outer, y), (tip, y), float(tone), max(3, int(0.04 * height)), cv2.LINE_AA)
    return seen


def tilt(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Turned by `strength` degrees either way, whole, on an even tone."""
    height, width = grey.shape
    angle = strength * rng.choice([-1, 1])
    cosine, sine = abs(np.cos(np.radians(angle))), abs(np.sin(np.radians(angle)))
    size = (round(width * cosine + height * sine), round(height * cosine + width * sine))
    matrix = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), np.float64)
    matrix[:, 2] += (np.array(size) - (width, height)) / 2
    tone = float(rng.choice([0, 128, 255]))
    return np.asarray(cv2.warpAffine(grey, matrix, size, borderValue=tone)).astype(np.uint8)


def view_obliquely(grey: Grey, strength: float, rng: np.random.Generator) -> Grey:
    """Photographed from the side, on a table: each corner moves inwards by up to twice `strength`."""
    height, width = grey.shape
    shape = size_around(grey, strength)
    back = rng.uniform(20, 245) + make_slope(shape, 30, rng) + 8 * make_clouds(shape, rng)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float32)
    moved = corners + inwards * rng.uniform(-0.8, 0.8, (4, 2)) * strength * (width, height)
    margin = np.array([shape[1] - width, shape[0] - height]) / 2
    moved = (moved + margin).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    size = (shape[1], shape[0])
    film = cv2.warpPerspective(grey, matrix, size)
    inside = cv2.warpPerspective(np.full(grey.shape, 255, np.uint8), matrix, size).astype(np.float32) / 255
    return np.clip(film * inside + back * (1 - inside), 0, 255).astype(np.uint8)
