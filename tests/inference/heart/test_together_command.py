"""`csss classify --together`: the files as slices of one heart, and one line more."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.classify import FACTS, classify, read_together
from inference.upload.picture import Format, Picture
from tests.support.hearts import draw_chest


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(classify)
    return app


def test_files_without_a_heart_end_with_a_line_that_says_so(app: typer.Typer, tmp_path: Path, film: bytes) -> None:
    """Purpose: a chest film is read as ever and is no slice of a heart."""
    (tmp_path / "film.jpg").write_bytes(film)
    result = CliRunner().invoke(app, [str(tmp_path), "--json", "--together"])
    first, last = (json.loads(line) for line in result.stdout.splitlines())
    assert first["modality"] == "chest_xray"
    assert last == {"together": 0, "accepted": False, "reason": "no_slices"} | dict.fromkeys(FACTS)


def test_slices_are_counted_and_read_in_the_fields_of_a_file() -> None:
    slices = [Picture(draw_chest(level, cavity), Format.JPEG) for level in range(3) for cavity in (40, 22)]
    (line,) = read_together(slices)
    assert list(line)[: 3 + len(FACTS)] == ["together", "accepted", "reason", *FACTS]
    assert line["together"] == 6
    assert line["modality"] == "cardiac_mri"
    assert line["label"] in {"Normal", "Sick"}
