"""Outlines that each patient gets from a network which has not seen them, and how well they cover the drawn ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.heart.measures import SliceMeasures, measure
from inference.heart.segmenter import HeartSegmenter, Outline, Tissue
from ml.data.heart_slices import Slice, deal_folds
from ml.training.heart.segmenter import FOLD

Counts = NDArray[np.float64]  # tissues × (common, found, drawn)


@dataclass(frozen=True, eq=False)
class Outlined:
    """A slice with what a network found in it."""

    slice: Slice
    outline: Outline | None
    measures: SliceMeasures | None


def outline_out_of_fold(slices: Sequence[Slice], run: Path, folds: int, seed: int) -> list[Outlined]:
    """Each slice by the network of its patient's fold, as serving would."""
    networks = [HeartSegmenter((run / FOLD.format(fold)).read_bytes()) for fold in range(folds)]
    own = deal_folds(slices, folds, seed)
    return [outline_slice(one, networks[own[one.patient]]) for one in slices]


def outline_slice(one: Slice, network: HeartSegmenter) -> Outlined:
    """Outline and measure one slice."""
    outline = network.outline(one.grey)
    return Outlined(one, outline, None if outline is None else measure(outline))


def measure_overlap(outlined: Iterable[Outlined]) -> dict[str, dict[str, float]]:
    """Dice of each tissue by patient and phase, all slices of a phase as one volume: mean, 5th percentile, median."""
    volumes: Mapping[tuple[str, str], Counts] = defaultdict(lambda: np.zeros((3, 3)))
    for one in outlined:
        volumes[one.slice.patient, one.slice.frame][:] += count(one)
    table = np.stack(list(volumes.values()))
    dice = 2 * table[..., 0] / np.maximum(table[..., 1] + table[..., 2], 1)
    return {tissue.name.lower(): summarise(dice[:, tissue - 1]) for tissue in list(Tissue)[1:]}


def count(one: Outlined) -> Counts:
    """Pixels of each tissue that are common, found and drawn."""
    found = np.zeros_like(one.slice.mask) if one.outline is None else one.outline.over(one.slice.mask.shape)
    drawn = one.slice.mask
    return np.array(
        [
            [((found == tissue) & (drawn == tissue)).sum(), (found == tissue).sum(), (drawn == tissue).sum()]
            for tissue in list(Tissue)[1:]
        ],
        np.float64,
    )


def summarise(values: NDArray[Any]) -> dict[str, float]:
    low, median = np.percentile(values, (5, 50))
    return {"mean": float(values.mean()), "median": float(median), "5th percentile": float(low)}
