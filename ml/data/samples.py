"""Samples of the training data and their splits."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from models.vocabulary import Label, Modality


class Split(StrEnum):
    """Split of a patient with all their pictures."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


SHARES: Final[Mapping[Split, float]] = {Split.TRAIN: 0.70, Split.VALIDATION: 0.15, Split.TEST: 0.15}


class Sample(NamedTuple):
    """One picture of the index."""

    file: str
    label: Label
    modality: Modality
    source: str
    patient: str


class Row(NamedTuple):
    """One picture of the manifest, with its split."""

    file: str
    label: Label
    modality: Modality
    source: str
    patient: str
    split: Split
