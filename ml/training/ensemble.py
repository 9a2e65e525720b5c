"""Add a second network to a bundle: a head on frozen ImageNet features of the unprocessed chest film.

The fine-tuned and the frozen network make different errors. Their calibrated logits are added, which multiplies
their probabilities (products of experts, Hinton 2002), and the sum is calibrated. The intake gate uses the first only.
"""

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import (
    BUNDLES,
    CHEST,
    MODEL,
    OUTPUTS,
    SECOND,
    TABLES,
    Bundle,
    SecondModel,
    Temperatures,
    default_bundle,
    load_bundle,
)
from ml.data.loader import OodPicture, make_targets, read_ood
from ml.data.pictures import read_grey
from ml.data.prepare import read_manifest
from ml.data.samples import Row, Split
from ml.evaluation.evaluate import measure_bundle, print_figures
from ml.evaluation.outputs import Outputs, add_second
from ml.training.calibrate import fit_scaling
from ml.training.config import Config, read_config
from ml.training.export import Items, answer_all, choose, split_indices, write_bundle
from ml.training.network import Network, Precision, build_backbone, build_head, convert
from ml.training.train import cache_features, fit_head
from models.vocabulary import Modality

CONFIG: Final = Path(__file__).parents[1] / "configs" / "second.toml"


def second(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    version: Annotated[str, typer.Option(help="of the bundle that is written")],
    bundle: Annotated[Path | None, typer.Option(help="the bundle to extend; the newest one if left out")] = None,
    run: Annotated[Path, typer.Option(help="where features and outputs are cached")] = Path("runs/second"),
    home: Annotated[Path, typer.Option(help="where bundles live")] = BUNDLES,
) -> None:
    """Train a second network beside a bundle's own, calibrate their sum, and write both as a new bundle."""
    source, config = bundle or default_bundle(), read_config(CONFIG)
    first = load_bundle(source)
    if first.second is not None:  # its temperatures already belong to a sum
        raise typer.BadParameter(
            f"{source.name} has a second network already: name the bundle of the first with --bundle"
        )
    run.mkdir(parents=True, exist_ok=True)
    items: Items = [*read_manifest(), *read_ood(data / "ood.csv", first.manifest["config"]["seed"])]
    greys = [read_grey(data / item.file) for item in items]
    outputs = answer_all(run, first.model, greys, replace(config, recipe=first.recipe))

    backbone = build_backbone(weights)
    features = cache_features(run / "features.npy", data, items, backbone, config)
    head = build_head(features.shape[1], config.hidden, config.dropout, config.seed)
    fit_head(head, features, items, config)
    temperatures = calibrate_sum(head, features, items, outputs, first.temperatures)
    model = convert(join_logits(backbone, head), config.recipe.size, Precision.HALF)

    combined = replace(first, second=SecondModel(model, config.recipe), temperatures=temperatures)
    outputs = add_second(combined, greys, outputs)
    combined = replace(combined, thresholds=choose(items, outputs, temperatures, combined.tables.prototypes))
    manifest = describe_combined(combined, version, config)
    for split in (Split.VALIDATION, Split.TEST):
        own = split_indices(items, split, with_ood=True)
        seen = [greys[n] for n in own] if split is Split.TEST else None
        manifest["measured"][split.value] = measure_bundle(combined, [items[n] for n in own], outputs.take(own), seen)
    folder = home / f"{first.identity.name}-{version}"
    tables = (source / TABLES).read_bytes()
    write_bundle(folder, manifest, {MODEL: first.model, TABLES: tables, SECOND: model})
    print_figures(manifest["measured"][Split.TEST], folder.name)


def calibrate_sum(
    head: Network, features: NDArray[np.float32], items: Items, outputs: Outputs, temperatures: Temperatures
) -> Temperatures:
    """Scale the second head's output layer so that its chest logits can be added to the first network's; the other
    outputs become zero.

    Fitted on the validation films: the second alone, then the sum. Returns the temperatures of the sum."""
    held = [n for n in split_indices(items, Split.VALIDATION) if is_chest(items[n])]
    expected = make_targets([items[n] for n in held]).branch - CHEST.start
    alone = np.asarray(head(features[held], training=False))[:, CHEST]
    own = fit_scaling(alone, expected)
    first = outputs.logits[held][:, CHEST] / temperatures.chest_xray
    total = fit_scaling((first + alone / own.temperature + own.bias).astype(np.float32), expected)

    layer = head.get_layer("output")
    kernel, bias = (np.where(np.isin(np.arange(OUTPUTS), np.r_[CHEST]), one, 0) for one in layer.get_weights())
    share = temperatures.chest_xray / own.temperature
    kernel, bias = kernel * share, bias * share
    bias[CHEST] += temperatures.chest_xray * (own.bias + total.temperature * total.bias)
    layer.set_weights([kernel, bias])
    return replace(temperatures, chest_xray=round(temperatures.chest_xray * total.temperature, 5))


def is_chest(item: Row | OodPicture) -> bool:
    return isinstance(item, Row) and item.modality is Modality.CHEST_XRAY


def join_logits(backbone: Network, head: Network) -> Network:
    """Backbone and head with the logits as the only output."""
    import keras  # noqa: PLC0415  only training needs it

    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(backbone.output)
    return keras.Model(backbone.input, head(pooled), name="second")


def describe_combined(combined: Bundle, version: str, config: Config) -> dict[str, Any]:
    """The first network's manifest with the second's changes, without measured figures."""
    changed = {
        "version": version,
        "created": date.today().isoformat(),  # noqa: DTZ011  a day is exact enough
        "temperatures": asdict(combined.temperatures),
        "thresholds": asdict(combined.thresholds),
        "second": asdict(config),
        "measured": {},
    }
    return dict(combined.manifest) | changed
