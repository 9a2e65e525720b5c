"""Leave-one-site-out validation: train without one hospital and evaluate on its films."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import BRANCHES, CHEST
from inference.model.softmax import softmax
from ml.data.loader import draw_canvases, read_ood
from ml.data.prepare import read_manifest
from ml.data.samples import Row
from ml.evaluation.metrics import Interval, Predictions, bootstrap, roc_auc
from ml.evaluation.outputs import run_model
from ml.training.config import read_config
from ml.training.network import build_backbone, convert
from ml.training.train import Items, cache_features, train_network
from models.vocabulary import Label, Modality

CONFIG: Final = Path(__file__).parents[1] / "configs" / "leave_one_site_out.toml"
HOSPITALS: Final[Mapping[str, str]] = {
    "covid19-radiography-db": "COVID-19 Radiography Database",
    "kermany": "Kermany (children)",
    "nih-chestxray14": "NIH",
    "nih-rsna": "NIH",
}


def leave_one_site_out(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    config: Annotated[Path, typer.Option(help="the configuration of the run")] = CONFIG,
    run: Annotated[Path, typer.Option(help="where caches and stages go")] = Path("runs/outside"),
) -> None:
    """Leave out one hospital at a time; print the AUC of normal against abnormal on its films."""
    run_config = read_config(config)
    run.mkdir(parents=True, exist_ok=True)
    items: Items = [*read_manifest(), *read_ood(data / "ood.csv", run_config.seed)]
    features = cache_features(run / "features.npy", data, items, build_backbone(weights), run_config)
    typer.echo("| left out | films | AUC, normal against abnormal | 95 % interval |\n|---|---|---|---|")
    for hospital in sorted(set(HOSPITALS.values())):
        films = [item for item in items if isinstance(item, Row) and comes_from(item, hospital)]
        own = set(films)
        kept = [n for n, item in enumerate(items) if item not in own]
        home = run / hospital.partition(" ")[0].lower()
        home.mkdir(exist_ok=True)
        network, _ = train_network(data, [items[n] for n in kept], features[kept], weights, run_config, home)
        found = measure_outside(
            convert(network, run_config.recipe.size),
            films,
            draw_canvases(data, [film.file for film in films], run_config.recipe),
        )
        typer.echo(f"| {hospital} | {len(films)} | {found.value:.3f} | {found.low:.3f} – {found.high:.3f} |")


def comes_from(row: Row, hospital: str) -> bool:
    """Whether the row's source belongs to the hospital; several sources may be one hospital."""
    return HOSPITALS.get(row.source) == hospital


def measure_outside(model: bytes, films: Sequence[Row], canvases: NDArray[np.uint8]) -> Interval:
    """AUC of normal against abnormal, with a bootstrap interval by patient."""
    normal = BRANCHES[Modality.CHEST_XRAY].index(Label.NORMAL)
    abnormal = 1.0 - softmax(run_model(model, canvases).logits[:, CHEST])[:, normal]
    truth = np.array([film.label is not Label.NORMAL for film in films], np.int64)
    return bootstrap(
        Predictions(truth, truth, abnormal),
        [film.patient for film in films],
        lambda some: roc_auc(some.truth, some.confidence),
    )
