"""The split: by patient, repeatable, and identical to the committed one."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.model.bundle import default_bundle, load_bundle
from ml.data.near_duplicates import find_near_duplicates
from ml.data.prepare import group_patients, hash_manifest, read_index, read_manifest, split_patients, write_manifest
from ml.data.samples import Row, Sample, Split
from models.vocabulary import Label, Modality

INDEX = Path(__file__).parents[3] / "shared" / "data" / "scans.csv"


@pytest.fixture(scope="module")
def manifest() -> list[Row]:
    return read_manifest()


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    if not INDEX.exists():
        pytest.skip("the scans are not beside this checkout")
    return read_index(INDEX)


def make(number: int, label: Label = Label.NORMAL, source: str = "here", patient: str = "") -> Sample:
    return Sample(f"{number}.jpg", label, Modality.CHEST_XRAY, source, patient or f"p{number}")


def test_no_patient_is_on_two_sides(manifest: list[Row]) -> None:
    """Purpose: this leak made the original project's figure worthless."""
    sides: dict[str, set[Split]] = {}
    for row in manifest:
        sides.setdefault(row.patient, set()).add(row.split)
    assert len(sides) > 7000
    assert all(len(side) == 1 for side in sides.values())


def test_every_label_of_every_source_is_shared_out_alike(manifest: list[Row]) -> None:
    """Purpose: a split that leaves out a small group measures nothing about it."""
    patients = {(row.label, row.source, row.patient, row.split) for row in manifest}
    counts = Counter((label, source, split) for label, source, _, split in patients)
    for label, source in {(row.label, row.source) for row in manifest}:
        total = sum(counts[label, source, split] for split in Split)
        assert counts[label, source, Split.TRAIN] / total == pytest.approx(0.70, abs=0.12)
        assert min(counts[label, source, Split.VALIDATION], counts[label, source, Split.TEST]) >= 1


def test_the_committed_manifest_is_what_the_index_gives(manifest: list[Row], samples: list[Sample]) -> None:
    """Purpose: nobody has edited the split by hand."""
    assert sorted(split_patients(samples)) == manifest


def test_the_bundle_was_made_with_the_committed_split() -> None:
    """Purpose: the measured figures belong to this split and no other."""
    assert load_bundle(default_bundle()).manifest["split"] == hash_manifest()


def test_the_split_depends_on_the_seed_and_not_on_the_order() -> None:
    """Purpose: the same data give the same split on every machine."""
    samples = [make(number) for number in range(100)]
    first = split_patients(samples)
    assert sorted(split_patients(samples[::-1])) == sorted(first)
    assert split_patients(samples, seed=7) != first
    assert Counter(row.split for row in first) == {Split.TRAIN: 70, Split.VALIDATION: 15, Split.TEST: 15}


def test_a_patient_with_two_labels_stays_whole() -> None:
    """Purpose: a patient normal in spring and opaque in autumn is still one patient."""
    samples = [make(number) for number in range(50)]
    samples += [make(100 + number, Label.LUNG_OPACITY, patient=f"p{number}") for number in range(20)]
    rows = split_patients(samples)
    assert all(len({row.split for row in rows if row.patient == f"p{n}"}) == 1 for n in range(50))


def test_patients_who_share_a_picture_are_one_group() -> None:
    """Purpose: a near-duplicate under another patient's name leaks as well."""
    samples = [make(number) for number in range(6)]
    groups = group_patients(samples, [("p1", "p2"), ("p2", "p5")])
    assert groups["p1"] == groups["p2"] == groups["p5"]
    assert len(set(groups.values())) == 4


def test_the_manifest_survives_writing_and_reading(tmp_path: Path) -> None:
    """Purpose: the hash covers the content, independent of compression."""
    rows = split_patients([make(number, source='a, "b"') for number in range(9)])
    digest = write_manifest(rows, tmp_path / "split.csv.gz")
    assert read_manifest(tmp_path / "split.csv.gz") == sorted(rows)
    assert hash_manifest(tmp_path / "split.csv.gz") == digest


def test_a_recompressed_copy_is_a_near_duplicate_and_another_film_is_not(tmp_path: Path) -> None:
    """Purpose: the perceptual hash ignores JPEG quality, brightness and size."""
    rng = np.random.default_rng(3)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (256, 256)).astype(np.uint8), (0, 0), 9)
    scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)
    other = cv2.normalize(
        cv2.GaussianBlur(rng.integers(0, 256, (256, 256)).astype(np.uint8), (0, 0), 9), None, 0, 255, 32
    )
    cv2.imwrite(str(tmp_path / "0.jpg"), scene)
    cv2.imwrite(str(tmp_path / "1.jpg"), cv2.resize(scene, (200, 200)) // 2 + 40, [cv2.IMWRITE_JPEG_QUALITY, 40])
    cv2.imwrite(str(tmp_path / "2.jpg"), other)
    assert find_near_duplicates(tmp_path, [make(0), make(1), make(2)]) == [("p0", "p1")]
