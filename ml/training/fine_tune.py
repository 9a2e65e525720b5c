"""Fine-tune the last blocks of the backbone on augmented pictures."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from inference.model.bundle import OUTPUTS, ROUTER
from inference.model.image_quality import CONDITIONS, Condition
from inference.model.preprocess import Recipe, draw_canvas, scale
from ml.data.augment import augment
from ml.data.corruptions import CORRUPTIONS, rotate_quarters
from ml.data.loader import OodPicture, make_targets, sampling_weights, soft_labels
from ml.data.samples import Row, Split
from ml.training.config import Config, Stage
from ml.training.network import Network, join, measure_loss
from models.vocabulary import Modality

PREFETCHED = 6  # batches prepared in advance
EMA_MOMENTUM = 0.99  # of the averaged weights, which are the result
CORRUPTED_SHARE = 0.25  # share of the scans shown rotated, inverted, cut or as a screen photo, at full strength
Grey = NDArray[np.uint8]
Curve = dict[str, list[float]]
Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Dataset:
    """All pictures in memory, with their targets."""

    items: Sequence[Row | OodPicture]
    greys: Sequence[Grey]
    targets: NDArray[np.float32]  # n × OUTPUTS

    def positions(self, split: Split) -> NDArray[np.int64]:
        """Indices of the pictures of one split."""
        return np.array([position for position, item in enumerate(self.items) if item.split is split])


def build_dataset(items: Sequence[Row | OodPicture], greys: Sequence[Grey], smoothing: float) -> Dataset:
    """Pictures and targets; label smoothing applies to the training split only."""
    targets = make_targets(items)
    learned = np.array([item.split is Split.TRAIN for item in items])[:, np.newaxis]
    return Dataset(items, greys, np.where(learned, soft_labels(targets, smoothing), soft_labels(targets)))


def fine_tune(backbone: Network, head: Network, dataset: Dataset, config: Config, run: Path) -> Curve:
    """Run every stage; a stage at lower resolution is several times faster and nearly as good.

    The state is saved at each validation and the weights after each stage; an interrupted run resumes from them.
    """
    curve: Curve = {"tuning_loss": [], "tuning_validation_loss": []}
    network = join(backbone, head)
    for number, stage in enumerate(config.stages, 1):
        kept, losses = run / f"stage-{number}.weights.h5", run / f"stage-{number}.json"
        if kept.exists() and losses.exists():
            network.load_weights(kept)
            curve = json.loads(losses.read_text(encoding="utf-8"))
            continue
        open_layers(backbone, stage.first)
        rng = np.random.default_rng(config.seed + number)
        paused = run / f"stage-{number}.npz"
        curve = run_stage(StageTrainer(backbone, head, config, stage), dataset, rng, curve, paused)
        network.save_weights(kept)
        losses.write_text(json.dumps(curve), encoding="utf-8")
        paused.unlink(missing_ok=True)
    return curve


def open_layers(backbone: Network, first: str) -> None:
    """Make the layers from the first with this name prefix trainable. Raises ValueError when there is none."""
    started = False
    for layer in backbone.layers:
        started = started or layer.name.startswith(first)
        layer.trainable = started
    if not started:
        raise ValueError(f"no layer's name starts with {first!r}")


class StageTrainer:
    """Optimiser and training step of one stage; batch norm stays in inference mode.

    An auxiliary output predicts the picture's condition, so that the gate's linear probe finds it in the features.
    """

    def __init__(self, backbone: Network, head: Network, config: Config, stage: Stage) -> None:
        import keras  # noqa: PLC0415  only training needs it
        import tensorflow as tf  # noqa: PLC0415

        self.config, self.stage = config, stage
        probe = keras.layers.Dense(len(CONDITIONS))
        probe.build((None, backbone.output_shape[-1]))
        self.variables = backbone.trainable_variables + head.trainable_variables + probe.trainable_variables
        warm = max(1, stage.steps // 10)
        rate = keras.optimizers.schedules.CosineDecay(
            stage.rate / 10, stage.steps - warm, alpha=0.02, warmup_target=stage.rate, warmup_steps=warm
        )
        self.optimizer = keras.optimizers.AdamW(
            rate, config.decay, use_ema=True, ema_momentum=EMA_MOMENTUM, global_clipnorm=1.0
        )
        self.optimizer.build(self.variables)
        pool = keras.layers.GlobalAveragePooling2D()

        def answer(images: Any, training: bool) -> Any:  # noqa: ANN401  Keras ships no types
            features = pool(backbone(images, training=False))
            return tf.concat([head(features, training=training), probe(features)], 1)

        def training_step(images: Any, expected: Any) -> Any:  # noqa: ANN401
            with tf.GradientTape() as tape:
                loss = measure_loss(expected, answer(images, True))
            self.optimizer.apply_gradients(zip(tape.gradient(loss, self.variables), self.variables, strict=True))
            return loss

        self.training_step = tf.function(training_step, reduce_retracing=True)
        self.validation_step = tf.function(
            lambda images, expected: measure_loss(expected, answer(images, False)), reduce_retracing=True
        )

    def pause(self, path: Path, step: int, curve: Curve) -> None:
        """Save the training state atomically."""
        values = [np.asarray(variable) for variable in (*self.variables, *self.optimizer.variables)]
        fresh = path.with_suffix(".new.npz")
        np.savez(fresh, *values, step=step, curve=json.dumps(curve))
        fresh.replace(path)

    def resume(self, path: Path, curve: Curve) -> tuple[int, Curve]:
        """Restore the state saved by `pause`; returns the steps done and the loss curve."""
        if not path.exists():
            return 0, curve
        with np.load(path) as kept:
            for position, variable in enumerate((*self.variables, *self.optimizer.variables)):
                variable.assign(kept[f"arr_{position}"])
            return int(kept["step"]), json.loads(str(kept["curve"]))

    def use_averaged_weights(self) -> None:
        """Replace the weights by their moving average."""
        self.optimizer.finalize_variable_values(self.variables)


def run_stage(trainer: StageTrainer, dataset: Dataset, rng: np.random.Generator, curve: Curve, paused: Path) -> Curve:
    """Train one stage, measuring the validation loss `stage.looks` times."""
    config, stage = trainer.config, trainer.stage
    recipe = replace(config.recipe, size=stage.size)
    between, losses, console = max(1, stage.steps // stage.looks), [], Console()
    done, curve = trainer.resume(paused, curve)
    batches = draw_batches(dataset, recipe, config, stage, rng, done)
    title = f"{stage.first} at {stage.size} px"
    for step, batch in enumerate(track(batches, title, stage.steps, completed=done, console=console), done + 1):
        losses.append(float(trainer.training_step(*batch)))
        if step % between == 0:
            curve["tuning_loss"].append(float(np.mean(losses[-between:])))
            curve["tuning_validation_loss"].append(measure_validation_loss(trainer, dataset, recipe))
            seen, held = (curve[name][-1] for name in curve)
            console.print(f"step {step} of {stage.steps}: loss {seen:.3f}, validation {held:.3f}")
            trainer.pause(paused, step, curve)
    trainer.use_averaged_weights()
    return curve


def measure_validation_loss(trainer: StageTrainer, dataset: Dataset, recipe: Recipe, batch: int = 64) -> float:
    """The loss over the validation pictures, without augmentation."""
    positions = dataset.positions(Split.VALIDATION)
    parts = np.split(positions, range(batch, len(positions), batch))
    losses = [float(trainer.validation_step(*draw_batch(dataset, part, recipe, None))) * len(part) for part in parts]
    return float(np.sum(losses) / len(positions))


def draw_batches(
    dataset: Dataset, recipe: Recipe, config: Config, stage: Stage, rng: np.random.Generator, done: int
) -> Iterator[Batch]:
    """Sampled batches, prepared in advance, in an order determined by `rng`; skips the first `done`."""
    positions = dataset.positions(Split.TRAIN)
    probabilities = sampling_weights([dataset.items[position] for position in positions], config.balance)
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[Batch]] = deque()
        for step in range(stage.steps):
            drawn, seed = rng.choice(positions, stage.batch, p=probabilities), int(rng.integers(2**62))
            if step < done:
                continue
            waiting.append(pool.submit(draw_batch, dataset, drawn, recipe, seed, stage.strength))
            if len(waiting) > PREFETCHED:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def draw_batch(
    dataset: Dataset, positions: NDArray[np.int64], recipe: Recipe, seed: int | None, strength: float = 1.0
) -> Batch:
    """Canvases and targets (n × (OUTPUTS + conditions)); with a seed the pictures are corrupted and augmented."""
    expected = np.zeros((len(positions), OUTPUTS + len(CONDITIONS)), np.float32)
    expected[:, :OUTPUTS] = dataset.targets[positions]
    if seed is None:
        return scale(
            np.stack([draw_canvas(dataset.greys[position], recipe) for position in positions.tolist()])
        ), expected
    rng, canvases = np.random.default_rng(seed), []
    for row, position in enumerate(positions.tolist()):
        grey, condition = corrupt_randomly(dataset.greys[position], dataset.items[position], rng, strength)
        share = 0.5 + strength * rng.uniform(-0.5, 0.5)
        canvases.append(draw_canvas(augment(grey, rng, strength), replace(recipe, equalise=share)))
        if condition is not None:
            expected[row, OUTPUTS + CONDITIONS.index(condition)] = 1
        if condition is not Condition.FINE:
            expected[row, ROUTER.stop : OUTPUTS] = 0  # no class target for a corrupted picture
    return scale(np.stack(canvases)), expected


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
