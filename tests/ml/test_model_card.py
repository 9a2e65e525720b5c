"""The model card agrees with the bundle's measurements, and corruptions agree with the gate's corrections."""

from pathlib import Path

import numpy as np
import pytest

from inference.model.bundle import default_bundle, load_bundle
from inference.model.image_quality import CORRECTABLE, Condition, correct_condition
from ml.data.augment import augment
from ml.data.corruptions import CORRUPTIONS
from ml.evaluation.card import CARD, END, START, describe, write_card


def test_the_cards_figures_are_the_bundles() -> None:
    """Purpose: figures are not edited by hand, and a new bundle needs a new card."""
    manifest = load_bundle(default_bundle()).manifest
    written = CARD.read_text(encoding="utf-8").partition(START)[2].partition(END)[0]
    assert written.strip() == "\n".join(describe(manifest)).strip()


def test_writing_the_card_leaves_the_rest_alone(tmp_path: Path) -> None:
    """Purpose: limits and licences are written by people."""
    copy = tmp_path / "card.md"
    copy.write_text(f"before\n{START}\nwritten by hand\n{END}\nafter\n", encoding="utf-8")
    write_card(load_bundle(default_bundle()).manifest, copy)
    text = copy.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "written by hand" not in text


@pytest.mark.parametrize("condition", CORRECTABLE)
def test_what_is_spoilt_on_purpose_is_put_right(condition: Condition) -> None:
    """Purpose: the probe's training labels and the gate's correction mean the same rotation."""
    rng = np.random.default_rng(1)
    film = rng.integers(0, 256, (80, 64)).astype(np.uint8)
    assert np.array_equal(correct_condition(CORRUPTIONS[condition](film, rng), condition)[0], film)


def test_every_spoiler_changes_the_film_but_fine() -> None:
    """Purpose: a corruption without effect would teach the probe noise."""
    film = np.random.default_rng(2).integers(0, 256, (96, 96)).astype(np.uint8)
    for condition, corruption in CORRUPTIONS.items():
        same = np.array_equal(corruption(film.copy(), np.random.default_rng(3)), film)
        assert same == (condition is Condition.FINE)


def test_the_same_rng_gives_the_same_view() -> None:
    """Purpose: a training run can be repeated."""
    film = np.random.default_rng(4).integers(0, 256, (128, 100)).astype(np.uint8)
    one, again, other = (augment(film, np.random.default_rng(seed)) for seed in (8, 8, 9))
    assert np.array_equal(one, again)
    assert one.shape == other.shape == film.shape
    assert not np.array_equal(one, other)
