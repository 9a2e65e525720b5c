"""One heart's slices together: what is measured over an album, in one phase or in both."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from inference.heart.measures import RATIOS, SliceMeasures
from inference.heart.phases import Pair

CENTRAL: Final = 0.4  # a slice counts when its left ventricle with muscle is that share of the album's largest
Features = dict[str, float]


def choose_central(slices: Sequence[SliceMeasures]) -> list[int]:
    """Places of the slices that are not close to the apex."""
    sizes = [one.cavity + one.muscle for one in slices]
    return [place for place, size in enumerate(sizes) if size >= CENTRAL * max(sizes)]


def summarise(slices: Sequence[SliceMeasures], prefix: str = "") -> Features:
    """Median and greatest of each ratio over some slices of one heart, by name."""
    table = np.array([[getattr(one, ratio) for ratio in RATIOS] for one in slices])
    middle, greatest = np.median(table, axis=0), table.max(axis=0)
    features: Features = {}
    for place, ratio in enumerate(RATIOS):
        features[f"{prefix}{ratio}_median"] = float(middle[place])
        features[f"{prefix}{ratio}_greatest"] = float(greatest[place])
    return features


def describe_one_phase(slices: Sequence[SliceMeasures]) -> Features:
    """Features of an album (one slice or more) of which nothing is known but its slices."""
    return summarise([slices[place] for place in choose_central(slices)])


def describe_both_phases(slices: Sequence[SliceMeasures], pairs: Sequence[Pair]) -> Features:
    """Features of an album with at least one pair: each phase for itself, and squeeze to rest."""
    central = set(choose_central([slices[pair.rest] for pair in pairs]))
    own = [pair for place, pair in enumerate(pairs) if place in central]
    rest, squeeze = [slices[pair.rest] for pair in own], [slices[pair.squeeze] for pair in own]
    return (
        summarise(rest, "rest_")
        | summarise(squeeze, "squeeze_")
        | {
            "cavity_squeeze_to_rest": sum(one.cavity for one in squeeze) / sum(one.cavity for one in rest),
            "right_squeeze_to_rest": (sum(one.right for one in squeeze) + 1e-6)
            / (sum(one.right for one in rest) + 1e-6),
            "wall_squeeze_to_rest": float(
                np.median(
                    [
                        measure_thickness(after) / measure_thickness(before)
                        for before, after in zip(rest, squeeze, strict=True)
                    ]
                )
            ),
            "cavity_squeeze_to_rest_greatest": max(
                after.cavity / before.cavity for before, after in zip(rest, squeeze, strict=True)
            ),
        }
    )


def measure_thickness(one: SliceMeasures) -> float:
    """The median wall, in the unit of the slice's longest side."""
    return one.wall_to_radius * float(np.sqrt(one.cavity / np.pi))
