"""Pictures and targets of one split, as arrays."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import BRANCHES, OUTPUTS, ROUTER, ROUTES, SLICES, Modality
from inference.model.preprocess import Recipe, draw_canvas
from ml.data.pictures import read_grey
from ml.data.prepare import Row, Split, share_out

NO_BRANCH = -1


@dataclass(frozen=True)
class Strange:
    """A picture that is no scan of ours."""

    file: str
    kind: str
    split: Split


@dataclass(frozen=True, eq=False)
class Targets:
    """What the ten outputs should say."""

    route: NDArray[np.int64]  # index in ROUTES
    branch: NDArray[np.int64]  # index among the ten outputs, or NO_BRANCH


def make_targets(items: Sequence[Row | Strange]) -> Targets:
    """Router and branch targets; what is no scan has no branch."""
    route, branch = [], []
    for item in items:
        if isinstance(item, Row):
            route.append(ROUTES.index(item.modality))
            branch.append(SLICES[item.modality].start + BRANCHES[item.modality].index(item.label))
        else:
            route.append(ROUTES.index(Modality.NEITHER))
            branch.append(NO_BRANCH)
    return Targets(np.array(route), np.array(branch))


def spread(targets: Targets, smoothing: float = 0.0) -> NDArray[np.float32]:
    """n × OUTPUTS: what each softmax should answer. A branch that has no say is all zeros, and so costs nothing."""
    wanted = np.zeros((len(targets.route), OUTPUTS), np.float32)
    inside = np.flatnonzero(targets.branch != NO_BRANCH)
    wanted[np.arange(len(wanted)), ROUTER.start + targets.route] = 1
    wanted[inside, targets.branch[inside]] = 1
    for part in (ROUTER, *SLICES.values()):
        answered = wanted[:, part].sum(axis=1, keepdims=True)
        wanted[:, part] = (1 - smoothing) * wanted[:, part] + smoothing * answered / (part.stop - part.start)
    return wanted


def read_strangers(path: Path, seed: int) -> list[Strange]:
    """`ood.csv` (file, kind), split like the scans, each kind shared out."""
    with path.open(newline="", encoding="utf-8") as lines:
        kinds = {row["file"]: row["kind"] for row in csv.DictReader(lines)}
    splits: dict[str, Split] = {}
    for kind in sorted(set(kinds.values())):
        splits.update(share_out(sorted(file for file, own in kinds.items() if own == kind), seed, kind))
    return [Strange(file, kind, splits[file]) for file, kind in kinds.items()]


def draw_canvases(folder: Path, files: Sequence[str], recipe: Recipe) -> NDArray[np.uint8]:
    """Every picture on the canvas that serving would draw: n × size × size."""
    return np.stack([draw_canvas(read_grey(folder / file), recipe) for file in files])


def weigh(rows: Sequence[Row | Strange], balance: float) -> NDArray[np.float64]:
    """How often each picture is drawn: between as it comes (0) and every (label, source) alike (1)."""
    kinds = [(row.label, row.source) if isinstance(row, Row) else ("neither", "") for row in rows]
    counts = Counter(kinds)
    weights = np.array([counts[kind] ** -balance for kind in kinds], np.float64)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares
