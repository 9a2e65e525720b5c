"""Make a bundle of format 1.4: heads on two networks' features, router, prototypes and certainty thresholds."""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from inference.film.finder import FilmFinder, Found
from inference.model.bundle import BRANCHES, BUNDLES, MODEL, TABLES, Bundle, default_bundle, load_bundle
from inference.model.chest_bundle import ENSEMBLE, FEATURES, FINDER, FORMAT, HEAD_ARRAYS
from inference.model.chest_reader import FeatureNetwork
from inference.model.ensemble import Ensemble, Limits, find_exceeded, measure_distance
from inference.model.heads import Heads
from inference.model.preprocess import Recipe
from ml.data.pictures import read_grey
from ml.data.prepare import read_manifest
from ml.data.samples import Row, Split
from ml.training.calibrate import fit_scaling
from ml.training.certainty import Trials, choose_certainty
from ml.training.chest_features import FeatureExtractor, Trial, extract_trials, extract_views
from ml.training.chest_router import fit_child, fit_router, unit
from ml.training.export import pack, write_bundle
from ml.training.heads import HeadsConfig, fit_heads
from ml.training.network import Precision, build_backbone, convert
from models.vocabulary import Modality

CONFIG: Final = Path(__file__).parents[1] / "configs" / "heads.toml"
LABELS: Final = BRANCHES[Modality.CHEST_XRAY]
RECIPE: Final = Recipe(224)
FAR: Final = 0.993  # quantile of the clean validation films' distances beyond which nothing is certain
STABLE: Final = 0.5  # probability that a certain answer to a sound film keeps: so its class stays the likeliest
HIGHER: Final = 0.97  # quantile beyond which the thresholds of damaged films hold
Values = NDArray[np.float32]


class Bounds(NamedTuple):
    """Limits that refuse a film, make it uncertain, or raise its thresholds."""

    far: float
    damaged: Limits
    refuse: Limits


def heads(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    bundle: Annotated[Path | None, typer.Option(help="gives first network, finder and limits; the newest one")] = None,
    first: Annotated[
        Path | None, typer.Option(help="bundle that gives another first network, its gate and limits")
    ] = None,
    finder: Annotated[Path | None, typer.Option(help="film finder of `csss model finder`; the bundle's own")] = None,
    home: Annotated[Path, typer.Option(help="where bundles live")] = BUNDLES,
) -> None:
    """Fit heads and thresholds for chest films on clean and degraded pictures, and write a new bundle."""
    config = HeadsConfig(**tomllib.loads(CONFIG.read_text(encoding="utf-8")))
    folder = bundle or default_bundle()
    source = load_bundle(folder)
    if first:
        folder, source = first, replace(load_bundle(first), chest=source.chest)
    if finder and source.chest:
        source = replace(source, chest=replace(source.chest, finder=finder.read_bytes()))
    made = make(data, source, convert_features(weights), config)
    files = {TABLES: (folder / TABLES).read_bytes()}
    write(home / f"{source.identity.name}-{config.version}", made, source, files, config)


def convert_features(weights: str) -> bytes:
    """The frozen backbone with pooled features as its output, in half precision."""
    import keras  # noqa: PLC0415  only training needs it

    backbone = build_backbone(weights)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(backbone.output)
    return convert(keras.Model(backbone.input, pooled), RECIPE.size, Precision.HALF)


def make(data: Path, source: Bundle, features: bytes, config: HeadsConfig) -> tuple[bytes, bytes, dict[str, Any]]:
    """Feature network, arrays and manifest entries. Raises BadParameter for a source without a film finder."""
    if source.chest is None:
        raise typer.BadParameter("the source bundle has no film finder: name one of format 1.3 with --bundle")
    chests = [row for row in read_manifest() if row.modality is Modality.CHEST_XRAY]
    train, held = ([row for row in chests if row.split is split] for split in (Split.TRAIN, Split.VALIDATION))
    extractor = FeatureExtractor(source, FeatureNetwork(features, 2, RECIPE))
    frozen, tuned = extract_views(extractor, [data / row.file for row in train], config.views)
    own, other = fit_both(frozen, tuned, train, config)
    own = replace(
        own, output=own.output * config.frozen_weight, output_bias=own.output_bias * np.float32(config.frozen_weight)
    )
    router = fit_router(data, extractor, frozen, source, config)
    child, probe = fit_child(frozen, train, config)
    finder = FilmFinder(source.chest.finder, 2)
    greys = [read_grey(data / row.file) for row in held]
    trials = list(extract_trials(extractor, finder, greys, choose_films(held, config.each)))
    arrays = (
        {
            f"{name}_{part}": getattr(one, part)
            for name, one in (("frozen", own), ("tuned", other))
            for part in HEAD_ARRAYS
        }
        | router
        | {"child": child}
    )
    chest = choose(Ensemble(own, other, 1.0, np.zeros(len(LABELS))), trials, held, router, source, config)
    return (
        features,
        pack({name: one.astype(np.float16 if one.ndim > 1 else np.float32) for name, one in arrays.items()}),
        chest | {"child": probe},
    )


def fit_both(frozen: Values, tuned: Values, train: Sequence[Row], config: HeadsConfig) -> tuple[Heads, Heads]:
    """The heads of both networks; clean films weigh `clean_weight`, sources by `balance`."""
    targets = np.array([LABELS.index(row.label) for row in train])
    kinds = np.array([f"{row.label} {row.source}" for row in train])
    _, inverse, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    weight = counts[inverse] ** -config.balance
    views = len(frozen)
    weights = np.concatenate([weight * config.clean_weight, *[weight] * (views - 1)])
    every = np.tile(targets, views)
    own, other = (
        fit_heads(one.reshape(-1, one.shape[2]).astype(np.float16), every, weights, config) for one in (frozen, tuned)
    )
    return own, other


def choose(
    ensemble: Ensemble,
    trials: Sequence[tuple[int, Trial]],
    held: Sequence[Row],
    router: dict[str, NDArray[Any]],
    source: Bundle,
    config: HeadsConfig,
) -> dict[str, Any]:
    """Calibration, distances and certainty thresholds from the validation films; limits of damage are the source's."""
    assert source.chest is not None
    targets = np.array([LABELS.index(held[position].label) for position, _ in trials])
    clean = np.array([trial.setting == "clean" for _, trial in trials])
    sums = np.stack([ensemble.frozen.run(one.frozen)[0] + ensemble.tuned.run(one.tuned)[0] for _, one in trials])
    scaling = fit_scaling(sums[clean], targets[clean])
    ensemble = replace(ensemble, temperature=scaling.temperature, bias=scaling.bias)
    prototypes = router["chest_prototypes"].astype(np.float32)
    distances = np.array([measure_distance(prototypes, unit(one.frozen[:1])[0]) for _, one in trials])
    far, higher = (round(float(np.quantile(distances[clean], share)), 4) for share in (FAR, HIGHER))
    damaged = dict(source.chest.damaged) | {"distance": (0.0, higher)}
    tested = gather(ensemble, trials, targets, distances, Bounds(far, damaged, source.chest.refuse))
    floors = np.array([config.floors[label.value] for label in LABELS])
    chosen = choose_certainty(tested, floors, config.error, config.wrong)
    names, model = [label.value for label in LABELS], source.chest.router
    return {
        "recipe": asdict(RECIPE),
        "temperature": round(scaling.temperature, 5),
        "bias": [round(float(one), 5) for one in scaling.bias],
        "far": far,
        "certain_at": {
            group: dict(zip(names, chosen[:, n].tolist(), strict=True)) for n, group in enumerate(("sound", "damaged"))
        }
        | {"stable": STABLE},
        "refuse": {name: list(one) for name, one in source.chest.refuse.items()},
        "damaged": {name: list(one) for name, one in damaged.items()},
        "router": {name: getattr(model, name) for name in ("other", "chest_distance", "heart_distance", "heart_far")},
    }


def gather(
    ensemble: Ensemble,
    trials: Sequence[tuple[int, Trial]],
    targets: NDArray[np.int64],
    distances: NDArray[np.float64],
    bounds: Bounds,
) -> Trials:
    """The answers by which thresholds are chosen; `probability` is 0 where another doubt or a refusal decides."""
    answers = [ensemble.assess(one.frozen, one.tuned) for _, one in trials]
    pairs = list(zip((one for _, one in trials), distances.tolist(), strict=True))
    certain = np.array(
        [
            answer.agree
            and one.found is not Found.UNCLEAR
            and distance <= bounds.far
            and not find_exceeded(one.defects, distance, bounds.refuse)
            for answer, (one, distance) in zip(answers, pairs, strict=True)
        ]
    )
    damaged = np.array(
        [one.found is Found.CUT or bool(find_exceeded(one.defects, away, bounds.damaged)) for one, away in pairs]
    )
    lowest, highest = (np.array([one.lowest for one in answers]), np.array([one.shares.max() for one in answers]))
    predicted = np.array([int(answer.shares.argmax()) for answer in answers])
    clean = np.array([one.setting == "clean" for one, _ in pairs])
    natural = np.bincount(targets[clean], minlength=len(LABELS)) / clean.sum()
    return Trials(
        predicted=predicted,
        probability=np.where(damaged, lowest, np.where(lowest >= STABLE, highest, 0.0)) * certain,
        right=predicted == targets,
        damaged=damaged,
        clean=clean,
        weight=np.where(clean, 1.0, natural[targets] * len(LABELS)),
        setting=np.array([one.setting for one, _ in pairs]),
    )


def choose_films(held: Sequence[Row], each: int) -> list[int]:
    """Positions of at most `each` validation films of every class."""
    rng, chosen = np.random.default_rng(11), []
    for label in LABELS:
        own = [n for n, row in enumerate(held) if row.label is label]
        chosen += [own[n] for n in rng.permutation(len(own))[:each].tolist()]
    return chosen


def write(
    folder: Path,
    made: tuple[bytes, bytes, dict[str, Any]],
    source: Bundle,
    files: dict[str, bytes],
    config: HeadsConfig,
) -> None:
    """Write the bundle: the source's first network and tables, and what was made."""
    assert source.chest is not None
    features, arrays, chest = made
    changed = {"format": FORMAT, "version": config.version, "created": date.today().isoformat(), "measured": {}}  # noqa: DTZ011  a day is exact enough
    kept = {name: one for name, one in source.manifest.items() if name not in {"second", "files"}}
    files |= {MODEL: source.model, FINDER: source.chest.finder, FEATURES: features, ENSEMBLE: arrays}
    write_bundle(folder, kept | changed | {"chest": chest, "heads": asdict(config)}, files)
    typer.echo(f"wrote {folder.name}; `csss model evaluate --record` measures it")
