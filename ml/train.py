"""Train the network: read this file from top to bottom."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from ml.config import Config, describe, read_config
from ml.data import Strange, draw_canvases, make_targets, read_strangers, stack, weigh
from ml.features import extract
from ml.network import Network, build_head, build_trunk, convert, join, measure_loss
from ml.pictures import read_grey
from ml.prepare import Row, Split, hash_manifest, read_manifest
from ml.tune import make_album, tune

CONFIG: Final = Path(__file__).parent / "configs" / "frozen.toml"
CHECKPOINT: Final = "network.weights.h5"


def train(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    config: Annotated[Path, typer.Option(help="the run's knobs")] = CONFIG,
    run: Annotated[Path, typer.Option(help="where the checkpoint, caches and curves go")] = Path("runs/frozen"),
) -> None:
    """Train the classifier on the committed split."""
    knobs = read_config(config)
    run.mkdir(parents=True, exist_ok=True)
    items: list[Row | Strange] = [*read_manifest(), *read_strangers(data / "ood.csv", knobs.seed)]

    trunk = build_trunk(weights)
    features = cache_features(run / "features.npy", data, items, trunk, knobs)
    head = build_head(features.shape[1], knobs.hidden, knobs.dropout, knobs.seed)
    history = fit_head(head, features, items, knobs)
    if knobs.stages:
        album = make_album(items, [read_grey(data / item.file) for item in items])
        history |= tune(trunk, head, album, knobs, run)

    join(trunk, head).save_weights(run / CHECKPOINT)
    facts = {"config": describe(knobs), "split": hash_manifest(), "history": history}
    (run / "run.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def cache_features(
    cache: Path, data: Path, items: list[Row | Strange], trunk: Network, knobs: Config
) -> NDArray[np.float32]:
    """The frozen trunk sees every picture once; a second start goes on from the file."""
    if cache.exists():
        stored: NDArray[np.float32] = np.load(cache)
        return stored
    canvases = draw_canvases(data, [item.file for item in items], knobs.recipe)
    features = extract(convert(trunk, knobs.recipe.size), canvases)
    np.save(cache, features)
    return features


def fit_head(head: Network, features: NDArray[np.float32], items: list[Row | Strange], knobs: Config) -> dict[str, Any]:
    """AdamW on cached features, drawing pictures by the balance that the configuration asks for."""
    import keras  # noqa: PLC0415  only training needs it

    train_items, train_at = select(items, Split.TRAIN)
    _, held_at = select(items, Split.VALIDATION)
    targets = stack(make_targets(items))
    drawn = np.random.default_rng(knobs.seed).choice(
        train_at, (knobs.epochs, len(train_at)), p=weigh(train_items, knobs.balance)
    )
    head.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(knobs.rate, drawn.size // knobs.batch), knobs.decay
        ),
        loss=lambda wanted, logits: measure_loss(wanted[:, 0], wanted[:, 1], logits, knobs.smoothing),
    )
    curve: dict[str, list[float]] = {"loss": [], "validation_loss": []}
    for order in drawn:
        seen = head.fit(features[order], targets[order], batch_size=knobs.batch, verbose=0, shuffle=False)
        curve["loss"].append(float(seen.history["loss"][0]))
        curve["validation_loss"].append(float(head.evaluate(features[held_at], targets[held_at], verbose=0)))
    return curve


def select(items: list[Row | Strange], split: Split) -> tuple[list[Row | Strange], NDArray[np.int64]]:
    """The items of one split and where they stand."""
    places = [place for place, item in enumerate(items) if item.split is split]
    return [items[place] for place in places], np.array(places)
