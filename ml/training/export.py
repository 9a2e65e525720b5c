"""Export a trained network as a bundle: convert, calibrate, choose thresholds, measure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import BUNDLES, MANIFEST, MODEL, ROUTER, TABLES, Temperatures, Thresholds, load_bundle
from inference.model.classifier import measure_distances
from inference.model.preprocess import RANGE, draw_canvas
from inference.model.softmax import softmax
from ml.data.loader import OodPicture, make_targets, read_ood
from ml.data.pictures import read_grey
from ml.data.prepare import hash_manifest, read_manifest
from ml.data.samples import Row, Split
from ml.evaluation.conditions import fit_probe
from ml.evaluation.evaluate import measure_bundle, print_figures
from ml.evaluation.outputs import LABELS, Outputs, predict, run_model
from ml.training.calibrate import choose_thresholds, fit_branches, logit_offsets
from ml.training.config import Config, make_config
from ml.training.gate import OOD_REASONS, PROTOTYPES, choose_limits, choose_prototypes, ood_tables
from ml.training.network import Network, convert, restore
from ml.training.train import CHECKPOINT

Items = list[Row | OodPicture]
Greys = list[NDArray[np.uint8]]
Arrays = dict[str, NDArray[Any]]
NAME: Final = "{0.name}-{0.version}"


def export(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    run: Annotated[Path, typer.Option(help="the training run")] = Path("runs/tuned"),
    home: Annotated[Path, typer.Option(help="where bundles live")] = BUNDLES,
) -> None:
    """Write the bundle of a training run, with its measured quality."""
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    config = make_config(facts["config"])
    items: Items = [*read_manifest(), *read_ood(data / "ood.csv", config.seed)]
    greys = [read_grey(data / item.file) for item in items]
    network = restore(run / CHECKPOINT, config)
    outputs = answer_all(run, convert(network, config.recipe.size), greys, config)

    outputs, temperatures = calibrate(network, items, outputs)
    model = convert(network, config.recipe.size)
    tables = head_tables(network) | gate_tables(items, outputs, config.seed)
    probe = fit_probe(greys, items, config.recipe, lambda canvases: run_model(model, canvases).features, config.seed)
    manifest = describe_bundle(config, temperatures, choose(items, outputs, temperatures, tables["prototypes"]))
    manifest["quality"] = choose_limits(greys, items)
    folder, files = home / NAME.format(config), {MODEL: model, TABLES: pack(tables | probe)}
    write_bundle(folder, manifest, files)

    bundle = load_bundle(folder)
    manifest["measured"] = {}
    for split in (Split.VALIDATION, Split.TEST):
        own = split_indices(items, split, with_ood=True)
        seen = [greys[n] for n in own] if split is Split.TEST else None
        figures = measure_bundle(bundle, [items[n] for n in own], outputs.take(own), seen)
        manifest["measured"][split.value] = figures
    write_bundle(folder, manifest, files)
    np.savez(run / "answers.npz", logits=outputs.logits, features=outputs.features)
    print_figures(manifest["measured"][Split.TEST], folder.name)


def answer_all(run: Path, model: bytes, greys: Greys, config: Config) -> Outputs:
    """Outputs of the converted network for every picture, cached in the run's folder."""
    cache = run / f"outputs-{hashlib.sha256(model).hexdigest()[:12]}.npz"
    if not cache.exists():
        run_model(model, np.stack([draw_canvas(grey, config.recipe) for grey in greys])).save(cache)
    return Outputs.load(cache)


def split_indices(items: Items, split: Split, with_ood: bool = False) -> NDArray[np.int64]:
    """Indices of the scans of one split, optionally with its out-of-distribution pictures."""
    return np.array([n for n, item in enumerate(items) if item.split is split and (with_ood or isinstance(item, Row))])


def calibrate(network: Network, items: Items, outputs: Outputs) -> tuple[Outputs, Temperatures]:
    """Fit temperatures and biases on the validation split; adds the biases to the network's output layer."""
    held = split_indices(items, Split.VALIDATION, with_ood=True)
    scalings = fit_branches(outputs.logits[held], make_targets([items[n] for n in held]))
    shift = logit_offsets(scalings)
    layer = network.get_layer("head").get_layer("output")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + shift])
    temperatures = Temperatures(**{name: round(one.temperature, 5) for name, one in scalings.items()})
    return Outputs(outputs.logits + shift, outputs.features), temperatures


def gate_tables(items: Items, outputs: Outputs, seed: int) -> Arrays:
    """Prototypes of the training scans, and the out-of-distribution examples."""
    train = split_indices(items, Split.TRAIN)
    rows = [item for item in items if isinstance(item, Row) and item.split is Split.TRAIN]
    kinds = np.array([f"{row.label} {row.source}" for row in rows])
    prototypes = choose_prototypes(outputs.features[train], kinds, PROTOTYPES, seed).astype(np.float16)
    return {"prototypes": prototypes} | ood_tables(items, outputs.features)


def choose(items: Items, outputs: Outputs, temperatures: Temperatures, prototypes: NDArray[Any]) -> Thresholds:
    """Thresholds from the validation scans."""
    held = split_indices(items, Split.VALIDATION)
    rows = [item for item in (items[n] for n in held) if isinstance(item, Row)]
    logits = outputs.logits[held]
    neither = softmax(logits[:, ROUTER] / temperatures.router)[:, 2]
    ood = np.setdiff1d(split_indices(items, Split.VALIDATION, with_ood=True), held)
    near, far = (measure_distances(outputs.features[own], prototypes.astype(np.float32)) for own in (held, ood))
    return choose_thresholds(near, far, neither, predict(rows, logits, temperatures))


def head_tables(network: Network) -> Arrays:
    """The head's weights, for the closed-form heat map."""
    head = network.get_layer("head")
    hidden, hidden_bias = head.get_layer("hidden").get_weights()
    output, output_bias = head.get_layer("output").get_weights()
    return {"hidden": hidden, "hidden_bias": hidden_bias, "output": output, "output_bias": output_bias}


def describe_bundle(config: Config, temperatures: Temperatures, thresholds: Thresholds) -> dict[str, Any]:
    """The manifest without limits, hashes and figures."""
    return {
        "name": config.name,
        "version": config.version,
        "created": date.today().isoformat(),  # noqa: DTZ011  a day is exact enough
        "labels": [label.value for label in LABELS],
        "input": {"recipe": asdict(config.recipe), "range": RANGE},
        "temperatures": asdict(temperatures),
        "thresholds": asdict(thresholds),
        "strangers": [reason.value for reason in OOD_REASONS],
        "split": hash_manifest(),
        "config": asdict(config),
    }


def pack(tables: Arrays) -> bytes:
    """The tables as a compressed npz file."""
    packed = BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **tables)
    return packed.getvalue()


def write_bundle(folder: Path, manifest: dict[str, Any], files: Mapping[str, bytes]) -> None:
    """Write the files, then the manifest with their SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    text = json.dumps(manifest | {"files": hashes}, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
