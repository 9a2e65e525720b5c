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

from inference.model.bundle import OUTPUTS, ROUTER, Modality
from inference.model.image_quality import CONDITIONS, Condition
from inference.model.preprocess import Recipe, draw_canvas, scale
from ml.data.augment import vary
from ml.data.faults import SPOILERS, turn
from ml.data.loader import Strange, make_targets, spread, weigh
from ml.data.prepare import Row, Split
from ml.training.config import Config, Stage
from ml.training.network import Network, join, measure_loss

AHEAD = 6  # batches drawn while the network is busy
SMOOTH = 0.99  # momentum of the averaged weights, which are what is kept
SPOILT = 0.25  # share of the scans, at full strength, that are shown lying, inverted, cut or from a screen
Grey = NDArray[np.uint8]
Curve = dict[str, list[float]]
Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Album:
    """All pictures in memory, with what they show."""

    items: Sequence[Row | Strange]
    greys: Sequence[Grey]
    targets: NDArray[np.float32]  # n × OUTPUTS

    def places(self, split: Split) -> NDArray[np.int64]:
        """Where the pictures of one split stand."""
        return np.array([place for place, item in enumerate(self.items) if item.split is split])


def make_album(items: Sequence[Row | Strange], greys: Sequence[Grey], smoothing: float) -> Album:
    """Pictures and targets side by side; only what is learned from is smoothed."""
    targets = make_targets(items)
    learned = np.array([item.split is Split.TRAIN for item in items])[:, np.newaxis]
    return Album(items, greys, np.where(learned, spread(targets, smoothing), spread(targets)))


def tune(trunk: Network, head: Network, album: Album, knobs: Config, run: Path) -> Curve:
    """Run every stage in turn; one at a lower resolution is several times as quick and teaches nearly the same.

    Each look leaves the learner's state in the run's folder, each finished stage its weights, and a second start goes
    on from the last of them.
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
        dice = np.random.default_rng(knobs.seed + number)
        paused = run / f"stage-{number}.npz"
        curve = run_stage(Learner(trunk, head, knobs, stage), album, dice, curve, paused)
        network.save_weights(kept)
        losses.write_text(json.dumps(curve), encoding="utf-8")
        paused.unlink(missing_ok=True)
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
    """One stage's optimiser around the network; batch norm stays in inference mode.

    Besides the ten answers the features have to tell how a picture lies: the gate's probe reads it from them.
    """

    def __init__(self, trunk: Network, head: Network, knobs: Config, stage: Stage) -> None:
        import keras  # noqa: PLC0415  only training needs it
        import tensorflow as tf  # noqa: PLC0415

        self.knobs, self.stage = knobs, stage
        probe = keras.layers.Dense(len(CONDITIONS))
        probe.build((None, trunk.output_shape[-1]))
        self.variables = trunk.trainable_variables + head.trainable_variables + probe.trainable_variables
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
            features = pool(trunk(images, training=False))
            return tf.concat([head(features, training=training), probe(features)], 1)

        def learn(images: Any, wanted: Any) -> Any:  # noqa: ANN401
            with tf.GradientTape() as tape:
                loss = measure_loss(wanted, answer(images, True))
            self.optimizer.apply_gradients(zip(tape.gradient(loss, self.variables), self.variables, strict=True))
            return loss

        self.learn = tf.function(learn, reduce_retracing=True)
        self.judge = tf.function(
            lambda images, wanted: measure_loss(wanted, answer(images, False)), reduce_retracing=True
        )

    def pause(self, path: Path, step: int, curve: Curve) -> None:
        """Keep everything that learning goes on from; the old file stands until the new one is whole."""
        values = [np.asarray(variable) for variable in (*self.variables, *self.optimizer.variables)]
        fresh = path.with_suffix(".new.npz")
        np.savez(fresh, *values, step=step, curve=json.dumps(curve))
        fresh.replace(path)

    def resume(self, path: Path, curve: Curve) -> tuple[int, Curve]:
        """Take up what `pause` kept: the steps done and the losses seen."""
        if not path.exists():
            return 0, curve
        with np.load(path) as kept:
            for place, variable in enumerate((*self.variables, *self.optimizer.variables)):
                variable.assign(kept[f"arr_{place}"])
            return int(kept["step"]), json.loads(str(kept["curve"]))

    def settle(self) -> None:
        """Take over the averaged weights."""
        self.optimizer.finalize_variable_values(self.variables)


def run_stage(learner: Learner, album: Album, dice: np.random.Generator, curve: Curve, paused: Path) -> Curve:
    """Draw and learn; look at the validation loss a few times on the way."""
    knobs, stage = learner.knobs, learner.stage
    recipe = replace(knobs.recipe, size=stage.size)
    between, losses, console = max(1, stage.steps // stage.looks), [], Console()
    done, curve = learner.resume(paused, curve)
    batches = draw_batches(album, recipe, knobs, stage, dice, done)
    title = f"{stage.first} at {stage.size} px"
    for step, batch in enumerate(track(batches, title, stage.steps, completed=done, console=console), done + 1):
        losses.append(float(learner.learn(*batch)))
        if step % between == 0:
            curve["tuning_loss"].append(float(np.mean(losses[-between:])))
            curve["tuning_validation_loss"].append(look_back(learner, album, recipe))
            seen, held = (curve[name][-1] for name in curve)
            console.print(f"step {step} of {stage.steps}: loss {seen:.3f}, validation {held:.3f}")
            learner.pause(paused, step, curve)
    learner.settle()
    return curve


def look_back(learner: Learner, album: Album, recipe: Recipe, batch: int = 64) -> float:
    """The loss over the validation pictures as they are."""
    places = album.places(Split.VALIDATION)
    parts = np.split(places, range(batch, len(places), batch))
    losses = [float(learner.judge(*draw_batch(album, part, recipe, None))) * len(part) for part in parts]
    return float(np.sum(losses) / len(places))


def draw_batches(
    album: Album, recipe: Recipe, knobs: Config, stage: Stage, dice: np.random.Generator, done: int
) -> Iterator[Batch]:
    """Batches drawn by the balance, a few ahead of the network, in an order that only the seed decides; the first
    `done` are passed over."""
    places = album.places(Split.TRAIN)
    chances = weigh([album.items[place] for place in places], knobs.balance)
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[Batch]] = deque()
        for step in range(stage.steps):
            drawn, seed = dice.choice(places, stage.batch, p=chances), int(dice.integers(2**62))
            if step < done:
                continue
            waiting.append(pool.submit(draw_batch, album, drawn, recipe, seed, stage.strength))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def draw_batch(
    album: Album, places: NDArray[np.int64], recipe: Recipe, seed: int | None, strength: float = 1.0
) -> Batch:
    """Canvases and what is wanted of them (n × OUTPUTS and conditions); with a seed each is laid, varied and equalised
    by dice of its own."""
    wanted = np.zeros((len(places), OUTPUTS + len(CONDITIONS)), np.float32)
    wanted[:, :OUTPUTS] = album.targets[places]
    if seed is None:
        return scale(np.stack([draw_canvas(album.greys[place], recipe) for place in places.tolist()])), wanted
    dice, canvases = np.random.default_rng(seed), []
    for row, place in enumerate(places.tolist()):
        grey, condition = lay(album.greys[place], album.items[place], dice, strength)
        share = 0.5 + strength * dice.uniform(-0.5, 0.5)
        canvases.append(draw_canvas(vary(grey, dice, strength), replace(recipe, equalise=share)))
        if condition is not None:
            wanted[row, OUTPUTS + CONDITIONS.index(condition)] = 1
        if condition is not Condition.FINE:
            wanted[row, ROUTER.stop : OUTPUTS] = 0  # what lies wrong has no diagnosis
    return scale(np.stack(canvases)), wanted


def lay(
    grey: Grey, item: Row | Strange, dice: np.random.Generator, strength: float = 1.0
) -> tuple[Grey, Condition | None]:
    """A scan as it might come, and its condition. A heart is fine whichever way it lies; what is no scan has none."""
    if not isinstance(item, Row):
        return grey, None
    spoilt = dice.random() < SPOILT * strength
    if item.modality is Modality.CARDIAC_MRI:
        grey = turn(grey, int(dice.integers(4)) if dice.random() < strength else 0)
        return (255 - grey, Condition.INVERTED) if spoilt else (grey, Condition.FINE)
    condition = CONDITIONS[int(dice.integers(1, len(CONDITIONS)))] if spoilt else Condition.FINE
    return SPOILERS[condition](grey, dice), condition
