"""The knobs of a training run: a TOML file becomes one frozen value, stored with the checkpoint."""

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inference.model.preprocess import Recipe


@dataclass(frozen=True)
class Stage:
    """One stretch of fine-tuning."""

    first: str  # layers from the first whose name starts so are trained
    size: int  # of the canvas: less is quicker, the last stage has the serving size
    steps: int
    batch: int = 32
    rate: float = 3e-4
    looks: int = 4  # validation losses on the way
    strength: float = 1.0  # of the augmentation: the last steps see pictures nearer to those that are served


@dataclass(frozen=True)
class Config:
    """A run is its configuration, its seed and the committed split; nothing else."""

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
    mixup: float = 0.0  # the head's: alpha of the Beta distribution that shares are drawn from
    distil: float = 0.0  # the head's: share of an earlier self's answer in the targets
    stages: tuple[Stage, ...] = ()  # none: the trunk stays ImageNet's
    balance: float = 0.5  # 0 draws pictures as they are, 1 draws every (label, source) equally often


def read_config(path: Path) -> Config:
    """An unknown key stops the run: a misspelt knob would otherwise be a silent default."""
    return make_config(tomllib.loads(path.read_text(encoding="utf-8")))


def make_config(values: dict[str, Any]) -> Config:
    """From plain values, as a checkpoint stores them."""
    values = dict(values)
    recipe = Recipe(**values.pop("recipe", {}))
    stages = tuple(Stage(**stage) for stage in values.pop("stages", ()))
    return Config(recipe=recipe, stages=stages, **values)


def describe(config: Config) -> dict[str, Any]:
    """Plain values for the checkpoint and the bundle's manifest."""
    return asdict(config)
