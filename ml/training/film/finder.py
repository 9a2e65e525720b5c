"""Train the film finder on drawn photographs of the training films (`csss model finder`)."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray

from inference.film.finder import FilmFinder
from inference.model.chest_bundle import FINDER
from ml.data.film_views import draw_batch, draw_photograph, shrink
from ml.data.pictures import read_grey
from ml.data.prepare import read_manifest
from ml.data.samples import Split
from ml.training.film.network import build_finder, measure_loss
from ml.training.network import Network, Precision, convert
from models.vocabulary import Modality

CONFIG: Final = Path(__file__).parents[2] / "configs" / "finder.toml"
HELD: Final = 300  # validation films on which the finder is measured
Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class FinderConfig:
    """Parameters of `ml/configs/finder.toml`; field names are its keys."""

    seed: int
    widths: tuple[int, ...]
    batch: int
    steps: int
    rate: float
    decay: float


def finder(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv and the pictures")],
    config: Annotated[Path, typer.Option(help="the run's configuration")] = CONFIG,
    run: Annotated[Path, typer.Option(help="where the network goes")] = Path("runs/finder"),
) -> None:
    """Train the network that finds the film in a photograph, and measure it on validation films."""
    import keras  # noqa: PLC0415  only training needs it

    own = read_finder_config(config)
    keras.utils.set_random_seed(own.seed)
    network = build_finder(own.widths)
    train_network(network, read_films(data, Split.TRAIN), own)
    model = convert_finder(network)
    run.mkdir(parents=True, exist_ok=True)
    (run / FINDER).write_bytes(model)
    overlap = measure_overlap(model, read_films(data, Split.VALIDATION)[:HELD], own.seed)
    typer.echo(f"wrote {run / FINDER}, {len(model) / 1e6:.2f} MB; overlap of masks {overlap:.3f} of {HELD} photographs")


def read_finder_config(path: Path = CONFIG) -> FinderConfig:
    """TypeError where a value is missing or unknown."""
    stored = tomllib.loads(path.read_text(encoding="utf-8"))
    return FinderConfig(widths=tuple(stored.pop("widths")), **stored)


def read_films(data: Path, split: Split) -> list[Grey]:
    """The chest films of a split, shuffled."""
    rows = [row for row in read_manifest() if row.modality is Modality.CHEST_XRAY and row.split is split]
    order = np.random.default_rng(0).permutation(len(rows))
    return [read_grey(data / rows[n].file) for n in order]


def train_network(network: Network, films: Sequence[Grey], config: FinderConfig) -> None:
    """AdamW with a cosine to zero."""
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    schedule = keras.optimizers.schedules.CosineDecay(config.rate, config.steps)
    optimizer, rng = keras.optimizers.AdamW(schedule, config.decay), np.random.default_rng(config.seed)
    optimizer.build(network.trainable_variables)

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def step(views: Any, masks: Any) -> None:  # noqa: ANN401
        with tf.GradientTape() as tape:
            loss = measure_loss(masks, network(views, training=True))
        weights = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    for _ in range(config.steps):
        step(*(tf.constant(one, tf.float32) for one in draw_batch(films, config.batch, rng)))


def convert_finder(network: Network) -> bytes:
    """In half precision, as bundles carry it."""
    return convert(network, network.input_shape[1], Precision.HALF)


def measure_overlap(model: bytes, films: Sequence[Grey], seed: int) -> float:
    """Mean intersection over union of the mask and the drawn film, one photograph of each film."""
    served, rng, overlaps = FilmFinder(model, 1), np.random.default_rng(seed), []
    for film in films:
        photograph, mask = draw_photograph(film, rng)
        found = served.segment(photograph) > 0.5
        wanted = shrink(mask, found.shape[0]) > 127.5
        overlaps.append((found & wanted).sum() / max(1, (found | wanted).sum()))
    return float(np.mean(overlaps))
