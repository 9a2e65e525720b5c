"""Turn a trained network into the bundle that is served: convert, calibrate, choose thresholds, measure."""

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

from inference.model.bundle import HOME, MANIFEST, MODEL, ROUTER, TABLES, Temperatures, Thresholds, load_bundle
from inference.model.classifier import measure_distances
from inference.model.preprocess import RANGE, draw_canvas
from inference.model.reading import softmax
from ml.data.loader import Strange, make_targets, read_strangers
from ml.data.pictures import read_grey
from ml.data.prepare import Row, Split, hash_manifest, read_manifest
from ml.evaluation.answers import LABELS, Outputs, ask, judge
from ml.evaluation.conditions import fit_probe
from ml.evaluation.evaluate import measure_bundle, print_figures
from ml.training.calibrate import choose_thresholds, fit_branches, fold
from ml.training.config import Config, make_config
from ml.training.gate import PROTOTYPES, STRANGE_REASONS, choose_limits, choose_prototypes, list_strangers
from ml.training.network import Network, convert, restore
from ml.training.train import CHECKPOINT

Items = list[Row | Strange]
Greys = list[NDArray[np.uint8]]
Arrays = dict[str, NDArray[Any]]
NAME: Final = "{0.name}-{0.version}"


def export(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    run: Annotated[Path, typer.Option(help="the training run")] = Path("runs/tuned"),
    home: Annotated[Path, typer.Option(help="where bundles live")] = HOME,
) -> None:
    """Write the bundle of a training run, with its measured quality."""
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    config = make_config(facts["config"])
    items: Items = [*read_manifest(), *read_strangers(data / "ood.csv", config.seed)]
    greys = [read_grey(data / item.file) for item in items]
    network = restore(run / CHECKPOINT, config)
    outputs = answer_all(run, convert(network, config.recipe.size), greys, config)

    outputs, temperatures = calibrate(network, items, outputs)
    model = convert(network, config.recipe.size)
    tables = head_tables(network) | gate_tables(items, outputs, config.seed)
    probe = fit_probe(greys, items, config.recipe, lambda canvases: ask(model, canvases).features, config.seed)
    manifest = describe_bundle(config, temperatures, choose(items, outputs, temperatures, tables["prototypes"]))
    manifest["quality"] = choose_limits(greys, items)
    folder, files = home / NAME.format(config), {MODEL: model, TABLES: pack(tables | probe)}
    write_bundle(folder, manifest, files)

    bundle = load_bundle(folder)
    manifest["measured"] = {}
    for split in (Split.VALIDATION, Split.TEST):
        own = places(items, split, strangers=True)
        seen = [greys[n] for n in own] if split is Split.TEST else None
        figures = measure_bundle(bundle, [items[n] for n in own], outputs.take(own), seen)
        manifest["measured"][split.value] = figures
    write_bundle(folder, manifest, files)
    np.savez(run / "answers.npz", logits=outputs.logits, features=outputs.features)
    print_figures(manifest["measured"][Split.TEST], folder.name)


def answer_all(run: Path, model: bytes, greys: Greys, config: Config) -> Outputs:
    """The converted network's outputs for every picture, kept beside the run."""
    cache = run / f"outputs-{hashlib.sha256(model).hexdigest()[:12]}.npz"
    if not cache.exists():
        ask(model, np.stack([draw_canvas(grey, config.recipe) for grey in greys])).save(cache)
    return Outputs.load(cache)


def places(items: Items, split: Split, strangers: bool = False) -> NDArray[np.int64]:
    """Where the scans of one split stand, with its strangers if wanted."""
    return np.array([n for n, item in enumerate(items) if item.split is split and (strangers or isinstance(item, Row))])


def calibrate(network: Network, items: Items, outputs: Outputs) -> tuple[Outputs, Temperatures]:
    """Fit temperatures and biases on the validation split; the biases go into the network itself."""
    held = places(items, Split.VALIDATION, strangers=True)
    scalings = fit_branches(outputs.logits[held], make_targets([items[n] for n in held]))
    shift = fold(scalings)
    layer = network.get_layer("head").get_layer("output")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + shift])
    temperatures = Temperatures(**{name: round(one.temperature, 5) for name, one in scalings.items()})
    return Outputs(outputs.logits + shift, outputs.features), temperatures


def gate_tables(items: Items, outputs: Outputs, seed: int) -> Arrays:
    """Prototypes of the training scans, and the training strangers."""
    train = places(items, Split.TRAIN)
    rows = [item for item in items if isinstance(item, Row) and item.split is Split.TRAIN]
    kinds = np.array([f"{row.label} {row.source}" for row in rows])
    prototypes = choose_prototypes(outputs.features[train], kinds, PROTOTYPES, seed).astype(np.float16)
    return {"prototypes": prototypes} | list_strangers(items, outputs.features)


def choose(items: Items, outputs: Outputs, temperatures: Temperatures, prototypes: NDArray[Any]) -> Thresholds:
    """Thresholds from the validation scans."""
    held = places(items, Split.VALIDATION)
    rows = [item for item in (items[n] for n in held) if isinstance(item, Row)]
    logits = outputs.logits[held]
    neither = softmax(logits[:, ROUTER] / temperatures.router)[:, 2]
    strange = np.setdiff1d(places(items, Split.VALIDATION, strangers=True), held)
    near, far = (measure_distances(outputs.features[own], prototypes.astype(np.float32)) for own in (held, strange))
    return choose_thresholds(near, far, neither, judge(rows, logits, temperatures))


def head_tables(network: Network) -> Arrays:
    """The head's weights, from which serving computes heat maps."""
    head = network.get_layer("head")
    hidden, hidden_bias = head.get_layer("hidden").get_weights()
    output, output_bias = head.get_layer("output").get_weights()
    return {"hidden": hidden, "hidden_bias": hidden_bias, "output": output, "output_bias": output_bias}


def describe_bundle(config: Config, temperatures: Temperatures, thresholds: Thresholds) -> dict[str, Any]:
    """The manifest, still without limits, hashes and figures."""
    return {
        "name": config.name,
        "version": config.version,
        "created": date.today().isoformat(),  # noqa: DTZ011  a day is exact enough
        "labels": [label.value for label in LABELS],
        "input": {"recipe": asdict(config.recipe), "range": RANGE},
        "temperatures": asdict(temperatures),
        "thresholds": asdict(thresholds),
        "strangers": [reason.value for reason in STRANGE_REASONS],
        "split": hash_manifest(),
        "config": asdict(config),
    }


def pack(tables: Arrays) -> bytes:
    """The tables as a file's bytes."""
    packed = BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **tables)
    return packed.getvalue()


def write_bundle(folder: Path, manifest: dict[str, Any], files: Mapping[str, bytes]) -> None:
    """Files first, then the manifest that vouches for them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    text = json.dumps(manifest | {"files": hashes}, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
