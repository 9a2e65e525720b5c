"""`csss robust`: what the classifier says of films that are degraded as phones, screens and fax machines do it."""

import json as jsonlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bot.cli import refusal
from bot.cli.model.robust_plot import draw_plot
from inference.errors import BundleError, Refused
from inference.model.bundle import default_bundle
from inference.model.classifier import DECODED_SIDE, Classifier
from inference.robustness.degradations import DEGRADATIONS
from inference.robustness.measure import Answer, Row, describe, list_films, measure_robustness
from inference.upload.decoder import DecoderPool
from inference.upload.picture import Format, Picture
from models.vocabulary import Label

NOTICE: Final = "Sure and wrong: share of all films. Training and thresholds drew from the kinds marked *."
SEED: Final = 5  # draws the films and their degradations


def robust(
    data: Annotated[Path, typer.Argument(help="folder with scans.csv, or with a folder of films for each class")],
    json: Annotated[bool, typer.Option("--json", help="the rows as JSON and nothing else")] = False,
    plot: Annotated[Path | None, typer.Option(help="write the rows as a picture here (SVG)")] = None,
    each: Annotated[int, typer.Option(min=1, help="films of each class, one for a patient")] = 20,
    only: Annotated[list[str] | None, typer.Option(help="a kind of degradation; all if left out")] = None,
    bundle: Annotated[Path | None, typer.Option(help="model bundle; the newest one if left out")] = None,
) -> None:
    """Degrade chest films on purpose and measure what is refused, certain, right and wrong."""
    kinds = [one for one in DEGRADATIONS if not only or one.name in only]
    if not kinds:
        fail(f"no such degradation; known are {', '.join(one.name for one in DEGRADATIONS)}")
    if plot is not None and plot.suffix.lower() != ".svg":
        fail("--plot writes SVG: name a file that ends in .svg")
    films = read_films(data, each)
    classifier = load(bundle)
    rows = list(measure_robustness(films, lambda grey: answer(classifier, grey), SEED, kinds))
    identity = classifier.identity
    if plot is not None:
        plot.write_text(draw_plot(rows, f"{identity.name} {identity.version}, {len(films)} films"), encoding="utf-8")
    if json:
        head = {"model": identity.name, "version": identity.version, "sha256": identity.sha256, "seed": SEED}
        typer.echo(jsonlib.dumps(head | {"rows": describe(rows)}, indent=1))
    else:
        print_table(rows, f"{identity.name} {identity.version}, {len(films)} films")


def read_films(folder: Path, each: int) -> Sequence[tuple[NDArray[np.uint8], Label]]:
    """The decoded films; exits with a sentence where there is none or one cannot be read."""
    if not folder.is_dir():
        fail(f"no such folder: {folder}")
    found = list_films(folder, each, SEED)
    if not found:
        fail(f"no chest films of the known classes below {folder}")
    try:
        with DecoderPool() as decoder:
            return [(decoder.decode(film.file.read_bytes(), DECODED_SIDE).grey, film.label) for film in found]
    except (Refused, OSError) as error:
        fail(f"a film cannot be read: {error}")


def load(folder: Path | None) -> Classifier:
    """The classifier; exits with one sentence for a damaged bundle."""
    try:
        return Classifier.load(folder or default_bundle())
    except BundleError as error:
        fail(str(error))


def answer(classifier: Classifier, grey: NDArray[np.uint8]) -> Answer:
    """The classifier's answer to one picture, as served."""
    try:
        prediction = classifier.predict(Picture(grey, Format.PNG))
    except Refused:
        return Answer(None, False)
    return Answer(prediction.label, not prediction.uncertain)


def print_table(rows: Iterable[Row], title: str) -> None:
    """One line for each kind and strength."""
    table = Table("degradation", "refused", "sure", "right where sure", "sure and wrong", "accuracy", title=title)
    for row in rows:
        shares: list[Any] = [row.refused, row.sure, row.right_where_sure, row.sure_and_wrong, row.accuracy_admitted]
        name = f"{row.degradation}{'*' * row.trained} {row.strength:g} {row.unit}" if row.unit else row.degradation
        table.add_row(name, *("" if one is None else f"{one:.3f}" for one in shares))
    console = Console()
    console.print(table)
    console.print(NOTICE)


def fail(sentence: str) -> NoReturn:
    """Exit with code 2 after one sentence on stderr."""
    refusal.fail(f"csss robust: {sentence}", 2)
