"""The original project's data sets as they unpack, folders in and samples out.

| data set | address | what is found |
|---|---|---|
| COVID-19 Radiography Database | kaggle.com/datasets/tawsifurrahman/covid19-radiography-database | `COVID/images`, `Lung_Opacity/images`, `Normal/images`, `Viral Pneumonia/images`; the `masks` beside them are drawings of lungs, no films |
| NIH ChestX-ray14 | kaggle.com/datasets/nih-chest-xrays/data | `Data_Entry_2017.csv` and `images_0NN/images` |
| CAD Cardiac MRI | kaggle.com/datasets/danialsharifrazi/cad-cardiac-mri-dataset | `Normal` and `Sick`, in each a folder for every patient |
"""  # noqa: E501  a table's row is a line

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from inference.model.bundle import Label, Modality
from ml.data.prepare import Sample

PICTURES: Final = frozenset({".png", ".jpg", ".jpeg"})
MASKS: Final = "masks"
NIH_TABLE: Final = "Data_Entry_2017*.csv"
NIH: Final = "nih-chestxray14"
RADIOGRAPHY: Final = "covid19-radiography-db"
CAD: Final = "cad-cardiac-mri"
FOLDERS: Final[Mapping[str, Label]] = {label.lower().replace("_", " "): label for label in Label}


def find_samples(root: Path) -> list[Sample]:
    """Every scan below `root`, named relative to it; what lies in no known layout is left alone."""
    tables = sorted(root.rglob(NIH_TABLE))
    homes = sorted({folder.parent for folder in root.rglob("*") if folder.is_dir() and read_label(folder)})
    found = [sample for table in tables for sample in read_nih(root, table)]
    return found + [sample for home in homes for sample in read_classes(root, home)]


def read_label(folder: Path) -> Label | None:
    """What a folder's name says its pictures show."""
    return FOLDERS.get(folder.name.lower().replace("_", " "))


def read_nih(root: Path, table: Path) -> Iterator[Sample]:
    """No Finding is Normal, any of the fourteen findings is NIH_MERGED; the table knows the patients."""
    pictures = {file.name: file for file in sorted(table.parent.rglob("*.png"))}
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if (file := pictures.get(row["Image Index"])) is None:
                continue  # the parts of this data set are fetched one by one
            label = Label.NORMAL if row["Finding Labels"] == "No Finding" else Label.NIH_MERGED
            name = file.relative_to(root).as_posix()
            yield Sample(name, label, Modality.CHEST_XRAY, NIH, f"{NIH}:{int(row['Patient ID'])}")


def read_classes(root: Path, home: Path) -> Iterator[Sample]:
    """A folder for each class; hearts have one for each patient in it, films have no patient but themselves."""
    classes = {folder: label for folder in sorted(home.iterdir()) if folder.is_dir() and (label := read_label(folder))}
    cardiac = Label.SICK in classes.values()
    source, modality = (CAD, Modality.CARDIAC_MRI) if cardiac else (RADIOGRAPHY, Modality.CHEST_XRAY)
    for folder, label in classes.items():
        for file in sorted(folder.rglob("*")):
            inside = file.relative_to(folder)
            if file.suffix.lower() in PICTURES and MASKS not in inside.parts:
                patient = inside.parts[0] if cardiac and len(inside.parts) > 1 else inside.stem
                yield Sample(file.relative_to(root).as_posix(), label, modality, source, f"{source}:{label}:{patient}")
