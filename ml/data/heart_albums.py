"""Albums as people send them, drawn from outlined patients: both phases or one, whole or a few slices."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from inference.heart.album import Features, describe_both_phases, describe_one_phase
from inference.heart.measures import SliceMeasures
from inference.heart.phases import pair_phases
from ml.evaluation.heart_outlines import Outlined

HEALTHY: Final = "NOR"
Rng = np.random.Generator


class Kind(StrEnum):
    """The phases and the size of an album."""

    BOTH = "both phases"
    SMALL_BOTH = "both phases, a few levels"
    REST = "rest alone"
    SQUEEZE = "squeeze alone"
    SMALL_ONE = "one phase, a few slices"


BOTH: Final = (Kind.BOTH, Kind.SMALL_BOTH)
ONE: Final = (Kind.REST, Kind.SQUEEZE, Kind.SMALL_ONE)


@dataclass(frozen=True)
class Album:
    """Features of one album of one patient."""

    patient: str
    group: str  # the disease, HEALTHY for none
    kind: Kind
    features: Features

    @property
    def sick(self) -> bool:
        return self.group != HEALTHY


def draw_albums(outlined: Iterable[Outlined], small: int, longest: int, fewest: int, seed: int) -> list[Album]:
    """Whole albums of every patient, and `small` ones at random for each number of phases.

    A small album has between `fewest` levels or slices and what `longest` slices hold.
    """
    patients: dict[str, list[Outlined]] = defaultdict(list)
    for one in outlined:
        if one.measures is not None:
            patients[one.slice.patient].append(one)
    albums = []
    for place, patient in enumerate(sorted(patients)):
        own, rng = patients[patient], np.random.default_rng((seed, place))
        drawn = [*draw_both(own, small, (fewest, longest), rng), *draw_one_phase(own, small, (fewest, longest), rng)]
        albums += [Album(patient, own[0].slice.group, kind, features) for kind, features in drawn]
    return albums


def draw_both(
    own: Sequence[Outlined], small: int, limits: tuple[int, int], rng: Rng
) -> Iterator[tuple[Kind, Features]]:
    """Albums of pairs, found as serving finds them."""
    measures = [one.measures for one in own if one.measures is not None]
    outlines = [one.outline for one in own if one.outline is not None]
    pairs = pair_phases([one.slice.grey for one in own], outlines, [one.cavity for one in measures])
    fewest, most = limits[0], min(limits[1] // 2, len(pairs))
    if len(pairs) < fewest:
        return
    yield Kind.BOTH, describe_both_phases(measures, pairs)
    for _ in range(small):
        chosen = rng.choice(len(pairs), int(rng.integers(fewest, most + 1)), replace=False)
        yield Kind.SMALL_BOTH, describe_both_phases(measures, [pairs[place] for place in chosen])


def draw_one_phase(
    own: Sequence[Outlined], small: int, limits: tuple[int, int], rng: Rng
) -> Iterator[tuple[Kind, Features]]:
    """Albums of the slices of one frame: whole ones, and small ones of a frame drawn at random."""
    frames = [[one.measures for one in own if one.slice.frame == frame and one.measures] for frame in ("01", "02")]
    for kind, slices in zip((Kind.REST, Kind.SQUEEZE), frames, strict=True):
        if slices:
            yield kind, describe_one_phase(slices)
    for _ in range(small):
        slices = frames[int(rng.integers(2))]
        if len(slices) >= limits[0]:
            count = int(rng.integers(limits[0], min(limits[1], len(slices)) + 1))
            chosen: list[SliceMeasures] = [slices[place] for place in rng.choice(len(slices), count, replace=False)]
            yield Kind.SMALL_ONE, describe_one_phase(chosen)
