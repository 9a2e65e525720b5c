"""The heart's part of a bundle is believed only when its hash and its tables are right."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference.errors import BundleError
from inference.heart.bundle import FACTS, SEGMENTER, default_heart, load_heart
from inference.heart.patient_reading import HeartReader
from inference.heart.segmenter import HeartSegmenter


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(default_heart(), tmp_path / "heart-9.9.9")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda facts: facts["files"].update({SEGMENTER: "0" * 64}), "not the one it names"),
        (lambda facts: facts.pop("models"), "malformed"),
        (lambda facts: facts["models"]["both"]["above"].pop(), "malformed"),
        (lambda facts: facts["plausible"].pop("closed"), "malformed"),
        (lambda facts: facts["usual"]["rest"].update(roundness=[1.0]), "malformed"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(copy: Path, change: Callable[[dict[str, Any]], object], word: str) -> None:
    facts = json.loads((copy / FACTS).read_text())
    change(facts)
    (copy / FACTS).write_text(json.dumps(facts))
    with pytest.raises(BundleError, match=word):
        load_heart(copy)


def test_missing_files_and_broken_json_are_said(copy: Path) -> None:
    (copy / FACTS).write_text("{")
    with pytest.raises(BundleError, match="no JSON"):
        load_heart(copy)
    (copy / FACTS).unlink()
    with pytest.raises(BundleError, match="lacks a file"):
        load_heart(copy)


def test_bytes_that_are_no_network_are_refused() -> None:
    with pytest.raises(BundleError, match="cannot be opened"):
        HeartSegmenter(b"no network")


def test_the_shipped_heart_is_small_and_says_what_it_reached(copy: Path) -> None:
    """Purpose: the bundle carries its measured quality, and its size keeps the promise."""
    assert HeartReader.load(copy) is not None
    bundle = load_heart(copy)
    assert len(bundle.segmenter) < 3_000_000
    assert bundle.identity.name == "heart"
    assert {"dice by patient and phase, out of fold", "albums"} <= set(bundle.facts["measured"])
