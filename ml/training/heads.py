"""Fit small heads on pooled features with AdamW, and the calibration of their sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.model.heads import Heads
from inference.model.softmax import softmax

Values = NDArray[np.float32]
BETA1: Final = 0.9
BETA2: Final = 0.999
STEP_FLOOR: Final = 1e-7


@dataclass(frozen=True)
class HeadsConfig:
    """Parameters of `ml/configs/heads.toml`; field names are its keys."""

    version: str
    seeds: tuple[int, ...]
    views: int
    hidden: int
    dropout: float
    rate: float
    decay: float
    batch: int
    epochs: int
    balance: float
    clean_weight: float
    prototypes: int
    each: int
    error: float
    wrong: float
    frozen_weight: float
    floors: Mapping[str, tuple[float, float]]


@dataclass(eq=False)
class Adam:
    """AdamW with a cosine step size over `steps` steps, for a list of arrays that it changes in place."""

    parameters: list[Values]
    rate: float
    decay: float  # of the matrices
    steps: int

    def __post_init__(self) -> None:
        self._mean = [np.zeros_like(one) for one in self.parameters]
        self._square = [np.zeros_like(one) for one in self.parameters]
        self._done = 0

    def step(self, gradients: Sequence[Values]) -> None:
        """One update."""
        self._done += 1
        rate = self.rate * 0.5 * (1 + np.cos(np.pi * self._done / self.steps))
        for n, gradient in enumerate(gradients):
            own = self.parameters[n]
            self._mean[n] += (1 - BETA1) * (gradient - self._mean[n])
            self._square[n] += (1 - BETA2) * (gradient**2 - self._square[n])
            mean, square = self._mean[n] / (1 - BETA1**self._done), self._square[n] / (1 - BETA2**self._done)
            shrunk = rate * self.decay * own if own.ndim > 1 else 0.0
            own -= (rate * (mean / (np.sqrt(square) + STEP_FLOOR) + shrunk)).astype(np.float32)


def fit_head(
    features: NDArray[np.float16],
    targets: NDArray[np.int64],
    weights: NDArray[np.float64],
    config: HeadsConfig,
    seed: int,
) -> list[Values]:
    """Weights and biases of one head (hidden, hidden_bias, output, output_bias) for features of unit scale.

    `features` n × channels, `targets` n class indices, `weights` n sampling weights."""
    rng, classes = np.random.default_rng(seed), int(targets.max()) + 1
    channels, chance = features.shape[1], weights / weights.sum()
    head = [
        rng.normal(0, np.sqrt(2 / channels), (channels, config.hidden)).astype(np.float32),
        np.zeros(config.hidden, np.float32),
        rng.normal(0, np.sqrt(1 / config.hidden), (config.hidden, classes)).astype(np.float32),
        np.zeros(classes, np.float32),
    ]
    batches = len(features) // config.batch
    adam = Adam(head, config.rate, config.decay, config.epochs * batches)
    for _ in range(config.epochs):
        order = rng.choice(len(features), len(features), p=chance)
        for batch in range(batches):
            own = np.sort(order[batch * config.batch : (batch + 1) * config.batch])
            keep = (rng.random((len(own), config.hidden)) > config.dropout) / (1 - config.dropout)
            wanted = np.eye(classes, dtype=np.float32)[targets[own]]
            adam.step(find_gradients(head, features[own].astype(np.float32), wanted, keep.astype(np.float32)))
    return head


def find_gradients(head: Sequence[Values], inputs: Values, wanted: Values, keep: Values) -> list[Values]:
    """Gradients of the mean cross-entropy for one batch; `keep` is the dropout mask, scaled."""
    hidden = inputs @ head[0] + head[1]
    units = np.maximum(hidden, 0) * keep
    error = ((softmax(units @ head[2] + head[3]) - wanted) / len(inputs)).astype(np.float32)
    back = (error @ head[2].T) * keep * (hidden > 0)
    return [inputs.T @ back, back.sum(axis=0), units.T @ error, error.sum(axis=0)]


def fit_heads(
    features: NDArray[np.float16],
    targets: NDArray[np.int64],
    weights: NDArray[np.float64],
    config: HeadsConfig,
) -> Heads:
    """One head for each seed; the features' scale is folded into the first layer."""
    spread = features.astype(np.float32).std(axis=0) + np.float32(0.05)
    scaled = (features / spread).astype(np.float16)
    heads = [fit_head(scaled, targets, weights, config, seed) for seed in config.seeds]
    for head in heads:
        head[0] = head[0] / spread[:, np.newaxis]
    return Heads(*(np.stack([head[n] for head in heads]) for n in range(4)))
