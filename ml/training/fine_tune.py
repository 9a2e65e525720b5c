"""Fine-tune the last blocks of the backbone on augmented pictures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from inference.model.image_quality import CONDITIONS
from inference.model.preprocess import Recipe
from ml.data.batches import NO_ANCHORS, Dataset, draw_batch, draw_batches
from ml.data.samples import Split
from ml.training.config import Config, Stage
from ml.training.network import Network, join, measure_loss

EMA_MOMENTUM: Final = 0.99  # of the averaged weights, which are the result
LEAST_SPREAD: Final = 0.05  # of a channel, in which the distance from the anchors is measured
Values = NDArray[np.float32]
Curve = dict[str, list[float]]


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
        curve = run_stage(StageTrainer(backbone, head, config, stage, dataset.anchors), dataset, rng, curve, paused)
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


def measure_spread(anchors: Values) -> Values:
    """The deviation of each channel over the anchored films; 1 without any."""
    anchored = anchors[anchors.any(axis=1)] if anchors.size else anchors
    return anchored.std(axis=0) + np.float32(LEAST_SPREAD) if len(anchored) else np.ones(1, np.float32)


def measure_drift(features: Any, wanted: Any, spread: Any) -> Any:  # noqa: ANN401  Keras ships no types
    """Mean squared distance, in deviations, of the features from those wanted; rows of zeros want none."""
    import tensorflow as tf  # noqa: PLC0415  only training needs it

    anchored = tf.cast(tf.reduce_any(wanted != 0, 1), tf.float32)
    distance = tf.reduce_mean(tf.square((features - wanted) / spread), 1)
    return tf.reduce_sum(anchored * distance) / tf.maximum(tf.reduce_sum(anchored), 1.0)


class StageTrainer:
    """Optimiser and training step of one stage; batch norm stays in inference mode.

    An auxiliary output predicts the picture's condition, so that the gate's linear probe finds it in the features.
    """

    def __init__(
        self, backbone: Network, head: Network, config: Config, stage: Stage, anchors: Values = NO_ANCHORS
    ) -> None:
        import keras  # noqa: PLC0415  only training needs it
        import tensorflow as tf  # noqa: PLC0415

        self.config, self.stage = config, stage
        spread = tf.constant(measure_spread(anchors))
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

        def measure(images: Any, expected: Any, wanted: Any, training: bool) -> Any:  # noqa: ANN401  Keras ships no types
            features = pool(backbone(images, training=False))
            loss = measure_loss(expected, tf.concat([head(features, training=training), probe(features)], 1))
            return loss + stage.anchor * measure_drift(features, wanted, spread) if training and stage.anchor else loss

        def training_step(images: Any, expected: Any, wanted: Any) -> Any:  # noqa: ANN401
            with tf.GradientTape() as tape:
                loss = measure(images, expected, wanted, True)
            self.optimizer.apply_gradients(zip(tape.gradient(loss, self.variables), self.variables, strict=True))
            return loss

        self.training_step = tf.function(training_step, reduce_retracing=True)
        self.validation_step = tf.function(
            lambda images, expected, wanted: measure(images, expected, wanted, False), reduce_retracing=True
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
