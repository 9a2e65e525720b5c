"""Measure a bundle on one split: per class, source and modality, with intervals."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.model.bundle import CARDIAC, Bundle, Label, Modality, default_bundle, load_bundle
from inference.model.classifier import Classifier
from inference.model.preprocess import draw_canvas
from inference.model.reading import softmax
from inference.upload.picture import Format, Picture
from ml.data.loader import Strange, read_strangers
from ml.data.pictures import read_grey
from ml.data.prepare import Row, Split, read_manifest
from ml.evaluation.answers import LABELS, Outputs, add_second, ask, judge
from ml.evaluation.card import write_card
from ml.evaluation.conditions import try_conditions
from ml.evaluation.metrics import (
    Answers,
    Interval,
    accuracy,
    area,
    bootstrap,
    calibration_error,
    macro_recall,
    sureness,
)

CONDITION_SEED: Final = 7


def measure(rows: Sequence[Row], answers: Answers, needed: NDArray[np.float64]) -> dict[str, Any]:
    """All figures of merit over some scans; each is value, lower and upper bound of its 95 % interval."""
    patients = [row.patient for row in rows]
    overall: dict[str, Callable[[Answers], float]] = {
        "accuracy": accuracy,
        "macro_recall": macro_recall,
        "calibration_error": calibration_error,
    }

    figures: dict[str, Any] = {"pictures": len(rows), "patients": len(set(patients))}
    figures |= {name: rounded(bootstrap(answers, patients, one)) for name, one in overall.items()}
    sure = np.flatnonzero(answers.confidence >= needed)
    figures["coverage"] = rounded(bootstrap(sureness(answers, needed), patients, accuracy))
    figures["accuracy_when_sure"] = rounded(bootstrap(answers.take(sure), [patients[n] for n in sure], accuracy))
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


def measure_gate(bundle: Bundle, items: Sequence[Row | Strange], greys: Sequence[NDArray[np.uint8]]) -> dict[str, Any]:
    """How many scans the gate sends back and why, and how many strangers it lets in, by kind: asked as served."""
    classifier = Classifier(bundle)
    reasons = [ask_gate(classifier, grey) for grey in greys]
    scans = [reason for item, reason in zip(items, reasons, strict=True) if isinstance(item, Row)]
    kinds: dict[str, list[bool]] = {}
    for item, reason in zip(items, reasons, strict=True):
        if isinstance(item, Strange):
            kinds.setdefault(item.kind, []).append(reason is not None)
    strangers = [sent for some in kinds.values() for sent in some]
    return {
        "scans": len(scans),
        "scans_refused": round(float(np.mean([reason is not None for reason in scans])), 4),
        "scans_refused_for": dict(Counter(reason.value for reason in scans if reason)),
        "strangers": len(strangers),
        "strangers_refused": round(float(np.mean(strangers)), 4),
        "strangers_refused_by_kind": {kind: [sum(some), len(some)] for kind, some in sorted(kinds.items())},
        "conditions": try_conditions(classifier, items, greys, items[0].split, CONDITION_SEED),
    }


def ask_gate(classifier: Classifier, grey: NDArray[np.uint8]) -> Reason | None:
    """Why the gate sends a picture back, or None."""
    try:
        classifier.admit(Picture(grey, Format.JPEG))
    except Refused as refused:
        return refused.reason
    return None


def rounded(interval: Interval) -> list[float]:
    """Four digits are more than the intervals allow."""
    return [round(value, 4) for value in interval]


def measure_bundle(
    bundle: Bundle, items: Sequence[Row | Strange], outputs: Outputs, greys: Sequence[NDArray[np.uint8]] | None
) -> dict[str, Any]:
    """The figures that a manifest carries for one split; the gate's need the pictures themselves."""
    scans = [place for place, item in enumerate(items) if isinstance(item, Row)]
    rows = [item for item in items if isinstance(item, Row)]
    answers = judge(rows, outputs.logits[scans], bundle.temperatures)
    needed = np.array([bundle.thresholds.of(LABELS[one]) for one in answers.said])
    figures = measure(rows, answers, needed)
    figures["cardiac_by_patient"] = measure_hearts(rows, outputs.logits[scans], bundle)
    return figures if greys is None else figures | {"gate": measure_gate(bundle, items, greys)}


def measure_hearts(rows: Sequence[Row], logits: NDArray[np.float32], bundle: Bundle) -> dict[str, Any]:
    """Balanced accuracy over cardiac patients, their slices' probabilities averaged as `reading.pool` does."""
    sick = LABELS.index(Label.SICK)
    hearts = [n for n, row in enumerate(rows) if row.modality is Modality.CARDIAC_MRI]
    shares = softmax(logits[hearts][:, CARDIAC] / bundle.temperatures.cardiac_mri)[:, 1]
    patients = sorted({rows[n].patient for n in hearts})
    pooled = np.array([shares[[rows[n].patient == one for n in hearts]].mean() for one in patients])
    truth = np.array([next(LABELS.index(rows[n].label) for n in hearts if rows[n].patient == one) for one in patients])
    said = np.where(pooled > 0.5, sick, LABELS.index(Label.NORMAL))
    answers = Answers(truth, said, np.maximum(pooled, 1 - pooled))
    return {
        "patients": len(patients),
        "normal_patients": int((truth != sick).sum()),
        "balanced_accuracy": rounded(bootstrap(answers, patients, macro_recall)),
        "auc": round(area((truth == sick).astype(int), pooled), 4),
    }


def evaluate(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    bundle: Annotated[Path | None, typer.Option(help="the bundle to measure; the newest one if left out")] = None,
    split: Annotated[Split, typer.Option(help="which split")] = Split.TEST,
    figures: Annotated[Path, typer.Option(help="where the plots go")] = Path(__file__).parents[1] / "figures",
    run: Annotated[
        Path, typer.Option(help="the training run, for its curves and the pictures not to be shared")
    ] = Path("runs/tuned"),
) -> None:
    """Measure a bundle on one split and draw the model card's plots."""
    from ml.evaluation.plots import draw_plots  # noqa: PLC0415  only this command draws
    from ml.evaluation.sheet import draw_mistakes  # noqa: PLC0415

    loaded = load_bundle(bundle or default_bundle())
    everything: list[Row | Strange] = [
        *read_manifest(),
        *read_strangers(data / "ood.csv", loaded.manifest["config"]["seed"]),
    ]
    items = [item for item in everything if item.split is split]
    greys = [read_grey(data / item.file) for item in items]
    outputs = add_second(
        loaded, greys, ask(loaded.model, np.stack([draw_canvas(grey, loaded.recipe) for grey in greys]))
    )
    measured = measure_bundle(loaded, items, outputs, greys)
    rows = [item for item in items if isinstance(item, Row)]
    scans = [place for place, item in enumerate(items) if isinstance(item, Row)]
    answers = judge(rows, outputs.logits[scans], loaded.temperatures)
    draw_plots(figures, answers, measured, run / "run.json")
    draw_mistakes(run / "top_misclassified_gradcam.png", loaded, rows, [greys[n] for n in scans], answers)
    if split is Split.TEST:
        write_card(loaded.manifest)
    print_figures(measured, f"{loaded.identity.name} {loaded.identity.version}, {split}")


def print_figures(figures: Mapping[str, Any], title: str) -> None:
    """One table: figure, value, interval."""
    from rich.console import Console  # noqa: PLC0415  only the commands draw
    from rich.table import Table  # noqa: PLC0415

    table = Table("figure", "value", "95 % interval", title=title)
    for name, value in flatten(figures):
        if isinstance(value, list) and len(value) == 3:
            table.add_row(name, f"{value[0]:.3f}", f"{value[1]:.3f} - {value[2]:.3f}")
        else:
            table.add_row(name, str(value), "")
    Console().print(table)


def flatten(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Nested figures, one level at a time."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{before}{name}: ")
        else:
            yield before + name, value
