"""`csss classify`: the classifier on files and folders."""

import json as jsonlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, NoReturn

import cv2
import numpy as np
import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from bot.cli import refusal
from inference.errors import BundleError, Refused
from inference.heart.accepted import read_accepted
from inference.heart.bundle import default_heart
from inference.heart.patient_reading import HeartReader
from inference.model.bundle import default_bundle
from inference.model.classifier import DECODED_SIDE, Classifier, GateResult, Prediction
from inference.model.gradcam import overlay
from inference.upload.decoder import DecoderPool
from inference.upload.picture import Picture
from models.vocabulary import Modality

NOTICE: Final = "This reading supports a clinician's judgement and replaces none."
FACTS: Final = (
    *("modality", "label", "confidence", "threshold", "uncertain", "abnormal", "probabilities", "doubts"),
    "adjustments",
)
SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".dcm", ".dicom", ".ima", ""})
NO_SLICES: Final = "no_slices"  # none of the files is a slice of a heart
MIN_PATH_WIDTH: Final = 12  # characters of the table's first column


class PathEnd(NamedTuple):
    """A path in a table's cell; where it is too long, an ellipsis and its end."""

    path: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(MIN_PATH_WIDTH, len(self.path)), len(self.path))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        yield Text(self.path if len(self.path) <= width else f"…{self.path[1 - width :]}", no_wrap=True)


def classify(
    paths: Annotated[list[Path], typer.Argument(help="pictures (JPEG, PNG, DICOM) or folders of them")],
    json: Annotated[bool, typer.Option("--json", help="one JSON line per file and nothing else")] = False,
    heatmap: Annotated[Path | None, typer.Option(help="write the heat map of a single picture here")] = None,
    bundle: Annotated[Path | None, typer.Option(help="model bundle; the newest one if left out")] = None,
    together: Annotated[bool, typer.Option("--together", help="read the pictures as slices of one heart")] = False,
) -> None:
    """Classify pictures and folders of them."""
    files = list(find_pictures(paths))
    if heatmap is not None and len(files) != 1:
        fail("--heatmap takes exactly one picture")
    with DecoderPool() as decoder:
        classifier = load(bundle)
        slices: list[GateResult] = []
        lines: Iterable[dict[str, Any]] = (describe(decoder, classifier, file, heatmap, slices) for file in files)
        if together:
            lines = chain(lines, read_together(classifier, slices))
        accepted = print_lines(lines) if json else print_table(lines)
    if not accepted:
        raise typer.Exit(1)


def find_pictures(paths: Iterable[Path]) -> Iterator[Path]:
    """The named files, and the possible pictures in named folders, sorted."""
    for path in paths:
        if path.is_dir():
            candidates = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES)
            yield from (file for file in candidates if file.is_file() and not file.name.startswith("."))
        elif path.is_file():
            yield path
        else:
            fail(f"no such file or folder: {path}")


def load(folder: Path | None) -> Classifier:
    """The classifier; exits with one sentence for a damaged bundle."""
    try:
        return Classifier.load(folder or default_bundle())
    except BundleError as error:
        fail(str(error))


def describe(
    decoder: DecoderPool, classifier: Classifier, file: Path, heatmap: Path | None, slices: list[GateResult]
) -> dict[str, Any]:
    """One result; a refused file has a reason and no label. A heart is added to `slices`."""
    try:
        picture = decoder.decode(file.read_bytes(), None if heatmap else DECODED_SIDE)
        accepted = classifier.run_gate(picture)
        prediction = classifier.predict_accepted(accepted)
    except (Refused, OSError) as error:
        reason = error.reason.value if isinstance(error, Refused) else "unreadable"
        return {"file": _shown(file), "accepted": False, "reason": reason} | dict.fromkeys(FACTS)
    if prediction.modality is Modality.CARDIAC_MRI:
        slices.append(accepted)
    if heatmap is not None:
        write_heatmap(heatmap, accepted.picture, prediction)
    return {"file": _shown(file), "accepted": True, "reason": None} | prediction.as_json()


def _shown(file: Path) -> str:
    """The path; bytes of it that are not UTF-8 as escapes."""
    return bytes(file).decode(errors="backslashreplace")


def read_together(classifier: Classifier, slices: Sequence[GateResult]) -> Iterator[dict[str, Any]]:
    """One result for the slices of one heart, in the fields of a file's; iterate it when all slices are known."""
    if not slices:
        yield {"together": 0, "accepted": False, "reason": NO_SLICES} | dict.fromkeys(FACTS)
        return
    try:
        reading = read_accepted(classifier, HeartReader.load(default_heart()), slices).reading
    except BundleError as error:
        fail(str(error))
    yield {"together": len(slices), "accepted": True, "reason": None} | reading.as_json()


def write_heatmap(target: Path, picture: Picture, prediction: Prediction) -> None:
    """Write the heat map over the picture, as PNG or JPEG by the target's suffix."""
    image = overlay(picture, prediction.heatmap, prediction.crop)
    if target.suffix.lower() == ".png":
        pixels = np.asarray(cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR))
        image = cv2.imencode(".png", pixels)[1].tobytes()
    try:
        target.write_bytes(image)
    except OSError as error:
        fail(f"the heat map cannot be written: {error.strerror}")


def print_lines(lines: Iterable[dict[str, Any]]) -> int:
    """Print one JSON line per file, each as soon as it is known. Returns the number of accepted files."""
    accepted = 0
    for line in lines:
        typer.echo(jsonlib.dumps(line, ensure_ascii=False))
        accepted += line["accepted"]
    return accepted


def print_table(lines: Iterable[dict[str, Any]]) -> int:
    """Print a table with the notice that it replaces no clinician. Returns the number of accepted files."""
    table = Table("file", "kind", "reading", "confidence", "abnormal", caption=NOTICE)
    accepted = 0
    for line in lines:
        file = PathEnd(line["file"] if "file" in line else f"together: {line['together']}")
        if line["accepted"]:
            reading = f"Uncertain ({line['label']})" if line["uncertain"] else line["label"]
            table.add_row(file, line["modality"], reading, f"{line['confidence']:.0%}", f"{line['abnormal']:.0%}")
        else:
            table.add_row(file, "", f"not read: {line['reason']}", "", "")
        accepted += line["accepted"]
    Console().print(table)
    return accepted


def fail(sentence: str) -> NoReturn:
    """Exit with code 2 after one sentence on stderr."""
    refusal.fail(f"csss classify: {sentence}", 2)
