"""Train the segmenter of cardiac slices: one network for each fold, and a last one on every patient."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer

from inference.heart.bundle import SEGMENTER
from ml.data.heart_slices import Grey, Slice, deal_folds, draw_batch, read_slices
from ml.data.loader import read_ood
from ml.data.pictures import read_grey
from ml.data.prepare import read_manifest
from ml.data.samples import Split
from ml.training.heart.config import CONFIG, HeartConfig, NetworkConfig, read_heart_config
from ml.training.heart.network import build_unet, measure_loss
from ml.training.network import Network, Precision, convert
from models.vocabulary import Modality

FILMS: Final = 250  # chest films among the pictures that hold no heart
FOLD: Final = "fold{}.tflite"


def heart_segmenter(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, masks.csv, ood.csv and the pictures")],
    config: Annotated[Path, typer.Option(help="the run's configuration")] = CONFIG,
    run: Annotated[Path, typer.Option(help="where the networks go")] = Path("runs/heart"),
) -> None:
    """Train the heart's segmenter, by fold and as a whole."""
    import keras  # noqa: PLC0415  only training needs it

    own = read_heart_config(config)
    run.mkdir(parents=True, exist_ok=True)
    slices, others = read_slices(data), read_others(data, own.seed)
    folds = deal_folds(slices, own.folds, own.seed)
    for fold in range(own.folds):
        keras.utils.set_random_seed(own.seed + fold)
        network = build_unet(own.network.widths)
        train_network(network, [one for one in slices if folds[one.patient] != fold], others, own, fold)
        (run / FOLD.format(fold)).write_bytes(convert(network, own.network.size, Precision.HALF))
    finish(network, slices, others, own)
    (run / SEGMENTER).write_bytes(convert(network, own.network.size, Precision.HALF))


def read_others(data: Path, seed: int) -> list[Grey]:
    """Pictures without a heart's short axis, of the training split: strangers and chest films."""
    strangers = [one.file for one in read_ood(data / "ood.csv", seed) if one.split is Split.TRAIN]
    rows = read_manifest()
    films = [row.file for row in rows if row.modality is Modality.CHEST_XRAY and row.split is Split.TRAIN]
    drawn = np.random.default_rng(seed).permutation(len(films))[:FILMS]
    return [read_grey(data / file) for file in [*strangers, *(films[place] for place in drawn)]]


def train_network(
    network: Network, slices: Sequence[Slice], others: Sequence[Grey], config: HeartConfig, fold: int
) -> None:
    """From random weights: small views first, then the serving size, in one cosine."""
    own = config.network
    sides = [own.coarse] * own.coarse_steps + [own.size] * own.steps
    run_steps(network, slices, others, sides, own, (own.rate, config.seed + fold))


def finish(network: Network, slices: Sequence[Slice], others: Sequence[Grey], config: HeartConfig) -> None:
    """The last fold's network goes on with every patient; it is served, and measured by the folds' networks alone."""
    own = config.network
    sides = [own.size] * own.last_steps
    run_steps(network, slices, others, sides, own, (own.last_rate, config.seed + config.folds))


def run_steps(
    network: Network,
    slices: Sequence[Slice],
    others: Sequence[Grey],
    sides: Sequence[int],
    config: NetworkConfig,
    rate_and_seed: tuple[float, int],
) -> None:
    """AdamW with a cosine to zero, a step for each of `sides`."""
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    rate, seed = rate_and_seed
    schedule = keras.optimizers.schedules.CosineDecay(rate, len(sides))
    optimizer, rng = keras.optimizers.AdamW(schedule, config.decay), np.random.default_rng(seed)
    optimizer.build(network.trainable_variables)

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def step(views: Any, masks: Any) -> None:  # noqa: ANN401
        with tf.GradientTape() as tape:
            loss = measure_loss(masks, network(views, training=True))
        weights = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    for side in sides:
        step(*map(tf.constant, draw_batch(slices, others, config.batch, side, rng)))
