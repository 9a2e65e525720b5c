"""Measure a bundle on one split: per class, source and modality, with intervals."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from inference.bundle import ROUTER, Bundle, Thresholds, default_bundle, load_bundle
from inference.classifier import measure_distances, softmax
from ml.answers import Outputs, ask, judge
from ml.data import Strange, draw_canvases, read_strangers
from ml.measures import (
    Answers,
    Interval,
    accuracy,
    bootstrap,
    calibration_error,
    coverage,
    macro_recall,
    selective_accuracy,
)
from ml.prepare import Row, Split, read_manifest


def measure(rows: Sequence[Row], answers: Answers, threshold: float) -> dict[str, Any]:
    """All figures of merit over some scans; each is value, lower and upper bound of its 95 % interval."""
    patients = [row.patient for row in rows]
    overall: dict[str, Callable[[Answers], float]] = {
        "accuracy": accuracy,
        "macro_recall": macro_recall,
        "calibration_error": calibration_error,
        "coverage": lambda some: coverage(some, threshold),
        "accuracy_when_sure": lambda some: selective_accuracy(some, threshold),
    }
    figures: dict[str, Any] = {"pictures": len(rows), "patients": len(set(patients))}
    figures |= {name: rounded(bootstrap(answers, patients, one)) for name, one in overall.items()}
    groups = {
        "recall_by_class": [row.label.value for row in rows],
        "accuracy_by_class_and_source": [f"{row.label} / {row.source}" for row in rows],
        "accuracy_by_source": [row.source for row in rows],
        "accuracy_by_modality": [row.modality.value for row in rows],
    }
    return figures | {name: measure_groups(answers, patients, keys) for name, keys in groups.items()}


def measure_groups(answers: Answers, patients: Sequence[str], keys: Sequence[str]) -> dict[str, list[float]]:
    """Accuracy within each group; within a class that is its recall."""
    own, people, figures = np.asarray(keys), np.asarray(patients), {}
    for key in sorted(set(keys)):
        where = np.flatnonzero(own == key)
        figures[key] = rounded(bootstrap(answers.take(where), people[where].tolist(), accuracy))
    return figures


def measure_gate(bundle: Bundle, items: Iterable[Row | Strange], outputs: Outputs) -> dict[str, Any]:
    """How many scans the gate sends back, and how many strangers it lets in, by kind."""
    refused = refuse(bundle, outputs)
    kinds: dict[str, list[bool]] = {}
    for item, sent_back in zip(items, refused, strict=True):
        kinds.setdefault("scans" if isinstance(item, Row) else item.kind, []).append(bool(sent_back))
    strangers = [sent for kind, some in kinds.items() if kind != "scans" for sent in some]
    return {
        "scans_refused": round(float(np.mean(kinds["scans"])), 4),
        "strangers_refused": round(float(np.mean(strangers)), 4),
        "strangers": len(strangers),
        "strangers_refused_by_kind": {k: [sum(v), len(v)] for k, v in sorted(kinds.items()) if k != "scans"},
    }


def refuse(bundle: Bundle, outputs: Outputs) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The gate's verdict on each row, as `Classifier` gives it."""
    limits: Thresholds = bundle.thresholds
    distances = measure_distances(outputs.features, bundle.tables.prototypes)
    neither = softmax(outputs.logits[:, ROUTER] / bundle.temperatures.router)[:, 2]
    return (distances > limits.distance) | (neither > limits.neither)


def rounded(interval: Interval) -> list[float]:
    """Four digits are more than the intervals allow."""
    return [round(value, 4) for value in interval]


def measure_bundle(bundle: Bundle, items: list[Row | Strange], outputs: Outputs, split: Split) -> dict[str, Any]:
    """The figures that a manifest carries for one split."""
    places = np.array([place for place, item in enumerate(items) if item.split is split])
    scans = np.array([place for place in places if isinstance(items[place], Row)])
    rows = [item for item in (items[place] for place in scans) if isinstance(item, Row)]
    answers = judge(rows, outputs.logits[scans], bundle.temperatures)
    figures = measure(rows, answers, bundle.thresholds.uncertain)
    return figures | {"gate": measure_gate(bundle, [items[place] for place in places], outputs.take(places))}


def evaluate(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    bundle: Annotated[Path | None, typer.Option(help="the bundle to measure; the newest one if left out")] = None,
    split: Annotated[Split, typer.Option(help="which split")] = Split.TEST,
) -> None:
    """Measure a bundle on its test split."""
    loaded = load_bundle(bundle or default_bundle())
    everything: list[Row | Strange] = [*read_manifest(), *read_strangers(data / "ood.csv", 42)]
    items = [item for item in everything if item.split is split]
    outputs = ask(loaded.model, draw_canvases(data, [item.file for item in items], loaded.recipe))
    print_figures(measure_bundle(loaded, items, outputs, split), f"{loaded.identity.name} {loaded.identity.version}")


def print_figures(figures: dict[str, Any], title: str) -> None:
    """One table: figure, value, interval."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table("figure", "value", "95 % interval", title=title)
    for name, value in figures.items():
        if isinstance(value, list):
            table.add_row(name, f"{value[0]:.3f}", f"{value[1]:.3f} - {value[2]:.3f}")
        elif isinstance(value, dict):
            table.add_section()
            for key, one in value.items():
                table.add_row(f"{name}: {key}", f"{one[0]:.3f}", f"{one[1]:.3f} - {one[2]:.3f}") if isinstance(
                    one, list
                ) and len(one) == 3 else table.add_row(f"{name}: {key}", str(one), "")
        else:
            table.add_row(name, str(value), "")
    Console().print(table)
