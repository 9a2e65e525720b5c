"""Configuration of a training run, read from TOML and stored with the checkpoint and in the bundle."""

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inference.model.preprocess import Recipe


@dataclass(frozen=True)
class Stage:
    """One stage of fine-tuning."""

    first: str  # name prefix of the first trainable layer
    size: int  # of the input; the last stage has the serving size
    steps: int
    batch: int = 32
    rate: float = 3e-4
    looks: int = 4  # number of validation losses
    strength: float = 1.0  # of the augmentation
    degraded: float = 0.0  # share of the upright chest films that are damaged as in photographs
    anchor: float = 0.0  # weight of the distance from the features that the clean films had before
    shares: tuple[float, float, float] | None = None  # of chest films, hearts and others; None: as `balance` gives


@dataclass(frozen=True)
class Config:
    """All parameters of a run; with the committed split they determine it."""

    name: str
    version: str
    seed: int = 42
    recipe: Recipe = field(default_factory=Recipe)
    hidden: int = 128
    dropout: float = 0.4
    epochs: int = 40
    batch: int = 256
    rate: float = 1e-3  # Adam's step size for the head on cached features
    decay: float = 1e-4  # AdamW's weight decay
    smoothing: float = 0.0  # label smoothing
    mixup: float = 0.0  # of the head: alpha of the Beta distribution
    distil: float = 0.0  # of the head: weight of the teacher's probabilities in the targets
    stages: tuple[Stage, ...] = ()  # empty: the backbone keeps the ImageNet weights
    balance: float = 0.5  # of sampling: 0 uniform, 1 every (label, source) equally often


def read_config(path: Path) -> Config:
    """Read a configuration file. Raises TypeError for an unknown key."""
    return make_config(tomllib.loads(path.read_text(encoding="utf-8")))


def make_config(values: dict[str, Any]) -> Config:
    """From the plain values of a TOML file or checkpoint. Raises TypeError for an unknown key."""
    values = dict(values)
    recipe = Recipe(**values.pop("recipe", {}))
    stages = tuple(Stage(**stage) for stage in values.pop("stages", ()))
    return Config(recipe=recipe, stages=stages, **values)


def describe(config: Config) -> dict[str, Any]:
    """Plain values for the checkpoint and the bundle's manifest."""
    return asdict(config)
