"""Turn a trained network into the bundle that is served: convert, calibrate, choose thresholds, measure."""

import hashlib
import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.bundle import HOME, MANIFEST, MODEL, TABLES, Temperatures, Thresholds, load_bundle
from inference.classifier import measure_distances
from inference.preprocess import RANGE, Recipe
from ml.answers import LABELS, Outputs, ask
from ml.calibrate import choose_prototypes, choose_thresholds, fit_temperatures
from ml.config import make_config
from ml.data import Strange, draw_canvases, make_targets, read_strangers
from ml.evaluate import measure_bundle, print_figures
from ml.network import Network, convert, restore
from ml.prepare import Row, Split, read_manifest
from ml.train import CHECKPOINT

PROTOTYPES: Final = 400


def export(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    run: Annotated[Path, typer.Option(help="the training run")] = Path("runs/frozen"),
    home: Annotated[Path, typer.Option(help="where bundles live")] = HOME,
) -> None:
    """Write the bundle of a training run, with its measured quality."""
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    config = make_config(facts["config"])
    items: list[Row | Strange] = [*read_manifest(), *read_strangers(data / "ood.csv", config.seed)]
    network = restore(run / CHECKPOINT, config)
    model = convert(network, config.recipe.size)
    outputs = answer_all(run / "outputs.npz", model, data, items, config.recipe)

    temperatures, thresholds, tables = calibrate(network, items, outputs, config.seed)
    folder = home / f"{config.name}-{config.version}"
    manifest = describe_bundle(facts, temperatures, thresholds)
    write_bundle(folder, manifest, model, tables)
    bundle = load_bundle(folder)
    manifest["measured"] = {str(s): measure_bundle(bundle, items, outputs, s) for s in (Split.VALIDATION, Split.TEST)}
    write_bundle(folder, manifest, model, tables)
    print_figures(manifest["measured"][Split.TEST], folder.name)


def answer_all(cache: Path, model: bytes, data: Path, items: list[Row | Strange], recipe: Recipe) -> Outputs:
    """The converted network's outputs for every picture, kept beside the run."""
    digest = hashlib.sha256(model).hexdigest()[:12]
    cache = cache.with_stem(f"{cache.stem}-{digest}")
    if not cache.exists():
        ask(model, draw_canvases(data, [item.file for item in items], recipe)).save(cache)
    return Outputs.load(cache)


def calibrate(
    network: Network, items: list[Row | Strange], outputs: Outputs, seed: int
) -> tuple[Temperatures, Thresholds, dict[str, NDArray[Any]]]:
    """Temperatures and thresholds from the validation scans, prototypes from the training scans."""
    train = np.array([n for n, item in enumerate(items) if isinstance(item, Row) and item.split is Split.TRAIN])
    held = np.array([n for n, item in enumerate(items) if isinstance(item, Row) and item.split is Split.VALIDATION])
    temperatures = fit_temperatures(outputs.logits[held], make_targets([items[n] for n in held]))
    kinds = np.array(
        [f"{row.label} {row.source}" for row in items if isinstance(row, Row) and row.split is Split.TRAIN]
    )
    prototypes = choose_prototypes(outputs.features[train], kinds, PROTOTYPES, seed).astype(np.float16)
    distances = measure_distances(outputs.features[held], prototypes.astype(np.float32))
    thresholds = choose_thresholds(distances, outputs.logits[held], temperatures.router)
    return temperatures, thresholds, head_tables(network) | {"prototypes": prototypes}


def head_tables(network: Network) -> dict[str, NDArray[Any]]:
    """The head's weights, from which serving computes heat maps."""
    head = network.get_layer("head")
    hidden, hidden_bias = head.get_layer("hidden").get_weights()
    output, output_bias = head.get_layer("output").get_weights()
    return {"hidden": hidden, "hidden_bias": hidden_bias, "output": output, "output_bias": output_bias}


def describe_bundle(facts: dict[str, Any], temperatures: Temperatures, thresholds: Thresholds) -> dict[str, Any]:
    """The manifest, still without hashes and figures."""
    config = facts["config"]
    return {
        "name": config["name"],
        "version": config["version"],
        "created": date.today().isoformat(),  # noqa: DTZ011  a day is exact enough
        "labels": [label.value for label in LABELS],
        "input": {"recipe": config["recipe"], "range": RANGE},
        "temperatures": asdict(temperatures),
        "thresholds": asdict(thresholds),
        "split": facts["split"],
        "config": config,
    }


def write_bundle(folder: Path, manifest: dict[str, Any], model: bytes, tables: dict[str, NDArray[Any]]) -> None:
    """Files first, then the manifest that vouches for them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL).write_bytes(model)
    np.savez_compressed(folder / TABLES, allow_pickle=False, **tables)
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL, TABLES)}
    text = json.dumps(manifest | {"files": files}, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
