"""Float32, float16 or int8, LiteRT or Keras: what each costs and how far its answers stray, in one run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from inference.errors import Refused
from inference.model.bundle import CHEST, Bundle, Modality, default_bundle, load_bundle
from inference.model.classifier import DECODED_SIDE, Classifier
from inference.model.gradcam import draw_heatmap
from inference.model.preprocess import draw_canvas, scale
from inference.model.reading import softmax
from inference.upload.open import open_picture
from inference.upload.picture import encode_jpeg
from ml.data.pictures import read_grey
from ml.data.prepare import Split, read_manifest
from ml.training.config import make_config
from ml.training.network import Network, Precision, convert, restore
from ml.training.train import CHECKPOINT

WARM = 3  # passes that are not counted
SIDE = 1024  # of the JPEG that is classified as a whole
Image = NDArray[np.float32]


class Answer(NamedTuple):
    """What a network says of one picture."""

    logits: NDArray[np.float32]  # OUTPUTS
    activation: NDArray[np.float32]  # side × side × channels


Ask = Callable[[Image], Answer]


def formats(
    data: Annotated[Path, typer.Argument(help="folder with the pictures")],
    run: Annotated[Path, typer.Option(help="the training run that the bundle was exported from")] = Path("runs/tuned"),
    bundle: Annotated[Path | None, typer.Option(help="the exported bundle; the newest one if left out")] = None,
    pictures: Annotated[int, typer.Option(help="how many chest films of the validation split")] = 60,
) -> None:
    """Print a Markdown table: one pass on one core, size, and the largest difference to the served network."""
    loaded = load_bundle(bundle or default_bundle())
    network = fold_in(restore(run / CHECKPOINT, make_config(loaded.manifest["config"])), loaded)
    rows = [row for row in read_manifest() if row.split is Split.VALIDATION and row.modality is Modality.CHEST_XRAY]
    greys = [read_grey(data / row.file) for row in rows[:: max(1, len(rows) // pictures)]]
    images = [scale(draw_canvas(grey, loaded.recipe))[np.newaxis] for grey in greys]
    typer.echo("| network | ms, one picture | MB | probability off by | heat map off by |\n|---|---|---|---|---|")
    served = [open_model(loaded.model)(image) for image in images]
    for name, ask, size in contestants(loaded, network, images):
        answers, spent = watch(ask, images)
        chances, heats = compare(loaded, served, answers)
        typer.echo(f"| {name} | {spent:.1f} | {size / 1e6:.1f} | {chances:.4f} | {heats:.4f} |")
    whole = [encode_jpeg(draw_canvas(grey, type(loaded.recipe)(SIDE))) for grey in greys]
    typer.echo(
        f"\nA JPEG of {SIDE}², decoded, admitted, read with doubts and heat map: {time_whole(loaded, whole):.1f} ms"
    )


def contestants(bundle: Bundle, network: Network, images: Sequence[Image]) -> Iterator[tuple[str, Ask, int]]:
    """Name, how to ask it, and bytes; the shipped file first, so that its row shows the noise of a second look."""
    yield "LiteRT float32 (served)", open_model(bundle.model), len(bundle.model)
    for precision in (Precision.HALF, Precision.BYTE):
        model = convert(network, bundle.recipe.size, precision, images)
        yield f"LiteRT {precision}", open_model(model), len(model)
    yield "Keras predict", lambda image: take(network.predict(image, verbose=0)), 4 * network.count_params()


def fold_in(network: Network, bundle: Bundle) -> Network:
    """The checkpoint, which knows no calibration, with the bundle's output biases."""
    network.get_layer("head").get_layer("output").set_weights([bundle.tables.output, bundle.tables.output_bias])
    return network


def take(said: dict[str, Any]) -> Answer:
    """Keras's batch of one."""
    return Answer(np.asarray(said["logits"])[0], np.asarray(said["map"])[0])


def open_model(model: bytes) -> Ask:
    """A LiteRT network on one core."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    inside = interpreter.get_input_details()[0]["index"]
    places = {len(one["shape"]): one["index"] for one in interpreter.get_output_details()}

    def ask(image: Image) -> Answer:
        interpreter.set_tensor(inside, image)
        interpreter.invoke()
        return Answer(interpreter.get_tensor(places[2])[0], interpreter.get_tensor(places[4])[0])

    return ask


def watch(ask: Ask, images: Sequence[Image]) -> tuple[list[Answer], float]:
    """The answers, and the median milliseconds of one."""
    for image in images[:WARM]:
        ask(image)
    answers, spent = [], []
    for image in images:
        began = perf_counter()
        answers.append(ask(image))
        spent.append(perf_counter() - began)
    return answers, 1000 * median(spent)


def compare(bundle: Bundle, served: Sequence[Answer], answers: Sequence[Answer]) -> tuple[float, float]:
    """The largest difference of any chest probability, and of any cell of the likeliest class's heat map."""
    chances, heats = [0.0], [0.0]
    for one, other in zip(served, answers, strict=True):
        first, second = (softmax(said.logits[CHEST] / bundle.temperatures.chest_xray) for said in (one, other))
        chances.append(float(np.abs(first - second).max()))
        output = CHEST.start + int(first.argmax())
        maps = [draw_heatmap(said.activation, bundle.tables, output) for said in (one, other)]
        heats.append(float(np.abs(maps[0] - maps[1]).max()))
    return max(chances), max(heats)


def time_whole(bundle: Bundle, jpegs: Sequence[bytes]) -> float:
    """Median milliseconds from bytes to reading, as served, on one core; what the gate sends back is not counted."""
    classifier = Classifier(bundle, threads=1)
    spent = []
    for jpeg in [*jpegs[:WARM], *jpegs]:
        began = perf_counter()
        with suppress(Refused):
            classifier.read(open_picture(jpeg, DECODED_SIDE))
            spent.append(perf_counter() - began)
    return 1000 * median(spent[WARM:])
