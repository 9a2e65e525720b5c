"""Training input: augmentations, targets and masks."""

from dataclasses import replace

import numpy as np

from inference.model.bundle import OUTPUTS, ROUTER
from inference.model.image_quality import CONDITIONS, Condition
from inference.model.preprocess import Recipe, draw_canvas, equalise, scale
from ml.data.loader import OodPicture
from ml.data.samples import Row, Split
from ml.training.fine_tune import build_dataset, corrupt_randomly, draw_batch
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
    _, expected = draw_batch(dataset, np.repeat([0, 1, 2], 200), RECIPE, seed=5)
    scans, condition = expected[:400], expected[:400, OUTPUTS:]
    assert (condition.sum(axis=1) == 1).all()
    fine = condition[:, CONDITIONS.index(Condition.FINE)] == 1
    assert 0.6 < fine.mean() < 0.9
    assert (scans[fine, ROUTER.stop : OUTPUTS].sum(axis=1) == 1).all()
    assert not scans[~fine, ROUTER.stop : OUTPUTS].any()
    assert (scans[:, ROUTER].sum(axis=1) == 1).all()
    assert not expected[400:, ROUTER.stop :].any()


def test_a_look_back_sees_what_serving_draws() -> None:
    """Purpose: the validation loss is measured on unaugmented pictures."""
    images, expected = draw_batch(build_dataset([CHEST], [FILM], 0.0), np.array([0]), RECIPE, seed=None)
    assert np.array_equal(images[0], scale(draw_canvas(FILM, RECIPE)))
    assert not expected[0, OUTPUTS:].any()


def test_equalising_goes_from_nothing_to_all() -> None:
    """Purpose: the share equals the one in the bundle's manifest."""
    dark = (FILM // 4).astype(np.uint8)
    assert np.array_equal(equalise(dark, 0.0), dark)
    assert equalise(dark, 1.0).max() == 255
    assert np.abs(equalise(dark, 0.5).astype(int) - (equalise(dark, 1.0).astype(int) + dark) / 2).max() <= 1
    assert np.array_equal(draw_canvas(dark, Recipe(size=80)), draw_canvas(dark, replace(RECIPE, size=80, equalise=0.0)))
