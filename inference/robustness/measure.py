"""Measure what a classifier says of films that are degraded on purpose: the core of `csss robust`."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import BRANCHES
from inference.robustness.degradations import DEGRADATIONS, Degradation
from models.vocabulary import Label, Modality

INDEX: Final = "scans.csv"
CLEAN: Final = "clean"
PICTURES: Final = frozenset({".png", ".jpg", ".jpeg"})
Grey = NDArray[np.uint8]


class LabelledFilm(NamedTuple):
    """A chest film and its class."""

    file: Path
    label: Label


class Answer(NamedTuple):
    """One film's answer; `label` is None when it was refused."""

    label: Label | None
    sure: bool


@dataclass(frozen=True)
class Row:
    """One degradation at one strength; all shares are from 0 to 1, those without films to count are None."""

    degradation: str
    strength: float
    unit: str
    trained: bool  # whether training and thresholds drew from this kind
    mild: bool  # whether accuracy has to be kept at this strength
    films: int
    refused: float
    sure: float
    right_where_sure: float | None
    sure_and_wrong: float
    accuracy_admitted: float | None


def list_films(folder: Path, each: int, seed: int) -> list[LabelledFilm]:
    """At most `each` chest films of every class, one for a patient, drawn by `seed`.

    Reads `scans.csv` (file, label, modality, patient) where there is one, else a folder for each class.
    """
    found = list(read_index(folder / INDEX)) if (folder / INDEX).exists() else list(walk_folders(folder))
    rng = np.random.default_rng(seed)
    chosen = []
    for label in BRANCHES[Modality.CHEST_XRAY]:
        patients = {patient: film for patient, film in found if film.label is label}
        own = [patients[patient] for patient in sorted(patients)]
        chosen += [own[n] for n in sorted(rng.permutation(len(own))[:each].tolist())]
    return chosen


def read_index(path: Path) -> Iterator[tuple[str, LabelledFilm]]:
    """Patients and films of a training index."""
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["modality"] == Modality.CHEST_XRAY.value:
                yield row["patient"], LabelledFilm(path.parent / row["file"], Label(row["label"]))


def walk_folders(folder: Path) -> Iterator[tuple[str, LabelledFilm]]:
    """Films below folders that are named as the classes are; every file is a patient of its own."""
    names = {label.value.lower().replace("_", " "): label for label in BRANCHES[Modality.CHEST_XRAY]}
    for file in sorted(folder.rglob("*")):
        parents = (part.lower().replace("_", " ") for part in file.relative_to(folder).parts[:-1])
        label = next((names[part] for part in parents if part in names), None)
        if label is not None and file.suffix.lower() in PICTURES:
            yield file.as_posix(), LabelledFilm(file, label)


def measure_robustness(
    films: Sequence[tuple[Grey, Label]],
    classify: Callable[[Grey], Answer],
    seed: int,
    degradations: Iterable[Degradation] = DEGRADATIONS,
) -> Iterator[Row]:
    """Clean films first, then every degradation at every strength; the seed and a film's place decide its damage."""
    yield summarise(CLEAN, 0.0, None, [(classify(grey), label) for grey, label in films])
    for number, degradation in enumerate(degradations):
        for strength in degradation.strengths:
            answers = []
            for place, (grey, label) in enumerate(films):
                rng = np.random.default_rng([seed, number, place])
                answers.append((classify(degradation.apply(grey, strength, rng)), label))
            yield summarise(degradation.name, strength, degradation, answers)


def summarise(
    name: str, strength: float, degradation: Degradation | None, answers: Sequence[tuple[Answer, Label]]
) -> Row:
    """Shares of all films, and of those that were admitted or answered surely."""
    admitted = [answer.label is label for answer, label in answers if answer.label is not None]
    sure = [answer.label is label for answer, label in answers if answer.label is not None and answer.sure]
    count = max(1, len(answers))
    return Row(
        degradation=name,
        strength=strength,
        unit=degradation.unit if degradation else "",
        trained=degradation is None or degradation.trained,
        mild=degradation is None or strength in degradation.mild,
        films=len(answers),
        refused=round(1 - len(admitted) / count, 4),
        sure=round(len(sure) / count, 4),
        right_where_sure=share(sure),
        sure_and_wrong=round((len(sure) - sum(sure)) / count, 4),
        accuracy_admitted=share(admitted),
    )


def share(right: Sequence[bool]) -> float | None:
    """Share of right ones, or None of none."""
    return round(float(np.mean(right)), 4) if right else None


def describe(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Plain values for JSON."""
    return [asdict(row) for row in rows]
