"""`csss robust`: films degraded on purpose, as table, JSON and plot."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.dev.demo import sample
from inference.robustness.degradations import DEGRADATIONS
from inference.robustness.measure import Answer, list_films, measure_robustness
from models.vocabulary import Label


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An index of three films of two patients, as the training data have it."""
    columns = ("file", "label", "modality", "source", "patient")
    films = [("a.jpg", "Normal", "p1"), ("b.jpg", "Normal", "p1"), ("c.jpg", "COVID", "p2")]
    with (tmp_path / "scans.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for name, label, patient in films:
            (tmp_path / name).write_bytes(sample().data)
            writer.writerow((name, label, "chest_xray", "here", patient))
        writer.writerow(("heart.jpg", "Sick", "cardiac_mri", "here", "p3"))
    return tmp_path


@pytest.mark.slow
def test_json_holds_one_row_for_each_strength_and_the_clean_films(data: Path, tmp_path: Path) -> None:
    plot = tmp_path / "robust.svg"
    arguments = ["robust", str(data), "--json", "--only", "noise", "--plot", str(plot)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["model"] == "mobilenetv2"
    assert [(row["degradation"], row["strength"]) for row in answer["rows"]] == [
        ("clean", 0.0),
        *(("noise", float(strength)) for strength in (8, 15, 30, 60)),
    ]
    assert all(row["films"] == 2 for row in answer["rows"])
    assert answer["rows"][0]["refused"] == 0.0
    drawn = ET.fromstring(plot.read_text(encoding="utf-8"))
    assert len([one for one in drawn.iter() if one.tag.endswith("rect")]) == 1 + 4 + 4 * 5


@pytest.mark.slow
def test_a_person_gets_a_table(data: Path) -> None:
    result = CliRunner().invoke(app, ["robust", str(data), "--only", "gamma"], env={"COLUMNS": "140"})
    assert "sure and wrong" in result.stdout
    assert "gamma* 0.5 exponent" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing"], "no such folder"),
        (["."], "no chest films"),
        ([".", "--only", "rain"], "no such degradation"),
        ([".", "--plot", "x.png"], "SVG"),
    ],
)
def test_mistakes_end_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["robust", *arguments])
    assert result.exit_code == 2
    assert words in result.stderr


def test_folders_named_as_the_classes_are_an_index_too(tmp_path: Path) -> None:
    for folder, name in (("COVID", "1.png"), ("lung opacity", "2.jpg"), ("other", "3.jpg")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(b"")
    films = list_films(tmp_path, each=5, seed=1)
    assert [(film.file.name, film.label) for film in films] == [("1.png", Label.COVID), ("2.jpg", Label.LUNG_OPACITY)]


def test_every_degradation_is_seeded_and_changes_the_film() -> None:
    """The same seed gives the same damage; a third of the kinds and more are kept from training."""
    film = np.asarray(np.add.outer(np.arange(260), np.arange(240)) % 256, np.uint8)
    for kind in DEGRADATIONS:
        for strength in kind.strengths:
            one, again = (kind.apply(film, strength, np.random.default_rng(3)) for _ in range(2))
            assert one.dtype == np.uint8
            assert np.array_equal(one, again), kind.name
            assert not np.array_equal(one, film), kind.name
    assert sum(not kind.trained for kind in DEGRADATIONS) >= len(DEGRADATIONS) / 3


def test_shares_are_counted_by_hand() -> None:
    """Four films: one refused, one certain and wrong, one certain and right, one uncertain and right."""
    answers = iter(
        [Answer(None, False), Answer(Label.COVID, True), Answer(Label.NORMAL, True), Answer(Label.NORMAL, False)]
    )
    film = np.zeros((8, 8), np.uint8)
    [row] = measure_robustness([(film, Label.NORMAL)] * 4, lambda _: next(answers), 1, [])
    assert (row.refused, row.sure, row.right_where_sure, row.sure_and_wrong) == (0.25, 0.5, 0.5, 0.25)
    assert row.accuracy_admitted == pytest.approx(2 / 3, abs=1e-4)
