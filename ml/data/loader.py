"""Pictures and targets of one split, as arrays."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import BRANCHES, OUT_OF_DISTRIBUTION, OUTPUTS, ROUTER, SLICES
from inference.model.preprocess import Recipe, draw_canvas
from ml.data.pictures import read_grey
from ml.data.prepare import split_stratum
from ml.data.samples import Row, Split
from models.vocabulary import Modality

NO_BRANCH = -1


@dataclass(frozen=True)
class OodPicture:
    """An out-of-distribution picture: neither a chest X-ray nor a cardiac MRI."""

    file: str
    kind: str
    split: Split


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of the ten outputs, as indices."""

    route: NDArray[np.int64]  # index among the router's outputs
    branch: NDArray[np.int64]  # index among the ten outputs, or NO_BRANCH


def make_targets(items: Sequence[Row | OodPicture]) -> Targets:
    """Router and branch targets; out-of-distribution pictures have NO_BRANCH."""
    route, branch = [], []
    for item in items:
        if isinstance(item, Row):
            route.append(tuple(Modality).index(item.modality))
            branch.append(SLICES[item.modality].start + BRANCHES[item.modality].index(item.label))
        else:
            route.append(OUT_OF_DISTRIBUTION)
            branch.append(NO_BRANCH)
    return Targets(np.array(route), np.array(branch))


def soft_labels(targets: Targets, smoothing: float = 0.0) -> NDArray[np.float32]:
    """Target probabilities (n × OUTPUTS) with label smoothing. An inapplicable branch is all zeros: no loss."""
    expected = np.zeros((len(targets.route), OUTPUTS), np.float32)
    inside = np.flatnonzero(targets.branch != NO_BRANCH)
    expected[np.arange(len(expected)), ROUTER.start + targets.route] = 1
    expected[inside, targets.branch[inside]] = 1
    for part in (ROUTER, *SLICES.values()):
        answered = expected[:, part].sum(axis=1, keepdims=True)
        expected[:, part] = (1 - smoothing) * expected[:, part] + smoothing * answered / (part.stop - part.start)
    return expected


def read_ood(path: Path, seed: int) -> list[OodPicture]:
    """Out-of-distribution pictures of `ood.csv` (file, kind), each kind split like the scans."""
    with path.open(newline="", encoding="utf-8") as lines:
        kinds = {row["file"]: row["kind"] for row in csv.DictReader(lines)}
    splits: dict[str, Split] = {}
    for kind in sorted(set(kinds.values())):
        splits.update(split_stratum(sorted(file for file, own in kinds.items() if own == kind), seed, kind))
    return [OodPicture(file, kind, splits[file]) for file, kind in kinds.items()]


def draw_canvases(folder: Path, files: Sequence[str], recipe: Recipe) -> NDArray[np.uint8]:
    """The preprocessed pictures as in serving: n × size × size."""
    return np.stack([draw_canvas(read_grey(folder / file), recipe) for file in files])


def sampling_weights(rows: Sequence[Row | OodPicture], balance: float) -> NDArray[np.float64]:
    """Sampling probabilities; `balance` 0 is uniform, 1 gives every (label, source) the same share."""
    kinds = [(row.label, row.source) if isinstance(row, Row) else ("neither", "") for row in rows]
    counts = Counter(kinds)
    weights = np.array([counts[kind] ** -balance for kind in kinds], np.float64)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares
