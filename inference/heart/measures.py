"""Measures of one outlined slice that need no scale: ratios of areas and lengths, and how round it is."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.heart.segmenter import Outline, Tissue

DIRECTIONS: Final = 72  # rays from the middle of the cavity
THIN, THICK = 10, 90  # percentiles of the wall: the thinnest and thickest wall without a stray pixel
SMALLEST_CAVITY: Final = 30  # pixels of the outline's grid: a smaller one has no middle to measure from


class SliceMeasures(NamedTuple):
    """One slice. All but the areas are ratios."""

    cavity_to_muscle: float  # area of the left cavity to the muscle's
    wall_to_radius: float  # median wall to the radius of a circle of the cavity's area
    wall_to_radius_greatest: float  # its THICK percentile
    thickest_to_thinnest: float  # THICK to THIN percentile of the wall
    right_to_left: float  # area of the right ventricle to the left cavity's
    roundness: float  # shorter to longer axis of the left ventricle with its muscle, 0 to 1; 1 for a circle
    cavity_roundness: float  # the same of the cavity
    right_fullness: float  # area of the right ventricle to that of its convex hull; 0 where there is none
    closed: float  # share of directions in which muscle was found
    cavity: float  # area to the square of the slice's longest side
    muscle: float
    right: float


RATIOS: Final = SliceMeasures._fields[:8]


def measure(outline: Outline) -> SliceMeasures | None:
    """The measures of a slice; None where cavity or muscle is missing."""
    mask = outline.mask
    cavity, muscle, right = (
        float((mask == one).sum()) for one in (Tissue.LEFT_VENTRICLE, Tissue.MUSCLE, Tissue.RIGHT_VENTRICLE)
    )
    if cavity < SMALLEST_CAVITY or muscle < SMALLEST_CAVITY:
        return None
    wall = measure_wall(mask)
    closed = wall > 0
    if not closed.any():
        return None
    thin, middle, thick = np.percentile(wall[closed], (THIN, 50, THICK))
    radius = float(np.sqrt(cavity / np.pi))
    to_slice = (outline.view.side / len(mask) / max(outline.shape)) ** 2
    return SliceMeasures(
        cavity_to_muscle=cavity / muscle,
        wall_to_radius=float(middle) / radius,
        wall_to_radius_greatest=float(thick) / radius,
        thickest_to_thinnest=float(thick / thin),
        right_to_left=right / cavity,
        roundness=measure_roundness(mask >= Tissue.MUSCLE),
        cavity_roundness=measure_roundness(mask == Tissue.LEFT_VENTRICLE),
        right_fullness=measure_fullness(mask == Tissue.RIGHT_VENTRICLE),
        closed=float(closed.mean()),
        cavity=cavity * to_slice,
        muscle=muscle * to_slice,
        right=right * to_slice,
    )


def measure_wall(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Muscle along each of DIRECTIONS rays from the middle of the cavity, in pixels of the mask; 0 where it is open."""
    rows, columns = np.nonzero(mask == Tissue.LEFT_VENTRICLE)
    middle, reach = (float(columns.mean()), float(rows.mean())), len(mask)
    flags = cv2.INTER_NEAREST | cv2.WARP_FILL_OUTLIERS  # without it, what lies outside is left as memory had it
    rays = cv2.warpPolar(mask, (reach, DIRECTIONS), middle, reach, flags)
    walls: NDArray[np.float64] = (np.asarray(rays) == Tissue.MUSCLE).sum(axis=1).astype(np.float64)
    return walls


def measure_roundness(marked: NDArray[np.bool_]) -> float:
    """Shorter to longer axis of the ellipse with the same second moments, 0 to 1; 1 is as round as a circle."""
    rows, columns = np.nonzero(marked)
    smaller, larger = np.linalg.eigvalsh(np.cov(np.stack([rows, columns])))
    return float(np.sqrt(max(smaller, 0.0) / larger)) if larger > 0 else 0.0


def measure_fullness(marked: NDArray[np.bool_]) -> float:
    """Area to that of the convex hull, 0 to 1; 0 where nothing is marked."""
    if not marked.any():
        return 0.0
    edge = find_edge(marked)
    hull = cv2.contourArea(cv2.convexHull(edge))
    return float(cv2.contourArea(edge) / hull) if hull else 0.0


def find_edge(marked: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The outer edge of the largest marked part, points × 1 × 2."""
    edges, _ = cv2.findContours(marked.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(edges, key=cv2.contourArea), np.int32)
