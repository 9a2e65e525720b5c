"""Outlined cardiac slices, their folds by patient, and the views that the segmenter learns from."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.heart.view import View, around, reduce, stretch, whole
from ml.data.pictures import read_grey

Rng = np.random.Generator
Grey = NDArray[np.uint8]
Pixels = NDArray[np.floating[Any]]
NEGATIVE: Final = 0.08  # share of views of what is no heart, where nothing is to be outlined
CLOSE: Final = 0.6  # share of views that show the heart alone, as the second view does
BORDERS: Final = (0, 0, 0, 0, 255, 128, 60)  # grey levels of what surrounds a slice that was framed


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice with its outlines: `grey` and `mask` (0 background, 1 right ventricle, 2 muscle, 3 left ventricle)."""

    file: str
    patient: str
    group: str  # the disease, NOR for none
    frame: str  # 01 end-diastole, 02 end-systole
    place: int  # along the long axis
    grey: Grey
    mask: Grey


def read_slices(data: Path) -> list[Slice]:
    """Every slice that has outlines, of scans.csv and scans_more.csv."""
    groups: dict[str, str] = {}
    for table in ("scans.csv", "scans_more.csv"):
        with (data / table).open(newline="", encoding="utf-8") as lines:
            groups |= {row["file"]: row["notes"].removeprefix("group=").split(";")[0] for row in csv.DictReader(lines)}
    with (data / "masks.csv").open(newline="", encoding="utf-8") as lines:
        return [read_slice(data, row, groups[row["file"]]) for row in csv.DictReader(lines)]


def read_slice(data: Path, row: dict[str, str], group: str) -> Slice:
    """One row of masks.csv with its pixels; ValueError where picture and outlines differ in size."""
    grey, mask = read_grey(data / row["file"]), cv2.imread(str(data / row["mask"]), cv2.IMREAD_GRAYSCALE)
    if mask is None or mask.shape != grey.shape:
        raise ValueError(f"{row['mask']} does not fit its slice")
    return Slice(row["file"], row["patient"], group, row["frame"], int(row["slice"]), grey, mask.astype(np.uint8))


def deal_folds(slices: Sequence[Slice], folds: int, seed: int) -> dict[str, int]:
    """The fold of every patient, each disease shared out evenly."""
    by_group: dict[str, list[str]] = defaultdict(list)
    for patient, group in sorted({(one.patient, one.group) for one in slices}):
        by_group[group].append(patient)
    rng, order = np.random.default_rng(seed), []
    for group in sorted(by_group):
        order += [by_group[group][n] for n in rng.permutation(len(by_group[group]))]
    return {patient: n % folds for n, patient in enumerate(order)}


def draw_batch(
    slices: Sequence[Slice], others: Sequence[Grey], count: int, size: int, rng: Rng
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Random views: count × size × size × 1 in [-1, 1], and count × size × size classes."""
    views, masks = zip(*(draw_one(slices, others, size, rng) for _ in range(count)), strict=True)
    return np.stack(views), np.stack(masks)


def draw_one(
    slices: Sequence[Slice], others: Sequence[Grey], size: int, rng: Rng
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """One view of one picture; what is no heart has an empty mask."""
    if others and rng.random() < NEGATIVE:
        grey = reduce(others[int(rng.integers(len(others)))])
        mask = np.zeros_like(grey)
    else:
        one = slices[int(rng.integers(len(slices)))]
        grey, mask = one.grey, one.mask
    matrix = place_view(mask, size, rng)
    border = float(rng.choice(BORDERS))
    grey = warp(grey, matrix, size, cv2.INTER_LINEAR, border)
    return stretch(spoil(grey.astype(np.float32), rng)), warp(mask, matrix, size, cv2.INTER_NEAREST, 0)


def warp(grey: Grey, matrix: NDArray[np.float64], size: int, how: int, border: float) -> Grey:
    square = cv2.warpAffine(grey, matrix, (size, size), flags=how, borderValue=border)
    return square.astype(np.uint8, copy=False)


def place_view(mask: Grey, size: int, rng: Rng) -> NDArray[np.float64]:
    """Where the view lies: near the heart or over the whole slice, turned and mirrored at random. 2 × 3."""
    view = whole(mask.shape)
    square = cv2.warpAffine(mask, view.matrix(size), (size, size), flags=cv2.INTER_NEAREST)
    if rng.random() < CLOSE:
        found = around(square > 0, view, rng.uniform(1.2, 2.4)) if square.any() else view
        side = found.side if square.any() else view.side * rng.uniform(0.25, 0.8)
        x, y = (place + side * rng.uniform(-0.12, 0.12) for place in (found.x, found.y))
        view = View(x, y, side)
    else:
        side = view.side * rng.uniform(0.6, 1.5)
        x, y = (place + side * rng.uniform(-0.15, 0.15) for place in (view.x, view.y))
        view = View(x, y, side)
    matrix: NDArray[np.float64] = turn(rng, size) @ np.vstack([view.matrix(size), (0, 0, 1)])
    return matrix


def turn(rng: Rng, size: int) -> NDArray[np.float64]:
    """A turn, seldom mirrored, with sides stretched by up to 12 %: 2 × 3, about the view's centre.

    Three in four are turned by up to 45 degrees, the others by any angle, since phones lie as they like."""
    most = np.pi / 4 if rng.random() < 0.75 else np.pi
    angle, across = rng.uniform(-most, most), np.exp(rng.uniform(-0.12, 0.12))
    sine, cosine = np.sin(angle), np.cos(angle)
    flip = -1 if rng.random() < 0.15 else 1
    linear = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag((flip * across, 1 / across))
    half = np.full(2, (size - 1) / 2)
    return np.column_stack([linear, half - linear @ half])


def light(square: Pixels, rng: Rng) -> Pixels:
    """Uneven light: a coil on one side of the chest, a lamp, a vignette. size × size, not clipped."""
    size = len(square)
    spread = np.exp(rng.normal(0, 0.35, (3, 3))).astype(np.float32)
    square = square * np.asarray(cv2.resize(spread, (size, size), interpolation=cv2.INTER_LINEAR))
    if rng.random() < 0.3:
        across = np.linspace(-1, 1, size, dtype=np.float32)
        x, y, radius = rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2), rng.uniform(0.95, 1.3)
        square = np.where(np.hypot(across - x, across[:, np.newaxis] - y) > radius, rng.choice((0, 20)), square)
    return square


def bend(square: Pixels, rng: Rng) -> Pixels:
    """Another window: gamma."""
    return 255 * (np.clip(square, 0, 255) / 255) ** float(np.exp(rng.uniform(-0.7, 0.7)))


def pull(square: Pixels, rng: Rng) -> Pixels:
    """Another contrast and brightness."""
    return (square - 128) * rng.uniform(0.4, 1.5) + 128 + rng.uniform(-40, 40)


def soften(square: Pixels, rng: Rng) -> Pixels:
    """Blur of up to 1.6 pixels."""
    return np.asarray(cv2.GaussianBlur(square.astype(np.float32), (0, 0), rng.uniform(0.4, 1.6)))


def roughen(square: Pixels, rng: Rng) -> Pixels:
    """Noise of up to 20 grey levels."""
    return square + rng.normal(0, rng.uniform(2, 20), square.shape)


def recompress(square: Pixels, rng: Rng) -> Pixels:
    """JPEG of a quality from 12 to 85."""
    byte = np.clip(square, 0, 255).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", byte, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 85))])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)).astype(np.float32)


CHANGES: Final = ((0.6, bend), (0.5, light), (0.3, pull), (0.35, soften), (0.35, roughen), (0.25, recompress))


def spoil(square: Pixels, rng: Rng) -> NDArray[np.float32]:
    """Another scanner, window, messenger or phone: size × size in 0 to 255."""
    for probability, change in CHANGES:
        if rng.random() < probability:
            square = change(square, rng)
    return np.clip(square, 0, 255).astype(np.float32)
