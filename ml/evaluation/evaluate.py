"""Measure a bundle on one split: per class, source and modality, with intervals."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.model.bundle import CARDIAC, MANIFEST, Bundle, default_bundle, load_bundle
from inference.model.classifier import Classifier
from inference.model.preprocess import draw_canvas
from inference.model.softmax import softmax
from inference.upload.picture import Format, Picture
from ml.data.loader import OodPicture, read_ood
from ml.data.pictures import read_grey
from ml.data.prepare import read_manifest
from ml.data.samples import Row, Split
from ml.evaluation.card import write_card
from ml.evaluation.conditions import evaluate_conditions
from ml.evaluation.metrics import (
    Interval,
    Predictions,
    accuracy,
    as_coverage,
    bootstrap,
    calibration_error,
    macro_recall,
    roc_auc,
)
from ml.evaluation.outputs import LABELS, Outputs, add_second, predict, run_model
from ml.evaluation.served import REFUSED, predict_as_served
from models.vocabulary import Label, Modality

CONDITION_SEED: Final = 7


def measure(rows: Sequence[Row], predictions: Predictions, needed: NDArray[np.float64]) -> dict[str, Any]:
    """All metrics over some scans, each as value, lower and upper bound of the 95 % interval.

    `needed` is the minimum confidence of each prediction."""
    patients = [row.patient for row in rows]
    overall: dict[str, Callable[[Predictions], float]] = {
        "accuracy": accuracy,
        "macro_recall": macro_recall,
        "calibration_error": calibration_error,
    }

    figures: dict[str, Any] = {"pictures": len(rows), "patients": len(set(patients))}
    figures |= {name: rounded(bootstrap(predictions, patients, one)) for name, one in overall.items()}
    sure = np.flatnonzero(predictions.confidence >= needed)
    figures["coverage"] = rounded(bootstrap(as_coverage(predictions, needed), patients, accuracy))
    figures["accuracy_when_sure"] = rounded(bootstrap(predictions.take(sure), [patients[n] for n in sure], accuracy))
    groups = {
        "recall_by_class": [row.label.value for row in rows],
        "accuracy_by_class_and_source": [f"{row.label} / {row.source}" for row in rows],
        "accuracy_by_source": [row.source for row in rows],
        "accuracy_by_modality": [row.modality.value for row in rows],
    }
    return figures | {name: measure_groups(predictions, patients, keys) for name, keys in groups.items()}


def measure_groups(predictions: Predictions, patients: Sequence[str], keys: Sequence[str]) -> dict[str, list[float]]:
    """Accuracy within each group; for groups of one class this is the recall."""
    own, people, figures = np.asarray(keys), np.asarray(patients), {}
    for key in sorted(set(keys)):
        where = np.flatnonzero(own == key)
        figures[key] = rounded(bootstrap(predictions.take(where), people[where].tolist(), accuracy))
    return figures


def measure_gate(
    bundle: Bundle, items: Sequence[Row | OodPicture], greys: Sequence[NDArray[np.uint8]]
) -> dict[str, Any]:
    """Refusals of the gate as served: of scans by reason, of out-of-distribution pictures by kind, and by condition."""
    classifier = Classifier(bundle)
    reasons = [gate_refusal(classifier, grey) for grey in greys]
    scans = [reason for item, reason in zip(items, reasons, strict=True) if isinstance(item, Row)]
    kinds: dict[str, list[bool]] = {}
    for item, reason in zip(items, reasons, strict=True):
        if isinstance(item, OodPicture):
            kinds.setdefault(item.kind, []).append(reason is not None)
    ood_refused = [sent for some in kinds.values() for sent in some]
    return {
        "scans": len(scans),
        "scans_refused": round(float(np.mean([reason is not None for reason in scans])), 4),
        "scans_refused_for": dict(Counter(reason.value for reason in scans if reason)),
        "strangers": len(ood_refused),
        "strangers_refused": round(float(np.mean(ood_refused)), 4),
        "strangers_refused_by_kind": {kind: [sum(some), len(some)] for kind, some in sorted(kinds.items())},
        "conditions": evaluate_conditions(classifier, items, greys, items[0].split, CONDITION_SEED),
    }


def gate_refusal(classifier: Classifier, grey: NDArray[np.uint8]) -> Reason | None:
    """The gate's reason of refusal, or None."""
    try:
        classifier.run_gate(Picture(grey, Format.JPEG))
    except Refused as refused:
        return refused.reason
    return None


def rounded(interval: Interval) -> list[float]:
    """The interval with four digits."""
    return [round(value, 4) for value in interval]


def measure_bundle(
    bundle: Bundle, items: Sequence[Row | OodPicture], outputs: Outputs, greys: Sequence[NDArray[np.uint8]] | None
) -> dict[str, Any]:
    """The figures of one split for the manifest; those of the gate need the pictures."""
    scans = [position for position, item in enumerate(items) if isinstance(item, Row)]
    rows = [item for item in items if isinstance(item, Row)]
    predictions, needed = predict_split(bundle, rows, outputs.logits[scans], greys and [greys[n] for n in scans])
    figures = measure(rows, predictions, needed)
    figures["cardiac_by_patient"] = measure_hearts(rows, outputs.logits[scans], bundle)
    return figures if greys is None else figures | {"gate": measure_gate(bundle, items, greys)}


def predict_split(
    bundle: Bundle, rows: Sequence[Row], logits: NDArray[np.float32], greys: Sequence[NDArray[np.uint8]] | None
) -> tuple[Predictions, NDArray[np.float64]]:
    """Predictions and needed confidences: as served where the bundle reads films with an ensemble, else by logits."""
    if bundle.chest is not None and greys is not None:
        return predict_as_served(bundle, rows, greys)
    predictions = predict(rows, logits, bundle.temperatures)
    return predictions, np.array([bundle.thresholds.for_label(LABELS[one]) for one in predictions.predicted])


def measure_hearts(rows: Sequence[Row], logits: NDArray[np.float32], bundle: Bundle) -> dict[str, Any]:
    """Balanced accuracy and AUC by cardiac patient, with probabilities averaged over slices as in `pool_slices`."""
    sick = LABELS.index(Label.SICK)
    hearts = [n for n, row in enumerate(rows) if row.modality is Modality.CARDIAC_MRI]
    shares = softmax(logits[hearts][:, CARDIAC] / bundle.temperatures.cardiac_mri)[:, 1]
    patients = sorted({rows[n].patient for n in hearts})
    pooled = np.array([shares[[rows[n].patient == one for n in hearts]].mean() for one in patients])
    truth = np.array([next(LABELS.index(rows[n].label) for n in hearts if rows[n].patient == one) for one in patients])
    predicted = np.where(pooled > 0.5, sick, LABELS.index(Label.NORMAL))
    predictions = Predictions(truth, predicted, np.maximum(pooled, 1 - pooled))
    return {
        "patients": len(patients),
        "normal_patients": int((truth != sick).sum()),
        "balanced_accuracy": rounded(bootstrap(predictions, patients, macro_recall)),
        "auc": round(roc_auc((truth == sick).astype(int), pooled), 4),
    }


def evaluate(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    bundle: Annotated[Path | None, typer.Option(help="the bundle to measure; the newest one if left out")] = None,
    split: Annotated[Split, typer.Option(help="which split")] = Split.TEST,
    figures: Annotated[Path, typer.Option(help="where the plots go")] = Path(__file__).parents[1] / "figures",
    run: Annotated[
        Path, typer.Option(help="the training run, for its curves and the pictures not to be shared")
    ] = Path("runs/tuned"),
    record: Annotated[bool, typer.Option(help="write the figures into the bundle's manifest")] = False,
) -> None:
    """Measure a bundle on one split and draw the model card's plots."""
    from ml.evaluation.error_gallery import draw_error_gallery  # noqa: PLC0415
    from ml.evaluation.plots import draw_plots  # noqa: PLC0415  only this command draws

    loaded = load_bundle(bundle or default_bundle())
    everything: list[Row | OodPicture] = [
        *read_manifest(),
        *read_ood(data / "ood.csv", loaded.manifest["config"]["seed"]),
    ]
    items = [item for item in everything if item.split is split]
    greys = [read_grey(data / item.file) for item in items]
    outputs = add_second(
        loaded, greys, run_model(loaded.model, np.stack([draw_canvas(grey, loaded.recipe) for grey in greys]))
    )
    measured = measure_bundle(loaded, items, outputs, greys)
    rows = [item for item in items if isinstance(item, Row)]
    scans = [position for position, item in enumerate(items) if isinstance(item, Row)]
    films = [greys[n] for n in scans]
    predictions, _ = predict_split(loaded, rows, outputs.logits[scans], films)
    admitted = np.flatnonzero(predictions.predicted != REFUSED)
    draw_plots(figures, predictions.take(admitted), measured, run / "run.json")
    draw_error_gallery(run / "top_misclassified_gradcam.png", loaded, rows, films, predictions)
    if record:
        record_figures(bundle or default_bundle(), split, measured)
        loaded = load_bundle(bundle or default_bundle())
    if split is Split.TEST and loaded.manifest["measured"].get(split.value):
        write_card(loaded.manifest)
    print_figures(measured, f"{loaded.identity.name} {loaded.identity.version}, {split}")


def record_figures(folder: Path, split: Split, measured: Mapping[str, Any]) -> None:
    """Write the figures into the bundle's manifest; its hash, which identifies the bundle, changes with them."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["measured"][split.value] = dict(measured)
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


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
    """Nested figures as (path, value) pairs."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{before}{name}: ")
        else:
            yield before + name, value
