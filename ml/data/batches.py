"""Batches for fine-tuning: corrupted, augmented and degraded pictures with their targets, prepared in advance."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import OUTPUTS, ROUTER
from inference.model.image_quality import CONDITIONS, Condition
from inference.model.preprocess import Recipe, draw_canvas, scale
from ml.data.augment import augment
from ml.data.corruptions import CORRUPTIONS, rotate_quarters
from ml.data.degraded_views import view
from ml.data.loader import OodPicture, make_targets, sampling_weights, soft_labels
from ml.data.samples import Row, Split
from ml.training.config import Config, Stage
from models.vocabulary import Modality

PREFETCHED: Final = 6  # batches prepared in advance
CORRUPTED_SHARE: Final = 0.25  # of the scans, shown rotated, inverted, cut or as a screen photo, at full strength
AUGMENTED: Final = 0.6  # of the strength, before a film is degraded
Grey = NDArray[np.uint8]
Values = NDArray[np.float32]
NO_ANCHORS: Final = np.zeros((0, 0), np.float32)


class Batch(NamedTuple):
    """Input and targets of n pictures."""

    images: Values  # n × size × size × 1
    expected: Values  # n × (OUTPUTS + conditions)
    anchors: Values  # n × channels: features to keep, zeros where none; n × 0 without any


@dataclass(frozen=True, eq=False)
class Dataset:
    """All pictures in memory, with their targets."""

    items: Sequence[Row | OodPicture]
    greys: Sequence[Grey]
    targets: NDArray[np.float32]  # n × OUTPUTS
    anchors: NDArray[np.float32] = field(default_factory=lambda: NO_ANCHORS)  # n × channels, of clean chest films

    def positions(self, split: Split) -> NDArray[np.int64]:
        """Indices of the pictures of one split."""
        return np.array([position for position, item in enumerate(self.items) if item.split is split])

    def anchors_of(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Anchors of some pictures, n × 0 where there are none at all."""
        return self.anchors[positions] if len(self.anchors) else np.zeros((len(positions), 0), np.float32)


def build_dataset(items: Sequence[Row | OodPicture], greys: Sequence[Grey], smoothing: float) -> Dataset:
    """Pictures and targets; label smoothing applies to the training split only."""
    targets = make_targets(items)
    learned = np.array([item.split is Split.TRAIN for item in items])[:, np.newaxis]
    return Dataset(items, greys, np.where(learned, soft_labels(targets, smoothing), soft_labels(targets)))


def draw_batches(
    dataset: Dataset, recipe: Recipe, config: Config, stage: Stage, rng: np.random.Generator, done: int
) -> Iterator[Batch]:
    """Sampled batches, prepared in advance, in an order determined by `rng`; skips the first `done`."""
    positions = dataset.positions(Split.TRAIN)
    probabilities = weigh([dataset.items[position] for position in positions], config.balance, stage.shares)
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[Batch]] = deque()
        for step in range(stage.steps):
            drawn, seed = rng.choice(positions, stage.batch, p=probabilities), int(rng.integers(2**62))
            if step < done:
                continue
            waiting.append(pool.submit(draw_batch, dataset, drawn, recipe, seed, stage.strength, stage.degraded))
            if len(waiting) > PREFETCHED:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def weigh(
    items: Sequence[Row | OodPicture], balance: float, shares: tuple[float, float, float] | None
) -> NDArray[np.float64]:
    """Sampling probabilities; `shares` of chest films, hearts and other pictures replace those that `balance` gives."""
    weights = sampling_weights(items, balance)
    if shares is None:
        return weights
    kind = np.array([tuple(Modality).index(item.modality) if isinstance(item, Row) else 2 for item in items])
    totals = np.bincount(kind, weights, minlength=3)
    scaled = weights * np.divide(shares, totals, out=np.zeros(3), where=totals > 0)[kind]
    probabilities: NDArray[np.float64] = scaled / scaled.sum()
    return probabilities


def draw_batch(
    dataset: Dataset,
    positions: NDArray[np.int64],
    recipe: Recipe,
    seed: int | None,
    strength: float = 1.0,
    degraded: float = 0.0,
) -> Batch:
    """Canvases, targets and anchors; with a seed the pictures are corrupted and augmented, and a share `degraded` of
    the upright chest films is damaged as in photographs."""
    expected = np.zeros((len(positions), OUTPUTS + len(CONDITIONS)), np.float32)
    expected[:, :OUTPUTS] = dataset.targets[positions]
    anchors = dataset.anchors_of(positions)
    if seed is None:
        canvases = [draw_canvas(dataset.greys[position], recipe) for position in positions.tolist()]
        return Batch(scale(np.stack(canvases)), expected, np.zeros_like(anchors))
    rng, canvases = np.random.default_rng(seed), []
    for row, position in enumerate(positions.tolist()):
        item = dataset.items[position]
        grey, condition = corrupt_randomly(dataset.greys[position], item, rng, strength)
        share = 0.5 + strength * rng.uniform(-0.5, 0.5)
        upright = condition is Condition.FINE and isinstance(item, Row) and item.modality is Modality.CHEST_XRAY
        grey = degrade_randomly(grey, rng, strength, degraded) if upright else augment(grey, rng, strength)
        canvases.append(draw_canvas(grey, replace(recipe, equalise=share)))
        if condition is not None:
            expected[row, OUTPUTS + CONDITIONS.index(condition)] = 1
        if condition is not Condition.FINE:
            expected[row, ROUTER.stop : OUTPUTS] = 0  # no class target for a corrupted picture
            anchors[row] = 0
    return Batch(scale(np.stack(canvases)), expected, anchors)


def degrade_randomly(grey: Grey, rng: np.random.Generator, strength: float, degraded: float) -> Grey:
    """An augmented chest film, with probability `degraded` in a randomly degraded view."""
    if not degraded or rng.random() >= degraded:
        return augment(grey, rng, strength)
    return view(augment(grey, rng, strength * AUGMENTED), rng)[0]


def corrupt_randomly(
    grey: Grey, item: Row | OodPicture, rng: np.random.Generator, strength: float = 1.0
) -> tuple[Grey, Condition | None]:
    """A randomly corrupted scan and its condition: None for out-of-distribution, FINE for any rotation of a heart."""
    if not isinstance(item, Row):
        return grey, None
    corrupted = rng.random() < CORRUPTED_SHARE * strength
    if item.modality is Modality.CARDIAC_MRI:
        grey = rotate_quarters(grey, int(rng.integers(4)) if rng.random() < strength else 0)
        return (255 - grey, Condition.INVERTED) if corrupted else (grey, Condition.FINE)
    condition = CONDITIONS[int(rng.integers(1, len(CONDITIONS)))] if corrupted else Condition.FINE
    return CORRUPTIONS[condition](grey, rng), condition
