"""Shortcut tests: border alone, lungs blacked out. See also `ml.evaluation.leave_one_site_out`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import Bundle, default_bundle, load_bundle
from inference.model.preprocess import Recipe, draw_canvas
from ml.data.loader import draw_canvases
from ml.data.pictures import read_grey
from ml.data.prepare import read_manifest
from ml.data.samples import Row, Split
from ml.evaluation.metrics import Predictions, bootstrap, macro_recall
from ml.evaluation.outputs import LABELS, add_second, predict, run_model
from ml.training.network import build_backbone, build_head, convert, join
from models.vocabulary import Modality

BORDER: Final = 0.12  # share of each side that the border-only model sees
TRAINED_ON: Final = 2500


def mask_lungs(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mask the middle of the canvas, where the lungs are; a quarter of the area remains."""
    hidden = canvas.copy()
    height, width = canvas.shape
    hidden[int(height * 0.1) : int(height * 0.9), int(width * 0.03) : int(width * 0.97)] = 0
    return hidden


def keep_border(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mask everything but the border of the canvas."""
    shown = canvas.copy()
    edge = int(len(canvas) * BORDER)
    shown[edge:-edge, edge:-edge] = 0
    return shown


def evaluate_without_lungs(bundle: Bundle, rows: Sequence[Row], greys: Sequence[NDArray[np.uint8]]) -> dict[str, Any]:
    """Evaluate the served model on chest films with masked lungs: accuracy above chance shows shortcuts."""
    blind = [mask_lungs(grey) for grey in greys]
    seen = run_model(bundle.model, np.stack([draw_canvas(grey, bundle.recipe) for grey in blind]))
    predictions = predict(rows, add_second(bundle, blind, seen).logits, bundle.temperatures)
    patients = [row.patient for row in rows]
    sure = predictions.confidence >= bundle.thresholds.uncertain
    return {
        "balanced_accuracy": bootstrap(predictions, patients, macro_recall),
        "chance": 1 / len(set(predictions.truth.tolist())),
        "still_sure": round(float(sure.mean()), 4),
    }


def evaluate_border(model: bytes, rows: Sequence[Row], canvases: NDArray[np.uint8]) -> dict[str, Any]:
    """Evaluate a linear model that only sees the uncropped border: how far the border reveals the class."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only training needs it

    features = run_model(model, np.stack([keep_border(canvas) for canvas in canvases])).features
    train = np.array([n for n, row in enumerate(rows) if row.split is Split.TRAIN])
    held = np.array([n for n, row in enumerate(rows) if row.split is Split.TEST])
    labels = np.array([LABELS.index(row.label) for row in rows])
    probe = LogisticRegression(C=0.01, max_iter=300, class_weight="balanced").fit(features[train], labels[train])
    shares = probe.predict_proba(features[held])
    predictions = Predictions(labels[held], probe.classes_[shares.argmax(axis=1)], shares.max(axis=1))
    return {
        "balanced_accuracy": bootstrap(predictions, [rows[n].patient for n in held], macro_recall),
        "chance": 1 / len(set(labels.tolist())),
    }


def shortcuts(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    bundle: Annotated[Path | None, typer.Option(help="the bundle to test; the newest one if left out")] = None,
) -> None:
    """Measure how much the model could learn from shortcuts instead of pathology."""
    loaded = load_bundle(bundle or default_bundle())
    chests = [row for row in read_manifest() if row.modality is Modality.CHEST_XRAY]
    held = [row for row in chests if row.split is Split.TEST]
    typer.echo(
        f"lungs blacked out: {evaluate_without_lungs(loaded, held, [read_grey(data / row.file) for row in held])}"
    )

    size = loaded.recipe.size
    backbone = build_backbone(weights, size)
    frozen = convert(join(backbone, build_head(backbone.output_shape[-1], 8, 0.0, 1)), size)
    rng = np.random.default_rng(1)
    some = [chests[n] for n in rng.choice(len(chests), TRAINED_ON, replace=False)] + held
    some = list(dict.fromkeys(some))
    for name, recipe in (("as the films come", Recipe(size)), ("as served", loaded.recipe)):
        typer.echo(f"border alone, {name}: {evaluate_border(frozen, some, draw_canvases(data, files(some), recipe))}")


def files(rows: Sequence[Row]) -> list[str]:
    """The file names of the rows."""
    return [row.file for row in rows]
