"""Fine-tune the last blocks of the trunk on augmented pictures."""

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

from inference.preprocess import Recipe, draw_canvas, scale
from ml.augment import vary
from ml.config import Config, Stage
from ml.data import Strange, make_targets, stack, weigh
from ml.network import Network, join, measure_loss
from ml.prepare import Row, Split

AHEAD = 6  # batches drawn while the network is busy
SMOOTH = 0.99  # momentum of the averaged weights, which are what is kept
Grey = NDArray[np.uint8]
Curve = dict[str, list[float]]
Batch = tuple[NDArray[np.float32], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Album:
    """All pictures in memory, with what they show."""

    items: Sequence[Row | Strange]
    greys: Sequence[Grey]
    targets: NDArray[np.int64]  # n × 2: route, branch

    def places(self, split: Split) -> NDArray[np.int64]:
        """Where the pictures of one split stand."""
        return np.array([place for place, item in enumerate(self.items) if item.split is split])


def make_album(items: Sequence[Row | Strange], greys: Sequence[Grey]) -> Album:
    """Pictures and targets side by side."""
    return Album(items, greys, stack(make_targets(items)))


def tune(trunk: Network, head: Network, album: Album, knobs: Config, run: Path) -> Curve:
    """Run every stage in turn; one at a lower resolution is several times as quick and teaches nearly the same.

    Each finished stage leaves its weights in the run's folder, and a second start goes on from the last of them.
    """
    curve: Curve = {"tuning_loss": [], "tuning_validation_loss": []}
    network = join(trunk, head)
    for number, stage in enumerate(knobs.stages, 1):
        kept, losses = run / f"stage-{number}.weights.h5", run / f"stage-{number}.json"
        if kept.exists() and losses.exists():
            network.load_weights(kept)
            curve = json.loads(losses.read_text(encoding="utf-8"))
            continue
        open_layers(trunk, stage.first)
        run_stage(
            Learner(trunk, head, knobs, stage), album, knobs, stage, np.random.default_rng(knobs.seed + number), curve
        )
        network.save_weights(kept)
        losses.write_text(json.dumps(curve), encoding="utf-8")
    return curve


def open_layers(trunk: Network, first: str) -> None:
    """Layers from the first whose name starts so are trained; all before stay ImageNet's."""
    started = False
    for layer in trunk.layers:
        started = started or layer.name.startswith(first)
        layer.trainable = started
    if not started:
        raise ValueError(f"no layer's name starts with {first!r}")


class Learner:
    """One stage's optimiser around the network; batch norm stays in inference mode."""

    def __init__(self, trunk: Network, head: Network, knobs: Config, stage: Stage) -> None:
        import keras  # noqa: PLC0415  only training needs it
        import tensorflow as tf  # noqa: PLC0415

        self.variables = trunk.trainable_variables + head.trainable_variables
        warm = max(1, stage.steps // 10)
        rate = keras.optimizers.schedules.CosineDecay(
            stage.rate / 10, stage.steps - warm, alpha=0.02, warmup_target=stage.rate, warmup_steps=warm
        )
        self.optimizer = keras.optimizers.AdamW(
            rate, knobs.decay, use_ema=True, ema_momentum=SMOOTH, global_clipnorm=1.0
        )
        self.optimizer.build(self.variables)
        pool = keras.layers.GlobalAveragePooling2D()

        def answer(images: Any, training: bool) -> Any:  # noqa: ANN401  Keras ships no types
            return head(pool(trunk(images, training=False)), training=training)

        def learn(images: Any, wanted: Any) -> Any:  # noqa: ANN401
            with tf.GradientTape() as tape:
                loss = measure_loss(wanted[:, 0], wanted[:, 1], answer(images, True), knobs.smoothing)
            self.optimizer.apply_gradients(zip(tape.gradient(loss, self.variables), self.variables, strict=True))
            return loss

        self.learn = tf.function(learn, reduce_retracing=True)
        self.judge = tf.function(
            lambda images, wanted: measure_loss(wanted[:, 0], wanted[:, 1], answer(images, False), 0.0),
            reduce_retracing=True,
        )

    def settle(self) -> None:
        """Take over the averaged weights."""
        self.optimizer.finalize_variable_values(self.variables)


def run_stage(
    learner: Learner,
    album: Album,
    knobs: Config,
    stage: Stage,
    dice: np.random.Generator,
    curve: Curve,
) -> None:
    """Draw and learn; look at the validation loss a few times on the way."""
    recipe = replace(knobs.recipe, size=stage.size)
    pause, losses, console = max(1, stage.steps // stage.looks), [], Console()
    batches = draw_batches(album, recipe, knobs, stage, dice)
    for step, batch in enumerate(track(batches, f"{stage.first} at {stage.size} px", stage.steps, console=console), 1):
        losses.append(float(learner.learn(*batch)))
        if step % pause == 0:
            curve["tuning_loss"].append(float(np.mean(losses[-pause:])))
            curve["tuning_validation_loss"].append(look_back(learner, album, recipe))
            seen, held = (curve[name][-1] for name in curve)
            console.print(f"step {step} of {stage.steps}: loss {seen:.3f}, validation {held:.3f}")
    learner.settle()


def look_back(learner: Learner, album: Album, recipe: Recipe, batch: int = 64) -> float:
    """The loss over the validation pictures as they are."""
    places = album.places(Split.VALIDATION)
    parts = np.split(places, range(batch, len(places), batch))
    losses = [float(learner.judge(*draw_batch(album, part, recipe, None))) * len(part) for part in parts]
    return float(np.sum(losses) / len(places))


def draw_batches(
    album: Album, recipe: Recipe, knobs: Config, stage: Stage, dice: np.random.Generator
) -> Iterator[Batch]:
    """Batches drawn by the balance, a few ahead of the network, in an order that only the seed decides."""
    places = album.places(Split.TRAIN)
    chances = weigh([album.items[place] for place in places], knobs.balance)
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[Batch]] = deque()
        for _ in range(stage.steps):
            drawn = dice.choice(places, stage.batch, p=chances)
            waiting.append(pool.submit(draw_batch, album, drawn, recipe, int(dice.integers(2**62))))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def draw_batch(album: Album, places: NDArray[np.int64], recipe: Recipe, seed: int | None) -> Batch:
    """Canvases and targets; varied when there is a seed."""
    dice = np.random.default_rng(seed)
    greys = (album.greys[place] if seed is None else vary(album.greys[place], dice) for place in places.tolist())
    return scale(np.stack([draw_canvas(grey, recipe) for grey in greys])), album.targets[places]
