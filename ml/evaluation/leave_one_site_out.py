"""Train without one hospital and read its films: the nearest thing to an outside hospital that our own data allow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import BRANCHES, CHEST, Label, Modality
from inference.model.reading import softmax
from ml.data.loader import draw_canvases, read_strangers
from ml.data.prepare import Row, read_manifest
from ml.evaluation.answers import ask
from ml.evaluation.metrics import Answers, Interval, area, bootstrap
from ml.training.config import read_config
from ml.training.network import build_trunk, convert
from ml.training.train import Items, cache_features, learn

CONFIG: Final = Path(__file__).parents[1] / "configs" / "outside.toml"
HOSPITALS: Final[Mapping[str, str]] = {
    "covid19-radiography-db": "COVID-19 Radiography Database",
    "kermany": "Kermany (children)",
    "nih-chestxray14": "NIH",
    "nih-rsna": "NIH",
}


def outside(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    config: Annotated[Path, typer.Option(help="the run's knobs")] = CONFIG,
    run: Annotated[Path, typer.Option(help="where caches and stages go")] = Path("runs/outside"),
) -> None:
    """Leave out one hospital at a time; print how well its films are told normal from abnormal."""
    knobs = read_config(config)
    run.mkdir(parents=True, exist_ok=True)
    items: Items = [*read_manifest(), *read_strangers(data / "ood.csv", knobs.seed)]
    features = cache_features(run / "features.npy", data, items, build_trunk(weights), knobs)
    typer.echo("| left out | films | AUC, normal against abnormal | 95 % interval |\n|---|---|---|---|")
    for hospital in sorted(set(HOSPITALS.values())):
        films = [item for item in items if isinstance(item, Row) and comes_from(item, hospital)]
        own = set(films)
        kept = [n for n, item in enumerate(items) if item not in own]
        home = run / hospital.partition(" ")[0].lower()
        home.mkdir(exist_ok=True)
        network, _ = learn(data, [items[n] for n in kept], features[kept], weights, knobs, home)
        found = measure_outside(
            convert(network, knobs.recipe.size), films, draw_canvases(data, [film.file for film in films], knobs.recipe)
        )
        typer.echo(f"| {hospital} | {len(films)} | {found.value:.3f} | {found.low:.3f} – {found.high:.3f} |")


def comes_from(row: Row, hospital: str) -> bool:
    """Two sources may be one hospital."""
    return HOSPITALS.get(row.source) == hospital


def measure_outside(model: bytes, films: Sequence[Row], canvases: NDArray[np.uint8]) -> Interval:
    """Area under the curve of "anything but Normal", all of a patient's films drawn together."""
    normal = BRANCHES[Modality.CHEST_XRAY].index(Label.NORMAL)
    abnormal = 1.0 - softmax(ask(model, canvases).logits[:, CHEST])[:, normal]
    truth = np.array([film.label is not Label.NORMAL for film in films], np.int64)
    return bootstrap(
        Answers(truth, truth, abnormal),
        [film.patient for film in films],
        lambda some: area(some.truth, some.confidence),
    )
