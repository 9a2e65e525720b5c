"""The configuration of the heart's part: a TOML file becomes one frozen value, stored in heart.json."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONFIG: Final = Path(__file__).parents[2] / "configs" / "heart.toml"


@dataclass(frozen=True)
class NetworkConfig:
    """One training of the segmenter: `coarse_steps` on small views, then `steps` at the serving size, in one cosine."""

    size: int
    coarse: int  # side of the small views
    widths: tuple[int, ...]
    batch: int
    coarse_steps: int
    steps: int
    last_steps: int  # of the final network, which goes on from the last fold's
    rate: float  # AdamW's
    last_rate: float
    decay: float


@dataclass(frozen=True)
class ReadingConfig:
    """The models of the measures."""

    strength: float  # inverse of the L2 penalty of the logistic regression
    albums: int  # small albums drawn at random from each patient, beside the whole one
    longest_album: int  # slices of such an album: a chat's album holds ten
    right: float  # share of sure answers that have to be right, for each label
    proof: int  # patients whose sure answers a limit rests on: of 30 with none wrong, at most 10 % are (rule of three)
    fewest: int  # slices of one phase, or levels in both, below which an album stays uncertain


@dataclass(frozen=True)
class HeartConfig:
    """A run is its configuration, its seed and the data set's outlines."""

    version: str
    seed: int
    folds: int
    network: NetworkConfig
    reading: ReadingConfig


def read_heart_config(path: Path = CONFIG) -> HeartConfig:
    """TypeError or KeyError where a value is missing or unknown."""
    stored = tomllib.loads(path.read_text(encoding="utf-8"))
    network = stored.pop("network")
    return HeartConfig(
        network=NetworkConfig(widths=tuple(network.pop("widths")), **network),
        reading=ReadingConfig(**stored.pop("reading")),
        **stored,
    )
