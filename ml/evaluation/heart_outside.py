"""The heart's reading at a hospital that training has not seen: Sunnybrook, as it is served."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from inference.heart.patient_reading import HeartReader, HeartReading, Phases
from ml.data.pictures import read_grey
from ml.evaluation.heart_metrics import bootstrap, measure_auc, measure_balanced, share
from models.vocabulary import Label

SOURCE: Final = "sunnybrook"
BEAT: Final = 20  # pictures of one level in Sunnybrook's numbering; the first is at rest


class Read(NamedTuple):
    """One patient's album with its reading."""

    patient: str
    sick: bool
    reading: HeartReading


def read_outside(data: Path, reader: HeartReader, rest_alone: bool = False) -> list[Read]:
    """A reading of every patient from all of their slices, or from those at rest."""
    files: dict[tuple[str, bool], list[str]] = defaultdict(list)
    with (data / "scans.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["source"] == SOURCE and not (rest_alone and number(row["file"]) % BEAT):
                files[row["patient"], row["label"] == Label.SICK].append(row["file"])
    return [
        Read(patient, sick, reader.read([read_grey(data / file) for file in own]))
        for (patient, sick), own in sorted(files.items())
    ]


def number(file: str) -> int:
    """The picture's number, the last before its endings."""
    return int(Path(file).name.split(".")[0].split("-")[-1])


def describe_outside(reads: Sequence[Read], seed: int) -> dict[str, Any]:
    """The figures of the patients that had an outline, and how many had none."""
    found = [one for one in reads if one.reading.phases is not Phases.NONE]
    sick = np.array([one.sick for one in found])
    probabilities = np.array([one.reading.abnormal for one in found])
    sure = [one for one in found if not one.reading.uncertain]
    right = np.array([(one.reading.label is Label.SICK) == one.sick for one in sure], bool)
    return {
        "patients": len(reads),
        "normal": sum(not one.sick for one in reads),
        "without an outline": len(reads) - len(found),
        "both phases found": sum(one.reading.phases is Phases.BOTH for one in found),
        "auc": measure_auc(sick, probabilities),
        "auc interval": bootstrap(measure_auc, sick, probabilities, seed),
        "balanced accuracy": measure_balanced(sick, probabilities),
        "balanced accuracy interval": bootstrap(measure_balanced, sick, probabilities, seed),
        "sure": len(sure) / len(reads),
        "right where sure": share(right),
        "sure and wrong": int((~right).sum()),
    }
