"""From a mask of the film to the four sides of it, sharpened at the picture's own edges."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
Values = NDArray[np.float32]
SEARCH: Final = 0.035  # how far from the mask's side an edge is looked for, as a share of the picture
STEPS: Final = 15
SAMPLES: Final = 32


def fit_quad(mask: NDArray[np.uint8]) -> Points | None:
    """Four corners (x, y; clockwise from the top left, in the mask's pixels) round its largest part; None without."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    if len(hull) < 4 or cv2.contourArea(hull) < 16:
        return None
    box = sort_corners(cv2.boxPoints(cv2.minAreaRect(hull)))
    outline = walk(hull[:, 0].astype(np.float32))
    sides = [side_points(outline, box, side) for side in range(4)]
    if min(len(one) for one in sides) < 4:
        return box
    lines = [fit_side(one) for one in sides]
    return sort_corners(np.array([cross(lines[n - 1], lines[n]) for n in range(4)], np.float32))


def walk(hull: Points) -> Points:
    """Points about half a pixel apart along a closed outline."""
    parts = []
    for start, end in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        count = max(1, int(2 * np.linalg.norm(end - start)))
        parts.append(start + (end - start) * (np.arange(count)[:, np.newaxis] / count))
    return np.concatenate(parts).astype(np.float32)


def side_points(outline: Points, box: Points, side: int) -> Points:
    """The part of the outline that faces one side of its box, without the corners."""
    start, end = box[side], box[(side + 1) % 4]
    along = (end - start) / (np.linalg.norm(end - start) + 1e-9)
    normal = np.array([-along[1], along[0]], np.float32)
    length, deep = float(np.linalg.norm(end - start)), float(np.linalg.norm(box[(side + 2) % 4] - end))
    reach, away = (outline - start) @ along, np.abs((outline - start) @ normal)
    facing: Points = outline[(reach > 0.12 * length) & (reach < 0.88 * length) & (away < 0.3 * deep)]
    return facing


def fit_side(points: Points) -> Values:
    """A robust line: direction and a point on it, as cv2.fitLine."""
    return np.asarray(cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01), np.float32).ravel()


def cross(one: Values, other: Values) -> Values:
    """Where two lines meet."""
    matrix = np.array([[one[0], -other[0]], [one[1], -other[1]]], np.float64)
    if abs(np.linalg.det(matrix)) < 1e-6:
        return np.asarray((one[2:] + other[2:]) / 2, np.float32)
    reach = np.linalg.solve(matrix, (other[2:] - one[2:]).astype(np.float64))[0]
    return np.asarray(one[2:] + reach * one[:2], np.float32)


def sort_corners(corners: NDArray[np.floating] | cv2.typing.MatLike) -> Points:
    """Clockwise, the one nearest to the top left first."""
    points = np.asarray(corners, np.float32)
    middle = points.mean(axis=0)
    order = np.argsort(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))
    points = points[order]
    return np.roll(points, -int(points.sum(axis=1).argmin()), axis=0)


def sharpen_quad(grey: NDArray[np.uint8], quad: Points) -> Points:
    """Move each side, both ends by themselves, to the strongest straight edge nearby; sides on the border stay."""
    soft = cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32)
    lines = [sharpen_side(soft, quad[n], quad[(n + 1) % 4]) for n in range(4)]
    return sort_corners(np.array([cross(lines[n - 1], lines[n]) for n in range(4)], np.float32))


def sharpen_side(soft: Values, start: Values, end: Values) -> Values:
    """The line (direction, point) between both ends' offsets whose mean step across it is greatest."""
    length = float(np.linalg.norm(end - start)) + 1e-9
    along = (end - start) / length
    normal = np.array([-along[1], along[0]], np.float32)
    reach = SEARCH * max(soft.shape)
    offsets = np.linspace(-reach, reach, STEPS)
    share = np.linspace(0.06, 0.94, SAMPLES)
    points = start + np.outer(share, end - start)
    x = points[:, 0, np.newaxis] + normal[0] * offsets
    y = points[:, 1, np.newaxis] + normal[1] * offsets
    seen = cv2.remap(
        soft, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    steps = np.abs(np.gradient(seen, axis=1))
    steps = np.minimum(steps, 20.0) - 0.02 * np.abs(np.arange(STEPS) - STEPS // 2) * steps.mean()
    first, last = np.meshgrid(np.arange(STEPS), np.arange(STEPS), indexing="ij")
    at = np.rint(first[..., np.newaxis] * (1 - share) + last[..., np.newaxis] * share).astype(int)
    score = steps[np.arange(SAMPLES), at].mean(axis=-1)
    best = divmod(int(score.argmax()), STEPS)
    if score[best] < 1.5 * score.mean():
        best = (STEPS // 2, STEPS // 2)
    a, b = start + normal * offsets[best[0]], end + normal * offsets[best[1]]
    return np.asarray([*((b - a) / length), *a], np.float32)


def straighten(grey: NDArray[np.uint8], quad: Points) -> NDArray[np.uint8]:
    """The film seen from straight above, about as large as it lies in the picture."""
    top, right, bottom, left = (float(np.linalg.norm(quad[(n + 1) % 4] - quad[n])) for n in range(4))
    width, height = max(16, round(max(top, bottom))), max(16, round(max(left, right)))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), corners)
    return np.asarray(cv2.warpPerspective(grey, matrix, (width, height), flags=cv2.INTER_LINEAR)).astype(np.uint8)
