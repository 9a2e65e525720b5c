"""`csss classify`: the classifier on files and folders."""

import json as jsonlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from inference.model.classifier import Classifier, Reading
    from inference.upload.decoder import Darkroom
    from inference.upload.picture import Picture

NOTICE: Final = "This reading supports a clinician's judgement and replaces none."
FACTS: Final = (
    *("modality", "label", "confidence", "threshold", "uncertain", "abnormal", "probabilities", "doubts"),
    "adjustments",
)
HINTS: Final = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".dcm", ".dicom", ".ima", ""})


def classify(
    paths: Annotated[list[Path], typer.Argument(help="pictures (JPEG, PNG, DICOM) or folders of them")],
    json: Annotated[bool, typer.Option("--json", help="one JSON line per file and nothing else")] = False,
    heatmap: Annotated[Path | None, typer.Option(help="write the heat map of a single picture here")] = None,
    bundle: Annotated[Path | None, typer.Option(help="model bundle; the newest one if left out")] = None,
) -> None:
    """Say what the classifier sees in each picture."""
    files = list(walk(paths))
    if heatmap is not None and len(files) != 1:
        fail("--heatmap takes exactly one picture")
    with darkroom() as room:
        classifier = load(bundle)
        lines = (describe(room, classifier, file, heatmap) for file in files)
        accepted = print_lines(lines) if json else print_table(lines)
    if not accepted:
        raise typer.Exit(1)


def walk(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are named; folders with everything in them that may be a picture, in order."""
    for path in paths:
        if path.is_dir():
            inside = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in HINTS)
            yield from (file for file in inside if file.is_file() and not file.name.startswith("."))
        elif path.is_file():
            yield path
        else:
            fail(f"no such file or folder: {path}")


def darkroom() -> "Darkroom":
    """The one way in that the bot has too; it warms while the model is loaded."""
    from inference.upload.decoder import Darkroom  # noqa: PLC0415  keeps `csss --help` quick

    return Darkroom()


def load(folder: Path | None) -> "Classifier":
    """The classifier, or one sentence about what is wrong with the bundle."""
    from inference.errors import BundleError  # noqa: PLC0415
    from inference.model.bundle import default_bundle  # noqa: PLC0415  as above
    from inference.model.classifier import Classifier  # noqa: PLC0415

    try:
        return Classifier.load(folder or default_bundle())
    except BundleError as error:
        fail(str(error))


def describe(room: "Darkroom", classifier: "Classifier", file: Path, heatmap: Path | None) -> dict[str, Any]:
    """One line of the answer; a refused file has its reason and no label."""
    from inference.errors import Refused  # noqa: PLC0415
    from inference.model.classifier import DECODED_SIDE  # noqa: PLC0415

    try:
        picture = room.open(file.read_bytes(), None if heatmap else DECODED_SIDE)
        admission = classifier.admit(picture)
        reading = classifier.read_admitted(admission)
    except (Refused, OSError) as error:
        reason = error.reason.value if isinstance(error, Refused) else "unreadable"
        return {"file": str(file), "accepted": False, "reason": reason} | dict.fromkeys(FACTS)
    if heatmap is not None:
        write_heatmap(heatmap, admission.picture, reading)
    return {"file": str(file), "accepted": True, "reason": None} | reading.facts()


def write_heatmap(target: Path, picture: "Picture", reading: "Reading") -> None:
    """As PNG or JPEG, whatever the target's name ends in."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from inference.model.gradcam import overlay  # noqa: PLC0415

    drawn = overlay(picture, reading.heatmap, reading.crop)
    if target.suffix.lower() == ".png":
        pixels = np.asarray(cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR))
        drawn = cv2.imencode(".png", pixels)[1].tobytes()
    try:
        target.write_bytes(drawn)
    except OSError as error:
        fail(f"the heat map cannot be written: {error.strerror}")


def print_lines(lines: Iterable[dict[str, Any]]) -> int:
    """JSON, a line per file, each as soon as it is known."""
    accepted = 0
    for line in lines:
        typer.echo(jsonlib.dumps(line, ensure_ascii=False))
        accepted += line["accepted"]
    return accepted


def print_table(lines: Iterable[dict[str, Any]]) -> int:
    """For people: one row per file, and what the figures are worth."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table("file", "kind", "reading", "confidence", "abnormal", caption=NOTICE)
    accepted = 0
    for line in lines:
        if line["accepted"]:
            reading = f"Uncertain ({line['label']})" if line["uncertain"] else line["label"]
            table.add_row(
                line["file"], line["modality"], reading, f"{line['confidence']:.0%}", f"{line['abnormal']:.0%}"
            )
        else:
            table.add_row(line["file"], "", f"not read: {line['reason']}", "", "")
        accepted += line["accepted"]
    Console().print(table)
    return accepted


def fail(sentence: str) -> NoReturn:
    """One sentence on standard error, and a bad exit."""
    typer.echo(f"csss classify: {sentence}", err=True)
    raise typer.Exit(2)
