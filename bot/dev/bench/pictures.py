"""One classification, taken apart: decode, preprocess, network, heat map, overlay."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, TypeVar

from bot.dev.bench.machine import spread
from inference.model.bundle import default_bundle
from inference.model.classifier import Classifier
from inference.model.gradcam import draw_heatmap, overlay
from inference.model.preprocess import draw_canvas, scale
from inference.upload.decoder import Darkroom

THREADS: Final = (1, 2)
STEPS: Final = ("decode", "preprocess", "network", "heat_map", "reading", "overlay", "whole")
WARM: Final = 3  # runs that are not counted
Result = TypeVar("Result")


def measure_pictures(jpeg: bytes, runs: int) -> dict[str, Any]:
    """Milliseconds of each step with one and with two threads, on one JPEG as a phone sends it.

    `network` is the gate's whole pass without the preprocessing inside it, `reading` is what follows a decoded
    picture, `whole` is bytes to overlay as the worker does it."""
    with Darkroom() as darkroom:
        width, height = darkroom.open(jpeg).size
        timed = {str(threads): _with_threads(darkroom, jpeg, runs, threads) for threads in THREADS}
    return {
        "picture": {"width": width, "height": height, "bytes": len(jpeg)},
        "runs": runs,
        "threads": timed,
    }


def _with_threads(darkroom: Darkroom, jpeg: bytes, runs: int, threads: int) -> dict[str, Any]:
    classifier = Classifier.load(default_bundle(), threads)
    timed = [_take_apart(darkroom, classifier, jpeg) for _ in range(WARM + runs)][WARM:]
    return {f"{step}_ms": spread([one[step] for one in timed], 1000) for step in STEPS}


def _take_apart(darkroom: Darkroom, classifier: Classifier, jpeg: bytes) -> dict[str, float]:
    """Seconds of each step of one classification."""
    recipe, tables = classifier.bundle.recipe, classifier.bundle.tables
    decode, picture = _timed(lambda: darkroom.open(jpeg))
    preprocess, _ = _timed(lambda: scale(draw_canvas(picture.grey, recipe)))
    passing, look = _timed(lambda: classifier.look(picture))
    heat, _ = _timed(lambda: draw_heatmap(look.activation, tables, 0))
    reading, read = _timed(lambda: classifier.read(picture))
    drawing, _ = _timed(lambda: overlay(picture, read.heatmap, read.crop))
    network, whole = passing - preprocess, decode + reading + drawing
    return dict(zip(STEPS, (decode, preprocess, network, heat, reading, drawing, whole), strict=True))


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    started = perf_counter()
    result = work()
    return perf_counter() - started, result
