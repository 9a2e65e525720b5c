"""`csss classify` in scripts and in a terminal."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import typer
from typer.testing import CliRunner

from bot.cli.classify import classify

FIELDS = [
    *("file", "accepted", "reason", "modality", "label", "confidence", "threshold", "uncertain", "abnormal"),
    "probabilities",
]


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(classify)
    return app


@pytest.fixture
def folder(tmp_path: Path, film: bytes, png: bytes) -> Path:
    (tmp_path / "b").mkdir()
    (tmp_path / "a film.jpg").write_bytes(film)
    (tmp_path / "b" / "pattern.png").write_bytes(png)
    (tmp_path / "b" / "notes.txt").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(film[:-9])
    return tmp_path


def test_a_script_gets_one_json_line_per_file_and_nothing_else(app: typer.Typer, folder: Path) -> None:
    """Purpose: the documented contract, folders walked in order."""
    result = CliRunner().invoke(app, [str(folder), "--json"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [Path(line["file"]).name for line in lines] == ["a film.jpg", "pattern.png", "cut.jpg"]
    assert [(line["accepted"], line["reason"]) for line in lines] == [
        (True, None),
        (False, "not_a_scan"),
        (False, "truncated"),
    ]
    assert all(list(line)[: len(FIELDS)] == FIELDS for line in lines)
    assert len(lines[0]["probabilities"]) == 6
    assert lines[0]["modality"] == "chest_xray"
    assert lines[1]["label"] is lines[1]["probabilities"] is None


def test_a_person_gets_a_table_that_says_what_it_is_worth(app: typer.Typer, folder: Path) -> None:
    """Purpose: every AI output states that it replaces no clinician."""
    result = CliRunner().invoke(app, [str(folder)], env={"COLUMNS": "160"})
    assert "replaces none" in result.stdout
    assert "not_a_scan" in result.stdout


def test_the_heat_map_is_written_as_a_picture(app: typer.Typer, folder: Path) -> None:
    """Purpose: --heatmap OUT.png is a PNG, not a JPEG by another name."""
    target = folder / "heat.png"
    result = CliRunner().invoke(app, [str(folder / "a film.jpg"), "--heatmap", str(target), "--json"])
    assert result.exit_code == 0
    assert target.read_bytes().startswith(b"\x89PNG")
    drawn = cv2.imread(str(target))
    assert drawn is not None
    assert max(drawn.shape) == 1024


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["missing.jpg"], 2, "no such file"),
        (["cut.jpg", "--json"], 1, ""),
        (["a film.jpg", "cut.jpg", "--heatmap", "x.png"], 2, "exactly one"),
        (["a film.jpg", "--bundle", "b"], 2, "manifest.json"),
    ],
)
def test_mistakes_end_with_a_sentence_and_a_bad_exit(
    app: typer.Typer, folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, word: str
) -> None:
    """Purpose: a script can distinguish failure from an empty result."""
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code
    assert word in result.stderr
    assert "Traceback" not in result.output


def test_the_table_shows_the_end_of_a_long_path(app: typer.Typer, tmp_path: Path, film: bytes) -> None:
    """The end names the file; the beginning is the same for every row."""
    folder = tmp_path / ("long-" * 20)
    folder.mkdir()
    (folder / "film.jpg").write_bytes(film)
    output = CliRunner().invoke(app, [str(folder)], env={"COLUMNS": "80"}).stdout
    [row] = [line for line in output.splitlines() if "chest_xray" in line]
    cell = row.split("│")[1].strip()
    assert cell.startswith("…")
    assert cell.endswith("film.jpg")


def test_the_network_reports_nothing_on_standard_error(tmp_path: Path, film: bytes) -> None:
    """LiteRT writes a line about its delegate to standard error, from C++."""
    (tmp_path / "film.jpg").write_bytes(film)
    command = [sys.executable, "-m", "bot", "classify", "--json", str(tmp_path / "film.jpg")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["accepted"]
    assert done.stderr == ""
