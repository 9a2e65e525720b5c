"""Training input: augmentations, targets and masks."""

from dataclasses import replace

import numpy as np

from inference.model.bundle import OUTPUTS, ROUTER
from inference.model.image_quality import CONDITIONS, Condition
from inference.model.preprocess import Recipe, draw_canvas, equalise, scale
from ml.data.batches import build_dataset, corrupt_randomly, draw_batch, weigh
from ml.data.loader import OodPicture, sampling_weights
from ml.data.samples import Row, Split
from models.vocabulary import Label, Modality

FILM = np.random.default_rng(1).integers(0, 256, (90, 80)).astype(np.uint8)
CHEST = Row("c", Label.COVID, Modality.CHEST_XRAY, "here", "p", Split.TRAIN)
HEART = Row("h", Label.SICK, Modality.CARDIAC_MRI, "here", "q", Split.TRAIN)
DOG = OodPicture("d", "photo_animal", Split.TRAIN)
RECIPE = Recipe(size=64, equalise=0.5)


def test_films_come_in_every_condition_and_hearts_lie_as_they_like() -> None:
    """Purpose: a rotated heart is no fault, a rotated film is; an out-of-distribution picture has no condition at
    all.
    """
    rng = np.random.default_rng(3)
    assert {corrupt_randomly(FILM, CHEST, rng)[1] for _ in range(200)} == set(CONDITIONS)
    assert {corrupt_randomly(FILM, HEART, rng)[1] for _ in range(200)} == {Condition.FINE, Condition.INVERTED}
    assert len({corrupt_randomly(FILM, HEART, rng)[0].tobytes() for _ in range(200)}) == 8
    assert corrupt_randomly(FILM, DOG, rng) == (FILM, None)


def test_what_lies_wrong_is_asked_for_its_condition_and_not_for_a_diagnosis() -> None:
    """Purpose: half a chest must not teach a diagnosis."""
    items = [CHEST, HEART, DOG]
    dataset = build_dataset(items, [FILM] * 3, 0.0)
    _, expected, _ = draw_batch(dataset, np.repeat([0, 1, 2], 200), RECIPE, seed=5)
    scans, condition = expected[:400], expected[:400, OUTPUTS:]
    assert (condition.sum(axis=1) == 1).all()
    fine = condition[:, CONDITIONS.index(Condition.FINE)] == 1
    assert 0.6 < fine.mean() < 0.9
    assert (scans[fine, ROUTER.stop : OUTPUTS].sum(axis=1) == 1).all()
    assert not scans[~fine, ROUTER.stop : OUTPUTS].any()
    assert (scans[:, ROUTER].sum(axis=1) == 1).all()
    assert not expected[400:, ROUTER.stop :].any()


def test_degraded_films_keep_the_features_that_they_had_clean() -> None:
    """Hearts, other pictures and films that lie wrong have none to keep."""
    anchors = np.array([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]], np.float32)
    dataset = replace(build_dataset([CHEST, HEART, DOG], [FILM] * 3, 0.0), anchors=anchors)
    batch = draw_batch(dataset, np.repeat([0, 1, 2], 60), RECIPE, seed=5, strength=0.4, degraded=0.75)
    fine = batch.expected[:60, OUTPUTS + CONDITIONS.index(Condition.FINE)] == 1
    assert 0 < fine.sum() < 60
    assert (batch.anchors[:60][fine] == anchors[0]).all()
    assert not batch.anchors[:60][~fine].any()
    assert not batch.anchors[60:].any()


def test_a_share_of_upright_films_is_damaged() -> None:
    """At strength 0 nothing else changes a film."""
    dataset, clean = build_dataset([CHEST], [FILM], 0.0), scale(draw_canvas(FILM, RECIPE))
    images, _, _ = draw_batch(dataset, np.zeros(100, np.int64), RECIPE, seed=5, strength=0.0, degraded=0.5)
    assert 30 < sum(not np.array_equal(image, clean) for image in images) < 70


def test_shares_of_a_batch_outweigh_the_balance() -> None:
    items = [CHEST] * 3 + [HEART] * 5 + [DOG]
    assert np.allclose(weigh(items, 0.5, None), sampling_weights(items, 0.5))
    drawn = weigh(items, 0.5, (0.8, 0.15, 0.05))
    assert np.allclose([drawn[:3].sum(), drawn[3:8].sum(), drawn[8]], (0.8, 0.15, 0.05))
    assert np.allclose(weigh(items[:8], 0.5, (0.6, 0.2, 0.2))[:3].sum(), 0.75)  # no picture of the third kind


def test_a_look_back_sees_what_serving_draws() -> None:
    """Purpose: the validation loss is measured on unaugmented pictures."""
    images, expected, _ = draw_batch(build_dataset([CHEST], [FILM], 0.0), np.array([0]), RECIPE, seed=None)
    assert np.array_equal(images[0], scale(draw_canvas(FILM, RECIPE)))
    assert not expected[0, OUTPUTS:].any()


def test_equalising_goes_from_nothing_to_all() -> None:
    """Purpose: the share equals the one in the bundle's manifest."""
    dark = (FILM // 4).astype(np.uint8)
    assert np.array_equal(equalise(dark, 0.0), dark)
    assert equalise(dark, 1.0).max() == 255
    assert np.abs(equalise(dark, 0.5).astype(int) - (equalise(dark, 1.0).astype(int) + dark) / 2).max() <= 1
    assert np.array_equal(draw_canvas(dark, Recipe(size=80)), draw_canvas(dark, replace(RECIPE, size=80, equalise=0.0)))
