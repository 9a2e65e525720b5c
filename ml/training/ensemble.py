"""Give a bundle a second opinion: a head on frozen ImageNet features of the chest film as it comes.

The fine-tuned network and the frozen one err on different films. Their calibrated logits are added, which multiplies
their probabilities (Hinton 2002, products of experts), and the sum is calibrated. The second has no say at the gate.
"""

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.model.bundle import (
    CHEST,
    HOME,
    MODEL,
    OUTPUTS,
    SECOND,
    TABLES,
    Bundle,
    Modality,
    Second,
    Temperatures,
    default_bundle,
    load_bundle,
)
from ml.data.loader import Strange, make_targets, read_strangers
from ml.data.pictures import read_grey
from ml.data.prepare import Row, Split, read_manifest
from ml.evaluation.answers import Outputs, add_second
from ml.evaluation.evaluate import measure_bundle, print_figures
from ml.training.calibrate import fit_scaling
from ml.training.config import Config, read_config
from ml.training.export import Items, answer_all, choose, places, write_bundle
from ml.training.network import Network, Precision, build_head, build_trunk, convert
from ml.training.train import cache_features, fit_head

CONFIG: Final = Path(__file__).parents[1] / "configs" / "second.toml"


def second(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, ood.csv and the pictures")],
    weights: Annotated[str, typer.Option(help="ImageNet weights: a file, or the word imagenet to download them")],
    version: Annotated[str, typer.Option(help="of the bundle that is written")],
    bundle: Annotated[Path | None, typer.Option(help="the bundle that gets it; the newest one if left out")] = None,
    run: Annotated[Path, typer.Option(help="where features and outputs are cached")] = Path("runs/second"),
    home: Annotated[Path, typer.Option(help="where bundles live")] = HOME,
) -> None:
    """Train a second network beside a bundle's own, calibrate their sum, and write both as a new bundle."""
    source, knobs = bundle or default_bundle(), read_config(CONFIG)
    first = load_bundle(source)
    if first.second is not None:  # its temperatures are those of a sum already
        raise typer.BadParameter(
            f"{source.name} has a second network already: name the bundle of the first with --bundle"
        )
    run.mkdir(parents=True, exist_ok=True)
    items: Items = [*read_manifest(), *read_strangers(data / "ood.csv", first.manifest["config"]["seed"])]
    greys = [read_grey(data / item.file) for item in items]
    outputs = answer_all(run, first.model, greys, replace(knobs, recipe=first.recipe))

    trunk = build_trunk(weights)
    features = cache_features(run / "features.npy", data, items, trunk, knobs)
    head = build_head(features.shape[1], knobs.hidden, knobs.dropout, knobs.seed)
    fit_head(head, features, items, knobs)
    temperatures = fold_sum(head, features, items, outputs, first.temperatures)
    model = convert(join_logits(trunk, head), knobs.recipe.size, Precision.HALF)

    both = replace(first, second=Second(model, knobs.recipe), temperatures=temperatures)
    outputs = add_second(both, greys, outputs)
    both = replace(both, thresholds=choose(items, outputs, temperatures, both.tables.prototypes))
    manifest = describe_both(both, version, knobs)
    for split in (Split.VALIDATION, Split.TEST):
        own = places(items, split, strangers=True)
        seen = [greys[n] for n in own] if split is Split.TEST else None
        manifest["measured"][split.value] = measure_bundle(both, [items[n] for n in own], outputs.take(own), seen)
    folder = home / f"{first.identity.name}-{version}"
    tables = (source / TABLES).read_bytes()
    write_bundle(folder, manifest, {MODEL: first.model, TABLES: tables, SECOND: model})
    print_figures(manifest["measured"][Split.TEST], folder.name)


def fold_sum(
    head: Network, features: NDArray[np.float32], items: Items, outputs: Outputs, temperatures: Temperatures
) -> Temperatures:
    """Weigh the second head so that its chest logits may simply be added to the first network's; it says nothing else.

    Fitted on the validation films: the second by itself, then the sum. Returns the temperatures of the sum."""
    held = [n for n in places(items, Split.VALIDATION) if is_chest(items[n])]
    wanted = make_targets([items[n] for n in held]).branch - CHEST.start
    alone = np.asarray(head(features[held], training=False))[:, CHEST]
    own = fit_scaling(alone, wanted)
    first = outputs.logits[held][:, CHEST] / temperatures.chest_xray
    total = fit_scaling((first + alone / own.temperature + own.bias).astype(np.float32), wanted)

    layer = head.get_layer("output")
    kernel, bias = (np.where(np.isin(np.arange(OUTPUTS), np.r_[CHEST]), one, 0) for one in layer.get_weights())
    share = temperatures.chest_xray / own.temperature
    kernel, bias = kernel * share, bias * share
    bias[CHEST] += temperatures.chest_xray * (own.bias + total.temperature * total.bias)
    layer.set_weights([kernel, bias])
    return replace(temperatures, chest_xray=round(temperatures.chest_xray * total.temperature, 5))


def is_chest(item: Row | Strange) -> bool:
    return isinstance(item, Row) and item.modality is Modality.CHEST_XRAY


def join_logits(trunk: Network, head: Network) -> Network:
    """Trunk and head with the logits alone: no heat map is drawn of the second network."""
    import keras  # noqa: PLC0415  only training needs it

    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(trunk.output)
    return keras.Model(trunk.input, head(pooled), name="second")


def describe_both(both: Bundle, version: str, knobs: Config) -> dict[str, Any]:
    """The first network's manifest with what the second changes in it; the figures are still to be measured."""
    changed = {
        "version": version,
        "created": date.today().isoformat(),  # noqa: DTZ011  a day is exact enough
        "temperatures": asdict(both.temperatures),
        "thresholds": asdict(both.thresholds),
        "second": asdict(knobs),
        "measured": {},
    }
    return dict(both.manifest) | changed
