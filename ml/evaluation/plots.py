"""Plots of the model card, without data-set pictures."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ml.evaluation.metrics import BINS, Predictions, risk_coverage
from ml.evaluation.outputs import LABELS

Axes: TypeAlias = Any  # matplotlib ships no complete types
COLOUR = "#1f4e79"


def draw_plots(folder: Path, predictions: Predictions, measured: Mapping[str, Any], run: Path) -> None:
    """Write each plot as PNG."""
    import matplotlib as mpl  # noqa: PLC0415  only the evaluation draws

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  after the choice of the back end

    folder.mkdir(parents=True, exist_ok=True)
    plots: dict[str, Callable[[Axes], None]] = {
        "confusion": lambda axes: draw_confusion(axes, predictions),
        "reliability": lambda axes: draw_reliability(axes, predictions),
        "risk_coverage": lambda axes: draw_risk(axes, predictions),
        "per_source": lambda axes: draw_sources(axes, measured["accuracy_by_class_and_source"]),
    }
    if run.exists():
        history = json.loads(run.read_text(encoding="utf-8"))["history"]
        plots["training"] = lambda axes: draw_training(axes, history)
    for name, draw in plots.items():
        figure, axes = plt.subplots(figsize=(6, 4.2), dpi=80, layout="constrained")
        draw(axes)
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})
        plt.close(figure)


def draw_confusion(axes: Axes, predictions: Predictions) -> None:
    """Confusion matrix: rows are true classes, colours the share of the row."""
    counts = np.zeros((len(LABELS), len(LABELS)), int)
    np.add.at(counts, (predictions.truth, predictions.predicted), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, count, ha="center", va="center", color="black" if shares[row, column] > 0.5 else "white")
    names = [label.value for label in LABELS]
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true", title="Confusion, test split (pictures)")


def draw_reliability(axes: Axes, predictions: Predictions) -> None:
    """Reliability diagram: accuracy by confidence."""
    position = np.minimum((predictions.confidence * BINS).astype(int), BINS - 1)
    right = predictions.truth == predictions.predicted
    bins = [one for one in range(BINS) if (position == one).sum() >= 5]
    predicted, held = (
        [predictions.confidence[position == b].mean() for b in bins],
        [right[position == b].mean() for b in bins],
    )
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.scatter(predicted, held, s=[np.sqrt((position == b).sum()) * 6 for b in bins], color=COLOUR)
    axes.set(xlabel="confidence", ylabel="share right", title="Reliability (area ~ pictures)", xlim=(0, 1), ylim=(0, 1))


def draw_risk(axes: Axes, predictions: Predictions) -> None:
    """Risk-coverage curve."""
    covered, risk = risk_coverage(predictions)
    axes.plot(covered, risk, color=COLOUR)
    axes.axhline(0.05, color="grey", linestyle=":")
    axes.set(xlabel="share of pictures answered", ylabel="share wrong among them", title="Risk and coverage")


def draw_sources(axes: Axes, figures: Mapping[str, list[float]]) -> None:
    """Recall per class and source, with intervals."""
    names = sorted(figures, key=lambda name: figures[name][0])
    values = np.array([figures[name] for name in names])
    whiskers = np.clip(np.stack([values[:, 0] - values[:, 1], values[:, 2] - values[:, 0]]), 0, None)
    axes.barh(names, values[:, 0], xerr=whiskers, color=COLOUR, ecolor="grey")
    axes.set(xlim=(0, 1), title="Recall by class and source")


def draw_training(axes: Axes, history: Mapping[str, list[float]]) -> None:
    """Loss curves of the head and of the fine-tuning."""
    for name, values in history.items():
        axes.plot(np.linspace(0, 1, len(values)), values, marker=".", label=name.replace("_", " "))
    axes.set(xlabel="share of the stage", ylabel="loss", title="Training")
    axes.legend()
