"""Compare recipes on the validation split, each with several seeds, on cached ImageNet features."""

from collections.abc import Mapping
from dataclasses import astuple, replace
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import Temperatures
from inference.model.preprocess import Recipe
from ml.data.loader import OodPicture, make_targets, read_ood
from ml.data.prepare import read_manifest
from ml.data.samples import Row, Split
from ml.evaluation.metrics import accuracy, bootstrap, calibration_error, macro_recall
from ml.evaluation.outputs import predict
from ml.training.calibrate import fit_branches, logit_offsets
from ml.training.config import Config, read_config
from ml.training.network import build_backbone, build_head
from ml.training.train import CONFIG, cache_features, fit_head

SEEDS: Final = (1, 2, 3)
PLAIN: Final = Recipe()


def recipes(base: Config) -> Mapping[str, Config]:
    """Compared configurations; each differs from the frozen baseline in one parameter."""
    return {
        "frozen, as configured": base,
        "frozen, no shortcut preprocessing": replace(base, recipe=PLAIN),
        "frozen, not equalised": replace(base, recipe=replace(base.recipe, equalise=0.0)),
        "frozen, 12 % border cut": replace(base, recipe=replace(base.recipe, crop=0.12)),
        "frozen, sources fully balanced": replace(base, balance=1.0),
        "frozen, as the sources come": replace(base, balance=0.0),
        "frozen, label smoothing 0.1": replace(base, smoothing=0.1),
        "frozen, mixup 0.4": replace(base, mixup=0.4),
        "frozen, self-distillation 0.5": replace(base, distil=0.5),
    }


def compare(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    config: Annotated[Path, typer.Option(help="the baseline")] = CONFIG,
    run: Annotated[Path, typer.Option(help="where features are cached")] = Path("runs/compare"),
) -> None:
    """Print a Markdown table of recipes: mean over seeds, spread, and the patients' interval of the first seed."""
    base = read_config(config)
    items: list[Row | OodPicture] = [*read_manifest(), *read_ood(data / "ood.csv", base.seed)]
    run.mkdir(parents=True, exist_ok=True)
    backbone = build_backbone(weights)
    typer.echo(
        "| recipe | accuracy (seeds) | 95 % interval | macro recall | calibration error |\n|---|---|---|---|---|"
    )
    for name, run_config in recipes(base).items():
        cache = run / f"features-{'-'.join(map(str, astuple(run_config.recipe)))}.npy"
        features = cache_features(cache, data, items, backbone, run_config)
        typer.echo(f"| {name} | {compare_seeds(features, items, run_config)} |")


def compare_seeds(features: NDArray[np.float32], items: list[Row | OodPicture], config: Config) -> str:
    """One row of the table: mean and standard deviation over the seeds."""
    held = np.array([n for n, item in enumerate(items) if item.split is Split.VALIDATION])
    own = [items[n] for n in held]
    scans = np.array([n for n, item in enumerate(own) if isinstance(item, Row)])
    rows = [item for item in own if isinstance(item, Row)]
    figures, interval = [], None
    for seed in SEEDS:
        head = build_head(features.shape[1], config.hidden, config.dropout, seed)
        fit_head(head, features, items, replace(config, seed=seed))
        logits = np.asarray(head(features[held], training=False))
        scalings = fit_branches(logits, make_targets(own))
        temperatures = Temperatures(**{name: one.temperature for name, one in scalings.items()})
        predictions = predict(rows, (logits + logit_offsets(scalings))[scans], temperatures)
        figures.append((accuracy(predictions), macro_recall(predictions), calibration_error(predictions)))
        interval = interval or bootstrap(predictions, [row.patient for row in rows], accuracy)
    mean, spread = np.mean(figures, axis=0), np.std(figures, axis=0)
    assert interval is not None
    shown = " | ".join(f"{mean[n]:.3f} ± {spread[n]:.3f}" for n in (1, 2))
    return f"{mean[0]:.3f} ± {spread[0]:.3f} | {interval.low:.3f} – {interval.high:.3f} | {shown}"
