"""Compare float32, float16 and int8, LiteRT and Keras: time, size and deviation from the served network."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from inference.errors import Refused
from inference.model.bundle import CHEST, Bundle, default_bundle, load_bundle
from inference.model.classifier import DECODED_SIDE, Classifier
from inference.model.gradcam import draw_heatmap
from inference.model.network import NetworkOutput
from inference.model.preprocess import draw_canvas, scale
from inference.model.softmax import softmax
from inference.upload.open import open_picture
from inference.upload.picture import encode_jpeg
from ml.data.pictures import read_grey
from ml.data.prepare import read_manifest
from ml.data.samples import Split
from ml.litert import FEATURE_MAP, LOGITS, LiteRtModel
from ml.training.config import make_config
from ml.training.network import Network, Precision, convert, restore
from ml.training.train import CHECKPOINT
from models.vocabulary import Modality

WARM = 3  # uncounted warm-up passes
SIDE = 1024  # pixels, of the JPEG for the end-to-end time
Image = NDArray[np.float32]


Run = Callable[[Image], NetworkOutput]


def formats(
    data: Annotated[Path, typer.Argument(help="folder with the pictures")],
    run: Annotated[Path, typer.Option(help="the training run that the bundle was exported from")] = Path("runs/tuned"),
    bundle: Annotated[Path | None, typer.Option(help="the exported bundle; the newest one if left out")] = None,
    pictures: Annotated[int, typer.Option(help="how many chest films of the validation split")] = 60,
) -> None:
    """Print a Markdown table: one pass on one core, size, and the largest difference to the served network."""
    loaded = load_bundle(bundle or default_bundle())
    network = apply_calibration(restore(run / CHECKPOINT, make_config(loaded.manifest["config"])), loaded)
    rows = [row for row in read_manifest() if row.split is Split.VALIDATION and row.modality is Modality.CHEST_XRAY]
    greys = [read_grey(data / row.file) for row in rows[:: max(1, len(rows) // pictures)]]
    images = [scale(draw_canvas(grey, loaded.recipe))[np.newaxis] for grey in greys]
    typer.echo("| network | ms, one picture | MB | probability off by | heat map off by |\n|---|---|---|---|---|")
    served = [open_model(loaded.model)(image) for image in images]
    for name, run_once, size in candidates(loaded, network, images):
        predictions, spent = time_model(run_once, images)
        probabilities, heats = compare(loaded, served, predictions)
        typer.echo(f"| {name} | {spent:.1f} | {size / 1e6:.1f} | {probabilities:.4f} | {heats:.4f} |")
    jpegs = [encode_jpeg(draw_canvas(grey, type(loaded.recipe)(SIDE))) for grey in greys]
    typer.echo(
        f"\nA JPEG of {SIDE}², decoded, admitted, with doubts and heat map: {time_end_to_end(loaded, jpegs):.1f} ms"
    )


def candidates(bundle: Bundle, network: Network, images: Sequence[Image]) -> Iterator[tuple[str, Run, int]]:
    """Name, run function and size in bytes of each network; the served file first, as control."""
    yield "LiteRT float32 (served)", open_model(bundle.model), len(bundle.model)
    for precision in (Precision.HALF, Precision.BYTE):
        model = convert(network, bundle.recipe.size, precision, images)
        yield f"LiteRT {precision}", open_model(model), len(model)
    yield "Keras predict", lambda image: from_keras(network.predict(image, verbose=0)), 4 * network.count_params()


def apply_calibration(network: Network, bundle: Bundle) -> Network:
    """Set the bundle's calibrated output layer on the network of a checkpoint."""
    network.get_layer("head").get_layer("output").set_weights([bundle.tables.output, bundle.tables.output_bias])
    return network


def from_keras(predicted: dict[str, Any]) -> NetworkOutput:
    """The outputs of a Keras batch of one."""
    return NetworkOutput(np.asarray(predicted["logits"])[0], np.asarray(predicted["map"])[0])


def open_model(model: bytes) -> Run:
    """A LiteRT network on one core."""
    network = LiteRtModel(model, threads=1)

    def run(image: Image) -> NetworkOutput:
        outputs = network.run(image)
        return NetworkOutput(outputs[LOGITS], outputs[FEATURE_MAP])

    return run


def time_model(run: Run, images: Sequence[Image]) -> tuple[list[NetworkOutput], float]:
    """The outputs, and the median time of one pass in milliseconds."""
    for image in images[:WARM]:
        run(image)
    predictions, spent = [], []
    for image in images:
        began = perf_counter()
        predictions.append(run(image))
        spent.append(perf_counter() - began)
    return predictions, 1000 * median(spent)


def compare(
    bundle: Bundle, served: Sequence[NetworkOutput], predictions: Sequence[NetworkOutput]
) -> tuple[float, float]:
    """Maximum difference of chest probabilities, and of the heat maps of the most probable class."""
    probabilities, heats = [0.0], [0.0]
    for one, other in zip(served, predictions, strict=True):
        first, second = (
            softmax(predicted.logits[CHEST] / bundle.temperatures.chest_xray) for predicted in (one, other)
        )
        probabilities.append(float(np.abs(first - second).max()))
        output = CHEST.start + int(first.argmax())
        maps = [draw_heatmap(predicted.activation, bundle.tables, output) for predicted in (one, other)]
        heats.append(float(np.abs(maps[0] - maps[1]).max()))
    return max(probabilities), max(heats)


def time_end_to_end(bundle: Bundle, jpegs: Sequence[bytes]) -> float:
    """Median milliseconds from JPEG bytes to prediction on one core, without refused pictures."""
    classifier = Classifier(bundle, threads=1)
    spent = []
    for jpeg in [*jpegs[:WARM], *jpegs]:
        began = perf_counter()
        with suppress(Refused):
            classifier.predict(open_picture(jpeg, DECODED_SIDE))
            spent.append(perf_counter() - began)
    return 1000 * median(spent[WARM:])
