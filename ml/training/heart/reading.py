"""Fit the reading of a heart's measures and write the heart's part of a bundle."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.heart.album import Features
from inference.heart.bundle import FACTS, SEGMENTER, Plausible, Usual
from inference.heart.deviation import Deviation, deviate, take_logs
from inference.heart.measures import RATIOS
from inference.heart.patient_reading import HeartReader, is_plausible
from ml.data.heart_albums import BOTH, HEALTHY, ONE, Album, Kind, draw_albums
from ml.data.heart_slices import read_slices
from ml.evaluation.heart_metrics import describe_kinds, predict_out_of_fold
from ml.evaluation.heart_outlines import Outlined, measure_overlap, outline_out_of_fold
from ml.evaluation.heart_outside import describe_outside, read_outside
from ml.training.heart.config import CONFIG, HeartConfig, read_heart_config

OUTER: Final = (5, 50, 95)  # percentiles of the normal patients that the card shows
ODD: Final = (2, 99.5)  # percentiles of outlined training slices that bound a plausible shape
ROOM: Final = 2.0  # times that a heart may be larger or smaller in its picture than in training: crops and surrounds
STEPS: Final = np.linspace(0.75, 0.99, 25)  # confidences that are tried; a lower one is never sure
NEVER: Final = 1.01  # a confidence that is never reached
MEASURES: Final = (
    *("cavity_to_muscle", "wall_to_radius", "wall_to_radius_greatest", "thickest_to_thinnest", "right_to_left"),
    "roundness",
)
MOVED: Final = (
    *("cavity_squeeze_to_rest", "cavity_squeeze_to_rest_greatest", "right_squeeze_to_rest", "wall_squeeze_to_rest"),
)


def heart_reading(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, masks.csv and the pictures")],
    config: Annotated[Path, typer.Option(help="the run's configuration")] = CONFIG,
    run: Annotated[Path, typer.Option(help="the segmenter's run; heart.json is written into it")] = Path("runs/heart"),
) -> None:
    """Fit the heart's models on out-of-fold outlines, choose thresholds, measure, and write heart.json."""
    own = read_heart_config(config)
    outlined = outline_out_of_fold(read_slices(data), run, own.folds, own.seed)
    knobs, plausible = own.reading, find_plausible(outlined)
    albums = draw_albums(keep_plausible(outlined, plausible), knobs.albums, knobs.longest_album, knobs.fewest, own.seed)
    models, measured = fit_models(albums, own)
    quality: dict[str, Any] = {
        "patients out of fold": len({one.slice.patient for one in outlined}),
        "dice by patient and phase, out of fold": measure_overlap(outlined),
        "albums": measured,
    }
    facts = {
        "version": own.version,
        "created": date.today().isoformat(),  # noqa: DTZ011  a day is exact enough
        "files": {SEGMENTER: hashlib.sha256((run / SEGMENTER).read_bytes()).hexdigest()},
        "plausible": asdict(plausible),
        "fewest": knobs.fewest,
        "usual": describe_usual(albums),
        "models": models,
        "measured": quality,
        "data": dict(Counter(f"{album.group} patients" for album in albums if album.kind is Kind.REST)),
        "config": asdict(own),
    }
    write_facts(run, facts)
    reader = HeartReader.load(run)
    quality["sunnybrook"] = {
        name: describe_outside(read_outside(data, reader, rest_alone), own.seed)
        for name, rest_alone in ((Kind.BOTH.value, False), (Kind.REST.value, True))
    }
    write_facts(run, facts)


def fit_models(albums: Sequence[Album], config: HeartConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """The models of both phases and of one, as plain values, and what they reach out of fold by kind of album."""
    models: dict[str, Any] = {}
    measured: dict[str, Any] = {}
    for name, kinds in (("both", BOTH), ("one", ONE)):
        chosen = [album for album in albums if album.kind in kinds]
        fit = partial(fit_model, names=name_features(name), strength=config.reading.strength)
        probabilities = predict_out_of_fold(chosen, fit, config.seed)
        sure_normal, sure_sick = choose_limits(chosen, probabilities, config.reading.right, config.reading.proof)
        model = replace(fit(chosen), sure_normal=sure_normal, sure_sick=sure_sick)
        models[name] = {key: list_values(value) for key, value in asdict(model).items()}
        measured |= describe_kinds(chosen, probabilities, model, config.seed)
    return models, measured


def write_facts(run: Path, facts: Mapping[str, Any]) -> None:
    """heart.json, once before it is measured elsewhere and once after."""
    (run / FACTS).write_text(json.dumps(round_all(facts), indent=1) + "\n", encoding="utf-8")


def name_features(model: str) -> list[str]:
    """The measures of a model: median and greatest over the slices of a phase, and what moves between the phases."""
    phases = ("rest_", "squeeze_") if model == "both" else ("",)
    own = [f"{phase}{name}_{part}" for phase in phases for name in MEASURES for part in ("median", "greatest")]
    return [*own, *MOVED] if model == "both" else own


def fit_model(albums: Sequence[Album], names: Sequence[str], strength: float) -> Deviation:
    """Normal patients' medians and spreads, and a logistic regression on the deviations from them.

    Every patient weighs the same, and the normal ones together as much as the sick. No answer is sure yet.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only training needs it

    logs = take_logs([album.features for album in albums], names)
    sick = np.array([album.sick for album in albums])
    middle, spread = find_normal(logs[~sick])
    model = LogisticRegression(C=strength, max_iter=5000)
    model.fit(deviate(logs, middle, spread), sick, sample_weight=weigh(albums))
    above, below = np.split(model.coef_[0], 2)
    return Deviation(tuple(names), middle, spread, above, below, float(model.intercept_[0]), 1 - NEVER, NEVER)


def find_normal(logs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median, and the median absolute deviation as a standard deviation, of each column."""
    middle = np.median(logs, axis=0)
    return middle, 1.4826 * np.median(np.abs(logs - middle), axis=0) + 1e-3


def weigh(albums: Sequence[Album]) -> NDArray[np.float64]:
    """Weights whose sum is the number of patients."""
    counts = Counter(album.patient for album in albums)
    patients = Counter(sick for _, sick in {(album.patient, album.sick) for album in albums})
    return np.array([len(counts) / 2 / counts[album.patient] / patients[album.sick] for album in albums])


def choose_limits(
    albums: Sequence[Album], probabilities: NDArray[np.float64], right: float, proof: int
) -> tuple[float, float]:
    """At or below and at or above which probability an answer is sure: `right` of them are, in every kind of album.

    Where no limit reaches that, or none with the albums of `proof` patients beyond it, one is told that no
    probability passes: a handful of right answers proves nothing.
    """
    patients = np.array([album.patient for album in albums])
    sick = np.array([album.sick for album in albums])
    groups = [np.array([album.kind is kind for album in albums]) for kind in Kind]
    weights = weigh_patients(albums)

    def find(confidence: NDArray[np.float64], hit: NDArray[np.bool_]) -> float:
        reached = [
            min(share_right(confidence >= step, hit, own, weights) for own in groups if own.any()) >= right
            for step in STEPS
        ]
        failed = np.flatnonzero(~np.array(reached))
        first = int(failed[-1]) + 1 if len(failed) else 0
        proven = first < len(STEPS) and len(set(patients[confidence >= STEPS[first]])) >= proof
        return float(STEPS[first]) if proven else NEVER

    return 1 - find(1 - probabilities, ~sick), find(probabilities, sick)


def share_right(
    sure: NDArray[np.bool_], hit: NDArray[np.bool_], group: NDArray[np.bool_], weights: NDArray[np.float64]
) -> float:
    """The share of right answers among the sure albums of a group; 1 where none is sure."""
    total = weights[sure & group].sum()
    return float(weights[sure & hit & group].sum() / total) if total else 1.0


def weigh_patients(albums: Sequence[Album]) -> NDArray[np.float64]:
    """Every patient weighs the same within each kind of album."""
    counts = Counter((album.patient, album.kind) for album in albums)
    return np.array([1 / counts[album.patient, album.kind] for album in albums])


def find_plausible(outlined: Sequence[Outlined]) -> Plausible:
    """Limits that all but a few of the measured training slices keep."""
    found = [(one.outline.certainty, one.measures) for one in outlined if one.outline and one.measures]
    low, high = ODD
    sizes = [measures.cavity + measures.muscle for _, measures in found]
    return Plausible(
        certainty=float(np.percentile([certainty for certainty, _ in found], low)),
        closed=float(np.percentile([measures.closed for _, measures in found], low)),
        roundness=float(np.percentile([measures.roundness for _, measures in found], low)),
        smallest=float(np.percentile(sizes, low)) / ROOM,
        largest=float(np.percentile(sizes, high)) * ROOM,
    )


def keep_plausible(outlined: Sequence[Outlined], limits: Plausible) -> list[Outlined]:
    """The slices that serving would measure, too."""
    return [one for one in outlined if one.outline and one.measures and is_plausible(one.outline, one.measures, limits)]


def describe_usual(albums: Sequence[Album]) -> dict[str, dict[str, Usual]]:
    """Usual values on the card: percentiles over the normal patients' medians, by phase and measure."""
    normal = [album for album in albums if album.group == HEALTHY]
    both = [album.features for album in normal if album.kind is Kind.BOTH]
    one = [album.features for album in normal if album.kind in (Kind.REST, Kind.SQUEEZE)]
    usual = {
        phase: {name: find_usual(rows, f"{prefix}{name}_median") for name in RATIOS}
        for phase, prefix, rows in (("rest", "rest_", both), ("squeeze", "squeeze_", both), ("any", "", one))
    }
    return usual | {"both": {name: find_usual(both, name) for name in MOVED}}


def find_usual(rows: Sequence[Features], name: str) -> Usual:
    return Usual(*(float(one) for one in np.percentile([row[name] for row in rows], OUTER)))


def list_values(value: Any) -> Any:  # noqa: ANN401  a field of any kind
    return [*map(float, value)] if isinstance(value, np.ndarray) else value


def round_all(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Five significant digits: more would only pretend."""
    match value:
        case float():
            return float(f"{value:.5g}")
        case Mapping():
            return {key: round_all(one) for key, one in value.items()}
        case list() | tuple():
            return [round_all(one) for one in value]
        case _:
            return value
