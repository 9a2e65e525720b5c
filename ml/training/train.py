"""Train the network: the head on cached features, then fine-tuning by stages."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import ROUTER, SLICES, Bundle, load_bundle
from inference.model.softmax import softmax
from ml.data.batches import build_dataset
from ml.data.loader import OodPicture, draw_canvases, make_targets, read_ood, sampling_weights, soft_labels
from ml.data.pictures import read_grey
from ml.data.prepare import hash_manifest, read_manifest
from ml.data.samples import Row, Split
from ml.training.config import Config, describe, read_config
from ml.training.continue_bundle import find_anchors, restore_served
from ml.training.features import extract
from ml.training.fine_tune import fine_tune
from ml.training.network import Network, build_backbone, build_head, convert, join, measure_loss

CONFIG: Final = Path(__file__).parents[1] / "configs" / "frozen.toml"
CHECKPOINT: Final = "network.weights.h5"
Items = list[Row | OodPicture]


def train(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    weights: Annotated[
        str | None, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")
    ] = None,
    bundle: Annotated[Path | None, typer.Option(help="go on from this bundle's first network instead")] = None,
    config: Annotated[Path, typer.Option(help="the configuration of the run")] = CONFIG,
    run: Annotated[Path, typer.Option(help="where the checkpoint, caches and curves go")] = Path("runs/frozen"),
) -> None:
    """Train the classifier on the committed split."""
    run_config = read_config(config)
    run.mkdir(parents=True, exist_ok=True)
    items: Items = [*read_manifest(), *read_ood(data / "ood.csv", run_config.seed)]

    if bundle is not None:
        network, history = continue_network(data, items, load_bundle(bundle), run_config, run)
    elif weights is not None:
        features = cache_features(run / "features.npy", data, items, build_backbone(weights), run_config)
        network, history = train_network(data, items, features, weights, run_config, run)
    else:
        raise typer.BadParameter("name ImageNet weights with --weights, or a bundle to go on from with --bundle")
    network.save_weights(run / CHECKPOINT)
    facts = {"config": describe(run_config), "split": hash_manifest(), "history": history}
    (run / "run.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def train_network(
    data: Path, items: Items, features: NDArray[np.float32], weights: str, config: Config, run: Path
) -> tuple[Network, dict[str, Any]]:
    """Train the head on the frozen backbone's features (a row per item), then both, stage by stage."""
    backbone, head = (
        build_backbone(weights),
        build_head(features.shape[1], config.hidden, config.dropout, config.seed),
    )
    history = fit_head(head, features, items, config)
    if config.stages:
        dataset = build_dataset(items, [read_grey(data / item.file) for item in items], config.smoothing)
        history |= fine_tune(backbone, head, dataset, config, run)
    return join(backbone, head), history


def continue_network(
    data: Path, items: Items, bundle: Bundle, config: Config, run: Path
) -> tuple[Network, dict[str, Any]]:
    """Fine-tune a bundle's first network further; chest films are anchored at the features that they have in it."""
    backbone, head = restore_served(bundle, config.dropout)
    greys = [read_grey(data / item.file) for item in items]
    dataset = build_dataset(items, greys, config.smoothing)
    if any(stage.anchor for stage in config.stages):
        dataset = replace(dataset, anchors=find_anchors(bundle, items, greys))
    history = fine_tune(backbone, head, dataset, config, run)
    return join(backbone, head), history


def cache_features(cache: Path, data: Path, items: Items, backbone: Network, config: Config) -> NDArray[np.float32]:
    """Features of the frozen backbone for every picture, cached in a file."""
    if cache.exists():
        stored: NDArray[np.float32] = np.load(cache)
        return stored
    canvases = draw_canvases(data, [item.file for item in items], config.recipe)
    features = extract(convert(backbone, config.recipe.size), canvases)
    np.save(cache, features)
    return features


def fit_head(head: Network, features: NDArray[np.float32], items: Items, config: Config) -> dict[str, Any]:
    """Train the head with AdamW on cached features; returns the loss curves."""
    import keras  # noqa: PLC0415  only training needs it

    train_items, train_at = select(items, Split.TRAIN)
    _, held_at = select(items, Split.VALIDATION)
    targets = make_targets(items)
    plain, expected = soft_labels(targets), soft_labels(targets, config.smoothing)
    if config.distil:
        teacher = build_head(features.shape[1], config.hidden, config.dropout, config.seed)
        fit_head(teacher, features, items, replace(config, distil=0.0))
        expected = (1 - config.distil) * expected + config.distil * soft_targets(
            np.asarray(teacher(features, training=False)), plain
        )
    rng = np.random.default_rng(config.seed)
    drawn = rng.choice(train_at, (config.epochs, len(train_at)), p=sampling_weights(train_items, config.balance))
    steps = config.epochs * math.ceil(len(train_at) / config.batch)
    head.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(config.rate, steps), config.decay),
        loss=measure_loss,
    )
    curve: dict[str, list[float]] = {"loss": [], "validation_loss": []}
    for order in drawn:
        shown = mix(features[order], expected[order], config.mixup, rng)
        seen = head.fit(*shown, batch_size=config.batch, verbose=0, shuffle=False)
        curve["loss"].append(float(seen.history["loss"][0]))
        curve["validation_loss"].append(float(head.evaluate(features[held_at], plain[held_at], verbose=0)))
    return curve


def mix(
    features: NDArray[np.float32], expected: NDArray[np.float32], alpha: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mixup of features and targets (Zhang et al. 2018); `alpha` 0 changes nothing."""
    if not alpha:
        return features, expected
    other, share = rng.permutation(len(features)), rng.beta(alpha, alpha, (len(features), 1)).astype(np.float32)
    return share * features + (1 - share) * features[other], share * expected + (1 - share) * expected[other]


def soft_targets(logits: NDArray[np.float32], plain: NDArray[np.float32]) -> NDArray[np.float32]:
    """A teacher's probabilities as targets, in the softmaxes that apply (Furlanello et al. 2018)."""
    predictions = np.zeros_like(plain)
    for part in (ROUTER, *SLICES.values()):
        predictions[:, part] = softmax(logits[:, part]) * plain[:, part].sum(axis=1, keepdims=True)
    return predictions


def select(items: Items, split: Split) -> tuple[list[Row | OodPicture], NDArray[np.int64]]:
    """The items of one split and their indices."""
    positions = [position for position, item in enumerate(items) if item.split is split]
    return [items[position] for position in positions], np.array(positions)
