"""A bundle is accepted only when every hash and shape is right; otherwise the start stops with a clear message."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.errors import BundleError
from inference.model.bundle import MANIFEST, MODEL, TABLES, default_bundle, load_bundle
from inference.model.chest_bundle import ENSEMBLE, FEATURES, FINDER
from inference.model.classifier import Classifier
from inference.upload.picture import Picture
from models.vocabulary import Label, Modality


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(default_bundle(), tmp_path / "copy-1.0.0")


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def complaint(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        Classifier.load(folder)
    return str(caught.value)


def test_the_shipped_bundle_names_itself_and_its_quality() -> None:
    """Purpose: every report can name the model and its measured quality."""
    bundle = load_bundle(default_bundle())
    assert bundle.identity.name
    assert len(bundle.identity.sha256) == 64
    assert set(bundle.labels) == set(Label)
    measured = bundle.manifest["measured"]["test"]
    value, low, high = measured["accuracy"]
    assert low <= value <= high
    assert measured["patients"] > 900


def test_the_shipped_bundle_is_small() -> None:
    """Purpose: it is part of the repository."""
    assert sum(file.stat().st_size for file in default_bundle().iterdir()) < 22_000_000


@pytest.mark.parametrize("name", [MODEL, TABLES, FINDER, FEATURES, ENSEMBLE])
def test_a_changed_file_stops_the_start(copy: Path, name: str) -> None:
    """Purpose: one flipped bit in the weights is another model."""
    raw = bytearray((copy / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (copy / name).write_bytes(raw)
    assert name in complaint(copy)


@pytest.mark.parametrize("name", [MANIFEST, MODEL, TABLES, FINDER, FEATURES, ENSEMBLE])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    """Purpose: the operator learns which file to restore."""
    (copy / name).unlink()
    assert name in complaint(copy)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda m: m["labels"].pop(), "six classes"),
        (lambda m: m["labels"].append("Fracture"), "malformed"),
        (lambda m: m["input"].update(range=[0, 1]), "[-1, 1]"),
        (lambda m: m["thresholds"].pop("distance"), "incomplete"),
        (lambda m: m["input"]["recipe"].update(size=224), "shapes"),
        (lambda m: m.update(format="9.9"), "format 9.9"),
        (lambda m: m["chest"].pop("recipe"), "incomplete"),
        (lambda m: m["chest"]["bias"].pop(), "malformed"),
        (lambda m: m["chest"]["certain_at"]["damaged"].pop("COVID"), "incomplete"),
        (lambda m: m["chest"]["refuse"].update(loudness=[0, 1]), "malformed"),
        (lambda m: m.pop("version"), "incomplete"),
    ],
)
def test_a_manifest_that_does_not_fit_its_model_is_refused(
    copy: Path, change: Callable[[dict[str, Any]], object], word: str
) -> None:
    """Purpose: a wrong label order or input range gives plausible wrong answers."""
    edit(copy, change)
    assert word in complaint(copy)


def test_a_bundle_of_the_format_before_still_loads_and_reads(copy: Path, radiograph: Picture) -> None:
    """Purpose: a hospital may keep its own bundle, or run an older one as the shadow model."""
    edit(copy, lambda m: (m.pop("format"), m.pop("chest")))
    older = Classifier.load(copy)
    reading = older.predict(radiograph)
    assert older.bundle.chest is None
    assert reading.modality is Modality.CHEST_XRAY
    assert reading.adjustments == radiograph.adjustments


def test_a_bundle_of_format_1_3_has_no_probe_of_childrens_films(copy: Path, radiograph: Picture) -> None:
    """Purpose: the bundle of the release before stays usable."""
    edit(copy, lambda m: (m.update(format="1.3"), m["chest"].pop("child"), m["chest"]["certain_at"].pop("stable")))
    older = Classifier.load(copy)
    assert older.bundle.chest is not None
    assert older.bundle.chest.child is None
    assert older.bundle.chest.thresholds.stable == 1.0
    assert older.predict(radiograph).child_film is False


def test_another_threshold_is_another_identity(copy: Path) -> None:
    """Purpose: the hash on the report covers everything that decides, not the weights alone."""
    before = load_bundle(copy).identity.sha256
    edit(copy, lambda m: m["thresholds"].update(uncertain=0.5))
    assert load_bundle(copy).identity.sha256 != before


def test_a_head_of_another_shape_is_refused(copy: Path) -> None:
    """Purpose: heat maps from another network's head would look convincing."""
    import hashlib

    with np.load(copy / TABLES) as stored:
        tables = dict(stored)
    tables["output"] = tables["output"][:, :6]
    np.savez(copy / TABLES, allow_pickle=False, **tables)
    digest = hashlib.sha256((copy / TABLES).read_bytes()).hexdigest()
    edit(copy, lambda m: m["files"].update({TABLES: digest}))
    assert "head" in complaint(copy)
