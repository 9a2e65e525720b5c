"""One classification in steps: decode, preprocess, network, heat map, overlay."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, TypeVar

from bot.dev.bench.machine import spread
from inference.model.bundle import default_bundle
from inference.model.classifier import Classifier
from inference.model.gradcam import draw_heatmap, overlay
from inference.model.preprocess import draw_canvas, scale
from inference.upload.decoder import DecoderPool
from inference.upload.open import open_picture

THREADS: Final = (1, 2)
STEPS: Final = ("decode", "preprocess", "network", "heat_map", "reading", "overlay", "whole")
WARM: Final = 3  # runs that are not counted
Result = TypeVar("Result")


def measure_pictures(jpeg: bytes, runs: int) -> dict[str, Any]:
    """Milliseconds of each step with one and with two threads, on a 1024 px JPEG.

    `network` is the forward pass without preprocessing, `reading` everything after decoding, `whole` from bytes to
    overlay as the worker does it."""
    with DecoderPool() as decoder:
        width, height = decoder.decode(jpeg).size
        walls = _compare_walls(decoder, jpeg, runs)
        timed = {str(threads): _with_threads(decoder, jpeg, runs, threads) for threads in THREADS}
    return {
        "picture": {"width": width, "height": height, "bytes": len(jpeg)},
        "runs": runs,
        "threads": timed,
        "walls": walls,
    }


def _compare_walls(decoder: DecoderPool, jpeg: bytes, runs: int) -> dict[str, Any]:
    """Milliseconds of decoding behind the decoder's walls and in this process, and until a new decoder answers."""
    places: dict[str, Callable[[bytes], object]] = {"behind_ms": decoder.decode, "without_ms": open_picture}
    times: dict[str, list[float]] = {name: [] for name in places}
    for _ in range(WARM + runs):
        for name, decode in places.items():
            began = perf_counter()
            decode(jpeg)
            times[name].append(perf_counter() - began)
    began = perf_counter()
    with DecoderPool() as fresh:
        fresh.decode(jpeg)
        start = perf_counter() - began
    return {name: spread(taken[WARM:], 1000) for name, taken in times.items()} | {"start_ms": round(start * 1000)}


def _with_threads(decoder: DecoderPool, jpeg: bytes, runs: int, threads: int) -> dict[str, Any]:
    classifier = Classifier.load(default_bundle(), threads)
    timed = [_take_apart(decoder, classifier, jpeg) for _ in range(WARM + runs)][WARM:]
    return {f"{step}_ms": spread([one[step] for one in timed], 1000) for step in STEPS}


def _take_apart(decoder: DecoderPool, classifier: Classifier, jpeg: bytes) -> dict[str, float]:
    """Seconds of each step of one classification."""
    recipe, tables = classifier.bundle.recipe, classifier.bundle.tables
    decode, picture = _timed(lambda: decoder.decode(jpeg))
    preprocess, _ = _timed(lambda: scale(draw_canvas(picture.grey, recipe)))
    passing, look = _timed(lambda: classifier.forward(picture))
    heat, _ = _timed(lambda: draw_heatmap(look.activation, tables, 0))
    reading, read = _timed(lambda: classifier.predict(picture))
    drawing, _ = _timed(lambda: overlay(picture, read.heatmap, read.crop))
    network, whole = passing - preprocess, decode + reading + drawing
    return dict(zip(STEPS, (decode, preprocess, network, heat, reading, drawing, whole), strict=True))


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    started = perf_counter()
    result = work()
    return perf_counter() - started, result
