"""The original data sets in their unpacked layout become samples: masks left out, patients kept together."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from ml.data.layouts import find_samples
from ml.data.prepare import app, read_manifest
from ml.data.samples import Sample
from models.vocabulary import Label, Modality

NIH_TABLE = """Image Index,Finding Labels,Follow-up #,Patient ID
00000001_000.png,Cardiomegaly|Effusion,0,1
00000001_001.png,No Finding,1,1
00000002_000.png,No Finding,0,2
00000003_000.png,Mass,0,3
"""


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    films = [f"COVID-19_Radiography_Dataset/{kind}/images/{kind}-{n}.png" for kind in RADIOGRAPHY for n in (1, 2)]
    masks = [f"COVID-19_Radiography_Dataset/{kind}/masks/{kind}-{n}.png" for kind in RADIOGRAPHY for n in (1, 2)]
    nih = ["nih/images_001/images/00000001_000.png", "nih/images_001/images/00000001_001.png"]
    nih += ["nih/images_002/images/00000002_000.png"]  # the third part was not fetched
    hearts = [
        f"cad/{kind}/Directory_{n}/SR_{m}/im{m}.jpg" for kind in ("Normal", "Sick") for n in (1, 2) for m in (1, 2)
    ]
    for number, name in enumerate([*films, *masks, *nih, *hearts]):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), np.random.default_rng(number).integers(0, 255, (96, 96), np.uint8))
    (tmp_path / "nih" / "Data_Entry_2017.csv").write_text(NIH_TABLE, encoding="utf-8")
    return tmp_path


RADIOGRAPHY = ("COVID", "Lung_Opacity", "Normal", "Viral Pneumonia")


def test_lung_masks_are_no_films(unpacked: Path) -> None:
    """Purpose: the original project counted them, and half of its X-rays were drawings."""
    films = [sample for sample in find_samples(unpacked) if sample.source == "covid19-radiography-db"]
    assert len(films) == 8
    assert not [film for film in films if "masks" in film.file]
    assert {film.label for film in films} == {Label.COVID, Label.LUNG_OPACITY, Label.NORMAL, Label.VIRAL_PNEUMONIA}


def test_the_table_of_the_nih_knows_findings_and_patients(unpacked: Path) -> None:
    """Purpose: a patient with a finding on one film and none on the next is still one patient."""
    films = [sample for sample in find_samples(unpacked) if sample.source == "nih-chestxray14"]
    assert [(film.label, film.patient) for film in films] == [
        (Label.NIH_MERGED, "nih-chestxray14:1"),
        (Label.NORMAL, "nih-chestxray14:1"),
        (Label.NORMAL, "nih-chestxray14:2"),
    ]


def test_a_heart_is_a_folder_of_slices(unpacked: Path) -> None:
    """Purpose: the first folder of Normal and the first of Sick are two patients; their slices stay together."""
    hearts = [sample for sample in find_samples(unpacked) if sample.modality is Modality.CARDIAC_MRI]
    assert len(hearts) == 8
    assert len({heart.patient for heart in hearts}) == 4
    assert {heart.label for heart in hearts} == {Label.NORMAL, Label.SICK}


def test_the_command_splits_an_unpacked_folder(unpacked: Path) -> None:
    """Purpose: it writes a manifest that training reads, with file names relative to the folder."""
    written = unpacked / "split.csv.gz"
    shown = CliRunner().invoke(app, ["prepare", str(unpacked), "--manifest", str(written)])
    assert shown.exit_code == 0, shown.output
    rows = read_manifest(written)
    assert {Sample(*row[:5]) for row in rows} == set(find_samples(unpacked))
    assert all((unpacked / row.file).exists() for row in rows)


def test_a_folder_without_scans_is_said_so(tmp_path: Path) -> None:
    """Purpose: an empty split would be noticed only after an hour of training."""
    shown = CliRunner().invoke(app, ["prepare", str(tmp_path), "--manifest", str(tmp_path / "s.gz")])
    assert shown.exit_code == 2
    assert "no scans found" in shown.output
