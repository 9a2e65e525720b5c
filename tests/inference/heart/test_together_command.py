"""`csss classify --together`: the files as slices of one heart, and one line more."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.classify import FACTS, classify, read_together
from inference.model.classifier import Classifier, GateResult
from inference.model.image_quality import Condition, measure_quality
from inference.upload.picture import Format, Picture
from models.vocabulary import Modality
from tests.support.hearts import draw_chest


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(classify)
    return app


def accept(classifier: Classifier, picture: Picture) -> GateResult:
    """The gate's result for a drawing, which the gate itself would refuse."""
    quality = measure_quality(picture.grey)
    return GateResult(Modality.CARDIAC_MRI, picture, Condition.FINE, classifier.forward(picture), quality)


def test_files_without_a_heart_end_with_a_line_that_says_so(app: typer.Typer, tmp_path: Path, film: bytes) -> None:
    """Purpose: a chest film is read as ever and is no slice of a heart."""
    (tmp_path / "film.jpg").write_bytes(film)
    result = CliRunner().invoke(app, [str(tmp_path), "--json", "--together"])
    first, last = (json.loads(line) for line in result.stdout.splitlines())
    assert first["modality"] == "chest_xray"
    assert last == {"together": 0, "accepted": False, "reason": "no_slices"} | dict.fromkeys(FACTS)


def test_slices_are_counted_and_read_in_the_fields_of_a_file(classifier: Classifier) -> None:
    """A drawing is poorer than any training scan, so the gate's doubt is there, and decides."""
    pictures = [Picture(draw_chest(level, cavity), Format.JPEG) for level in range(3) for cavity in (40, 22)]
    (line,) = read_together(classifier, [accept(classifier, picture) for picture in pictures])
    assert list(line)[: 3 + len(FACTS)] == ["together", "accepted", "reason", *FACTS]
    assert line["together"] == 6
    assert line["modality"] == "cardiac_mri"
    assert line["label"] in {"Normal", "Sick"}
    assert line["uncertain"]
    assert "poor_image" in line["doubts"]
