from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.vocabulary import Modality
from reports.content.document import Document, Hospital, Patient, Technique
from reports.content.sample import ZONE, full_sample, sample

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)  # three in the afternoon in Madurai


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def amina() -> Document:
    """The sample: all content of the main job's report."""
    return sample(NOW)


@pytest.fixture(scope="session")
def unsure() -> Document:
    return sample(NOW, uncertain=True)


@pytest.fixture(scope="session")
def full() -> Document:
    """Every optional part at once."""
    return full_sample(NOW)


@pytest.fixture(scope="session")
def bare(amina: Document) -> Document:
    """The smallest valid report: no optional field has a value."""
    return replace(
        amina,
        hospital=Hospital(name="Sample District Hospital"),
        patient=Patient(name="Amina Sundaram", number="P-000123"),
        technique=Technique(modality=Modality.CHEST_XRAY),
        indication=None,
        assistance=None,
        reading=replace(amina.reading, findings="Lungs clear.", impression=None, recommendations=None),
        prescription=replace(amina.prescription, lines=(), note=None, no_medicine=True),
    )


@pytest.fixture(scope="session")
def zone():
    return ZONE
