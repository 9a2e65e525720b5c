"""Shortcut tests: border alone, lungs blacked out. See also `ml.evaluation.leave_one_site_out`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import Bundle, Modality, default_bundle, load_bundle
from inference.model.preprocess import Recipe, draw_canvas
from ml.data.loader import draw_canvases
from ml.data.pictures import read_grey
from ml.data.prepare import Row, Split, read_manifest
from ml.evaluation.answers import LABELS, add_second, ask, judge
from ml.evaluation.metrics import Answers, bootstrap, macro_recall
from ml.training.network import build_head, build_trunk, convert, join

BORDER: Final = 0.12  # share of each side that the border-only model sees
TRAINED_ON: Final = 2500


def hide_lungs(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The canvas with a black box over the middle, where the lungs are; a quarter of the area stays."""
    hidden = canvas.copy()
    height, width = canvas.shape
    hidden[int(height * 0.1) : int(height * 0.9), int(width * 0.03) : int(width * 0.97)] = 0
    return hidden


def show_border(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The canvas with nothing but its border."""
    shown = canvas.copy()
    edge = int(len(canvas) * BORDER)
    shown[edge:-edge, edge:-edge] = 0
    return shown


def black_out(bundle: Bundle, rows: Sequence[Row], greys: Sequence[NDArray[np.uint8]]) -> dict[str, Any]:
    """The served model on chest films whose lungs are blacked out: whatever it still knows is no disease."""
    blind = [hide_lungs(grey) for grey in greys]
    seen = ask(bundle.model, np.stack([draw_canvas(grey, bundle.recipe) for grey in blind]))
    answers = judge(rows, add_second(bundle, blind, seen).logits, bundle.temperatures)
    patients = [row.patient for row in rows]
    sure = answers.confidence >= bundle.thresholds.uncertain
    return {
        "balanced_accuracy": bootstrap(answers, patients, macro_recall),
        "chance": 1 / len(set(answers.truth.tolist())),
        "still_sure": round(float(sure.mean()), 4),
    }


def read_border(model: bytes, rows: Sequence[Row], canvases: NDArray[np.uint8]) -> dict[str, Any]:
    """A model that sees the border alone, without the crop that serving makes: how much the source gives away."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only training needs it

    features = ask(model, np.stack([show_border(canvas) for canvas in canvases])).features
    train = np.array([n for n, row in enumerate(rows) if row.split is Split.TRAIN])
    held = np.array([n for n, row in enumerate(rows) if row.split is Split.TEST])
    labels = np.array([LABELS.index(row.label) for row in rows])
    probe = LogisticRegression(C=0.01, max_iter=300, class_weight="balanced").fit(features[train], labels[train])
    shares = probe.predict_proba(features[held])
    answers = Answers(labels[held], probe.classes_[shares.argmax(axis=1)], shares.max(axis=1))
    return {
        "balanced_accuracy": bootstrap(answers, [rows[n].patient for n in held], macro_recall),
        "chance": 1 / len(set(labels.tolist())),
    }


def shortcuts(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    bundle: Annotated[Path | None, typer.Option(help="the bundle to test; the newest one if left out")] = None,
) -> None:
    """Show how far the model could win without reading the disease."""
    loaded = load_bundle(bundle or default_bundle())
    chests = [row for row in read_manifest() if row.modality is Modality.CHEST_XRAY]
    held = [row for row in chests if row.split is Split.TEST]
    typer.echo(f"lungs blacked out: {black_out(loaded, held, [read_grey(data / row.file) for row in held])}")

    size = loaded.recipe.size
    trunk = build_trunk(weights, size)
    frozen = convert(join(trunk, build_head(trunk.output_shape[-1], 8, 0.0, 1)), size)
    dice = np.random.default_rng(1)
    some = [chests[n] for n in dice.choice(len(chests), TRAINED_ON, replace=False)] + held
    some = list(dict.fromkeys(some))
    for name, recipe in (("as the films come", Recipe(size)), ("as served", loaded.recipe)):
        typer.echo(f"border alone, {name}: {read_border(frozen, some, draw_canvases(data, files(some), recipe))}")


def files(rows: Sequence[Row]) -> list[str]:
    """Their names."""
    return [row.file for row in rows]
