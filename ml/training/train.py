"""Train the network: read this file from top to bottom."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import ROUTER, SLICES
from inference.model.reading import softmax
from ml.data.loader import Strange, draw_canvases, make_targets, read_strangers, spread, weigh
from ml.data.pictures import read_grey
from ml.data.prepare import Row, Split, hash_manifest, read_manifest
from ml.training.config import Config, describe, read_config
from ml.training.features import extract
from ml.training.fine_tune import make_album, tune
from ml.training.network import Network, build_head, build_trunk, convert, join, measure_loss

CONFIG: Final = Path(__file__).parents[1] / "configs" / "frozen.toml"
CHECKPOINT: Final = "network.weights.h5"
Items = list[Row | Strange]


def train(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    config: Annotated[Path, typer.Option(help="the run's knobs")] = CONFIG,
    run: Annotated[Path, typer.Option(help="where the checkpoint, caches and curves go")] = Path("runs/frozen"),
) -> None:
    """Train the classifier on the committed split."""
    knobs = read_config(config)
    run.mkdir(parents=True, exist_ok=True)
    items: Items = [*read_manifest(), *read_strangers(data / "ood.csv", knobs.seed)]

    features = cache_features(run / "features.npy", data, items, build_trunk(weights), knobs)
    network, history = learn(data, items, features, weights, knobs, run)
    network.save_weights(run / CHECKPOINT)
    facts = {"config": describe(knobs), "split": hash_manifest(), "history": history}
    (run / "run.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def learn(
    data: Path, items: Items, features: NDArray[np.float32], weights: str, knobs: Config, run: Path
) -> tuple[Network, dict[str, Any]]:
    """The head on the frozen trunk's features (a row for each item), then both together, stage by stage."""
    trunk, head = build_trunk(weights), build_head(features.shape[1], knobs.hidden, knobs.dropout, knobs.seed)
    history = fit_head(head, features, items, knobs)
    if knobs.stages:
        album = make_album(items, [read_grey(data / item.file) for item in items], knobs.smoothing)
        history |= tune(trunk, head, album, knobs, run)
    return join(trunk, head), history


def cache_features(cache: Path, data: Path, items: Items, trunk: Network, knobs: Config) -> NDArray[np.float32]:
    """The frozen trunk sees every picture once; a second start goes on from the file."""
    if cache.exists():
        stored: NDArray[np.float32] = np.load(cache)
        return stored
    canvases = draw_canvases(data, [item.file for item in items], knobs.recipe)
    features = extract(convert(trunk, knobs.recipe.size), canvases)
    np.save(cache, features)
    return features


def fit_head(head: Network, features: NDArray[np.float32], items: Items, knobs: Config) -> dict[str, Any]:
    """AdamW on cached features, drawing pictures by the balance that the configuration asks for."""
    import keras  # noqa: PLC0415  only training needs it

    train_items, train_at = select(items, Split.TRAIN)
    _, held_at = select(items, Split.VALIDATION)
    targets = make_targets(items)
    plain, wanted = spread(targets), spread(targets, knobs.smoothing)
    if knobs.distil:
        teacher = build_head(features.shape[1], knobs.hidden, knobs.dropout, knobs.seed)
        fit_head(teacher, features, items, replace(knobs, distil=0.0))
        wanted = (1 - knobs.distil) * wanted + knobs.distil * echo(np.asarray(teacher(features, training=False)), plain)
    dice = np.random.default_rng(knobs.seed)
    drawn = dice.choice(train_at, (knobs.epochs, len(train_at)), p=weigh(train_items, knobs.balance))
    steps = knobs.epochs * math.ceil(len(train_at) / knobs.batch)
    head.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(knobs.rate, steps), knobs.decay),
        loss=measure_loss,
    )
    curve: dict[str, list[float]] = {"loss": [], "validation_loss": []}
    for order in drawn:
        shown = mix(features[order], wanted[order], knobs.mixup, dice)
        seen = head.fit(*shown, batch_size=knobs.batch, verbose=0, shuffle=False)
        curve["loss"].append(float(seen.history["loss"][0]))
        curve["validation_loss"].append(float(head.evaluate(features[held_at], plain[held_at], verbose=0)))
    return curve


def mix(
    features: NDArray[np.float32], wanted: NDArray[np.float32], alpha: float, dice: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mixup (Zhang et al. 2018) on features: each with another, their targets in the same shares; 0 leaves them."""
    if not alpha:
        return features, wanted
    other, share = dice.permutation(len(features)), dice.beta(alpha, alpha, (len(features), 1)).astype(np.float32)
    return share * features + (1 - share) * features[other], share * wanted + (1 - share) * wanted[other]


def echo(logits: NDArray[np.float32], plain: NDArray[np.float32]) -> NDArray[np.float32]:
    """A teacher's answers as targets, in the softmaxes that the picture has a say in (Furlanello et al. 2018)."""
    answers = np.zeros_like(plain)
    for part in (ROUTER, *SLICES.values()):
        answers[:, part] = softmax(logits[:, part]) * plain[:, part].sum(axis=1, keepdims=True)
    return answers


def select(items: Items, split: Split) -> tuple[list[Row | Strange], NDArray[np.int64]]:
    """The items of one split and where they stand."""
    places = [place for place, item in enumerate(items) if item.split is split]
    return [items[place] for place in places], np.array(places)
