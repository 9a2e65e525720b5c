"""Find samples in the unpacked public data sets.

| data set | address | folders |
|---|---|---|
| COVID-19 Radiography Database | kaggle.com/datasets/tawsifurrahman/covid19-radiography-database | `COVID/images`, `Lung_Opacity/images`, `Normal/images`, `Viral Pneumonia/images`; the `masks` beside them are drawings of lungs, no films |
| NIH ChestX-ray14 | kaggle.com/datasets/nih-chest-xrays/data | `Data_Entry_2017.csv` and `images_0NN/images` |
| CAD Cardiac MRI | kaggle.com/datasets/danialsharifrazi/cad-cardiac-mri-dataset | `Normal` and `Sick`, in each a folder for every patient |
"""  # noqa: E501  a table's row is a line

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ml.data.samples import Sample
from models.vocabulary import Label, Modality

PICTURES: Final = frozenset({".png", ".jpg", ".jpeg"})
MASKS: Final = "masks"
NIH_TABLE: Final = "Data_Entry_2017*.csv"
NIH: Final = "nih-chestxray14"
RADIOGRAPHY: Final = "covid19-radiography-db"
CAD: Final = "cad-cardiac-mri"
FOLDERS: Final[Mapping[str, Label]] = {label.lower().replace("_", " "): label for label in Label}


def find_samples(root: Path) -> list[Sample]:
    """All scans below `root` in a known layout, with file names relative to it."""
    tables = sorted(root.rglob(NIH_TABLE))
    homes = sorted({folder.parent for folder in root.rglob("*") if folder.is_dir() and read_label(folder)})
    found = [sample for table in tables for sample in read_nih(root, table)]
    return found + [sample for home in homes for sample in read_classes(root, home)]


def read_label(folder: Path) -> Label | None:
    """The label that a folder's name stands for, or None."""
    return FOLDERS.get(folder.name.lower().replace("_", " "))


def read_nih(root: Path, table: Path) -> Iterator[Sample]:
    """Samples of ChestX-ray14: "No Finding" is Normal, any of the 14 findings NIH_MERGED; patients by the table."""
    pictures = {file.name: file for file in sorted(table.parent.rglob("*.png"))}
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if (file := pictures.get(row["Image Index"])) is None:
                continue  # the data set is downloaded in parts
            label = Label.NORMAL if row["Finding Labels"] == "No Finding" else Label.NIH_MERGED
            name = file.relative_to(root).as_posix()
            yield Sample(name, label, Modality.CHEST_XRAY, NIH, f"{NIH}:{int(row['Patient ID'])}")


def read_classes(root: Path, home: Path) -> Iterator[Sample]:
    """Samples of a folder per class. Cardiac classes have a folder per patient; each X-ray is its own patient."""
    classes = {folder: label for folder in sorted(home.iterdir()) if folder.is_dir() and (label := read_label(folder))}
    cardiac = Label.SICK in classes.values()
    source, modality = (CAD, Modality.CARDIAC_MRI) if cardiac else (RADIOGRAPHY, Modality.CHEST_XRAY)
    for folder, label in classes.items():
        for file in sorted(folder.rglob("*")):
            inside = file.relative_to(folder)
            if file.suffix.lower() in PICTURES and MASKS not in inside.parts:
                patient = inside.parts[0] if cardiac and len(inside.parts) > 1 else inside.stem
                yield Sample(file.relative_to(root).as_posix(), label, modality, source, f"{source}:{label}:{patient}")
