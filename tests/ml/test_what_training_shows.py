"""What the network is shown in training, and what is wanted of it."""

from dataclasses import replace

import numpy as np

from inference.model.bundle import OUTPUTS, ROUTER, Label, Modality
from inference.model.image_quality import CONDITIONS, Condition
from inference.model.preprocess import Recipe, draw_canvas, even_out, scale
from ml.data.loader import Strange
from ml.data.prepare import Row, Split
from ml.training.fine_tune import draw_batch, lay, make_album

FILM = np.random.default_rng(1).integers(0, 256, (90, 80)).astype(np.uint8)
CHEST = Row("c", Label.COVID, Modality.CHEST_XRAY, "here", "p", Split.TRAIN)
HEART = Row("h", Label.SICK, Modality.CARDIAC_MRI, "here", "q", Split.TRAIN)
DOG = Strange("d", "photo_animal", Split.TRAIN)
RECIPE = Recipe(size=64, equalise=0.5)


def test_films_come_in_every_condition_and_hearts_lie_as_they_like() -> None:
    """Purpose: a turned heart is no fault, a turned film is; what is no scan has no condition at all."""
    dice = np.random.default_rng(3)
    assert {lay(FILM, CHEST, dice)[1] for _ in range(200)} == set(CONDITIONS)
    assert {lay(FILM, HEART, dice)[1] for _ in range(200)} == {Condition.FINE, Condition.INVERTED}
    assert len({lay(FILM, HEART, dice)[0].tobytes() for _ in range(200)}) == 8
    assert lay(FILM, DOG, dice) == (FILM, None)


def test_what_lies_wrong_is_asked_for_its_condition_and_not_for_a_diagnosis() -> None:
    """Purpose: half a chest must not teach what COVID looks like."""
    items = [CHEST, HEART, DOG]
    album = make_album(items, [FILM] * 3, 0.0)
    _, wanted = draw_batch(album, np.repeat([0, 1, 2], 200), RECIPE, seed=5)
    scans, condition = wanted[:400], wanted[:400, OUTPUTS:]
    assert (condition.sum(axis=1) == 1).all()
    fine = condition[:, CONDITIONS.index(Condition.FINE)] == 1
    assert 0.6 < fine.mean() < 0.9
    assert (scans[fine, ROUTER.stop : OUTPUTS].sum(axis=1) == 1).all()
    assert not scans[~fine, ROUTER.stop : OUTPUTS].any()
    assert (scans[:, ROUTER].sum(axis=1) == 1).all()
    assert not wanted[400:, ROUTER.stop :].any()


def test_a_look_back_sees_what_serving_draws() -> None:
    """Purpose: the validation loss is that of pictures as they are."""
    images, wanted = draw_batch(make_album([CHEST], [FILM], 0.0), np.array([0]), RECIPE, seed=None)
    assert np.array_equal(images[0], scale(draw_canvas(FILM, RECIPE)))
    assert not wanted[0, OUTPUTS:].any()


def test_equalising_goes_from_nothing_to_all() -> None:
    """Purpose: the share is what the bundle's manifest says it is."""
    dark = (FILM // 4).astype(np.uint8)
    assert np.array_equal(even_out(dark, 0.0), dark)
    assert even_out(dark, 1.0).max() == 255
    assert np.abs(even_out(dark, 0.5).astype(int) - (even_out(dark, 1.0).astype(int) + dark) / 2).max() <= 1
    assert np.array_equal(draw_canvas(dark, Recipe(size=80)), draw_canvas(dark, replace(RECIPE, size=80, equalise=0.0)))
