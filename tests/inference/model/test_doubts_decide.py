"""A certain answer needs every doubt to be absent; a damaged picture is refused with the reason that helps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.film.finder import WHOLE, Film, Found
from inference.model.chest_reader import ChestReader, Examination
from inference.model.classifier import Classifier
from inference.model.ensemble import Assessment, CertaintyThresholds, ChildProbe, Routing
from inference.model.prediction import Doubt, is_uncertain
from inference.robustness.damage import (
    add_noise,
    compress_jpeg,
    draw_lines,
    enlarge_thumbnail,
    fax,
    reduce_levels,
    shrink_to,
)
from inference.robustness.surrounds import surround_black, surround_white
from inference.upload.open import open_picture
from inference.upload.picture import Format, Picture, shrink
from models.vocabulary import Label

CASES = Path(__file__).parents[4] / "shared" / "cases"
SURE = Assessment(np.array([0.02, 0.01, 0.01, 0.95, 0.01]), lowest=0.93, agree=True)
BAR = 0.88
Grey = NDArray[np.uint8]


@pytest.fixture(scope="module")
def film(radiograph: Picture) -> Grey:
    return shrink(radiograph.levelled().grey, 320)


@pytest.fixture(scope="module")
def reader(classifier: Classifier) -> ChestReader:
    assert classifier.bundle.chest is not None
    return ChestReader(classifier.bundle.chest, 1)


@pytest.fixture(scope="module")
def near(reader: ChestReader, film: Grey) -> Examination:
    """The radiograph's measurements, moved to the middle of the training films."""
    own = reader.examine(film, film)
    return own._replace(routing=Routing(own.routing.shares, 0.15, 0.9))


def found(film: Grey, how: Found) -> Film:
    return Film(film, WHOLE, how, 1.0)


def test_a_near_clear_stable_answer_of_both_networks_has_no_doubt(
    reader: ChestReader, near: Examination, film: Grey
) -> None:
    doubts = reader.find_doubts(SURE, found(film, Found.WHOLE), near, BAR, poor=False)
    assert doubts == ()
    assert not is_uncertain(doubts)


@pytest.mark.parametrize("doubt", list(Doubt))
def test_every_doubt_alone_makes_the_answer_uncertain(doubt: Doubt) -> None:
    """Every doubt on the card decides; a doubt that only informs does not exist."""
    assert is_uncertain([doubt])


def test_each_measurement_raises_its_own_doubt(reader: ChestReader, near: Examination, film: Grey) -> None:
    """One changed figure at a time, everything else certain."""
    whole, far = found(film, Found.WHOLE), near._replace(routing=near.routing._replace(chest_distance=0.31))
    split = Assessment(np.array([0.50, 0.0, 0.0, 0.40, 0.10]), 0.5, True)
    assert reader.find_doubts(SURE, whole, far, BAR, False) == (Doubt.FAR_FROM_TRAINING,)
    assert reader.find_doubts(SURE._replace(agree=False), whole, near, BAR, False) == (Doubt.NETWORKS_DISAGREE,)
    assert reader.find_doubts(SURE._replace(lowest=0.4), whole, near, BAR, False) == (Doubt.UNSTABLE,)
    assert reader.find_doubts(SURE, found(film, Found.UNCLEAR), near, BAR, False) == (Doubt.FILM_UNCLEAR,)
    assert reader.find_doubts(split, whole, near, 0.4, False) == (Doubt.NEAR_CLASSES,)
    assert reader.find_doubts(SURE, whole, near, 0.99, False) == (Doubt.LOW_CONFIDENCE,)
    assert reader.find_doubts(SURE, whole, near, 0.99, True) == (Doubt.LOW_CONFIDENCE, Doubt.POOR_IMAGE)


def test_a_damaged_film_keeps_its_whole_probability_under_disturbance(
    reader: ChestReader, near: Examination, film: Grey
) -> None:
    """A sound film keeps its class; bundles before format 1.4 ask the whole of both."""
    whole, shaken = found(film, Found.WHOLE), SURE._replace(lowest=0.7)
    assert reader.find_doubts(shaken, whole, near, BAR, poor=False) == ()
    assert reader.find_doubts(shaken, whole, near, BAR, poor=True) == (Doubt.POOR_IMAGE, Doubt.UNSTABLE)
    before = CertaintyThresholds(reader.model.thresholds.sound, reader.model.thresholds.damaged)
    assert before.to_keep(BAR, damaged=False) == before.to_keep(BAR, damaged=True) == BAR


def test_the_probe_of_childrens_films_divides_at_its_threshold() -> None:
    """By hand: along one of two features, of any length."""
    probe = ChildProbe(np.array([4.0, 0.0], np.float32), bias=-2.0, above=0.5)
    assert probe.accepts(np.array([30.0, 1.0], np.float32))
    assert not probe.accepts(np.array([1.0, 30.0], np.float32))


def test_an_adults_radiograph_is_not_taken_for_a_childs(reader: ChestReader, film: Grey) -> None:
    assert not reader.is_child_film(reader.examine(film, film))


def test_a_film_that_was_cut_out_or_is_damaged_needs_more(reader: ChestReader, near: Examination, film: Grey) -> None:
    """Two groups of films, each with its own thresholds; the damaged one's are never lower."""
    assert not reader.is_damaged(found(film, Found.WHOLE), near)
    assert reader.is_damaged(found(film, Found.CUT), near)
    noisy = near._replace(defects=near.defects._replace(noise=9.0))
    assert reader.is_damaged(found(film, Found.WHOLE), noisy)
    for label in (Label.COVID, Label.NORMAL, Label.LUNG_OPACITY, Label.NIH_MERGED, Label.VIRAL_PNEUMONIA):
        thresholds = reader.model.thresholds
        assert thresholds.for_label(label, damaged=True) >= thresholds.for_label(label, damaged=False)


@pytest.mark.parametrize("label", [Label.NIH_MERGED, Label.VIRAL_PNEUMONIA])
def test_classes_that_validation_did_not_support_are_never_certain(reader: ChestReader, label: Label) -> None:
    for damaged in (False, True):
        assert reader.model.thresholds.for_label(label, damaged) > 1


def test_a_surround_changes_nothing_but_what_is_said_of_it(classifier: Classifier, film: Grey) -> None:
    """A film on a light box or in a dark room has the answer of the film alone, to the last digit."""
    alone = classifier.predict(Picture(film, Format.PNG))
    for photograph in (surround_white(film, 0.16), surround_black(film, 0.12)):
        reading = classifier.predict(Picture(photograph, Format.PNG))
        assert reading.probabilities == pytest.approx(alone.probabilities, abs=1e-9)
        assert reading.uncertain or not alone.uncertain


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (lambda film, rng: add_noise(film, 60, rng), Reason.NOISY),
        (lambda film, _: compress_jpeg(film, 5), Reason.COMPRESSED),
        (lambda film, _: reduce_levels(film, 4), Reason.FEW_LEVELS),
        (lambda film, rng: fax(film, 0, rng), Reason.FEW_LEVELS),
        (lambda film, rng: draw_lines(film, 25, rng), Reason.SCREEN_PHOTO),
        (lambda film, _: shrink_to(film, 85), Reason.TOO_SMALL),
        (lambda film, _: enlarge_thumbnail(film, 24), Reason.BLURRED),
    ],
)
def test_a_film_too_poor_to_read_is_refused_with_its_reason(
    classifier: Classifier, film: Grey, damaged: object, reason: Reason
) -> None:
    """Before any label: each kind of damage has its own sentence and advice."""
    assert callable(damaged)
    with pytest.raises(Refused) as caught:
        classifier.predict(Picture(damaged(film, np.random.default_rng(1)), Format.PNG))
    assert caught.value.reason is reason


def test_a_large_fax_has_few_levels_too(classifier: Classifier, radiograph: Picture) -> None:
    """Shrinking a fax mixes its two tones; they are counted before."""
    with pytest.raises(Refused) as caught:
        classifier.predict(Picture(fax(shrink(radiograph.grey, 1024), 0, np.random.default_rng(1)), Format.PNG))
    assert caught.value.reason is Reason.FEW_LEVELS


def test_a_threshold_of_the_manifest_moves_the_answer(classifier: Classifier, film: Grey) -> None:
    """The minimum confidence of every class holds for the ensemble as well."""
    bundle = classifier.bundle
    strict = Classifier(replace(bundle, thresholds=replace(bundle.thresholds, uncertain=1.01)))
    reading = strict.predict(Picture(film, Format.PNG))
    assert reading.uncertain
    assert reading.threshold == 1.0


@pytest.mark.parametrize("folder", ["01-framed-film-normal", "03-noise-covid"])
def test_public_films_that_were_surely_wrong_are_refused_or_uncertain(classifier: Classifier, folder: str) -> None:
    """Tuberculosis on a light box was "Normal 97 %", a healthy film with noise "COVID 99.6 %"."""
    files = sorted((CASES / folder).glob("*_*"))
    if not files:
        pytest.skip("the cases do not lie beside this checkout")
    for file in files:
        try:
            reading = classifier.predict(open_picture(file.read_bytes()))
        except Refused:
            continue
        assert reading.uncertain, file.name


def test_other_organs_and_portraits_are_no_hearts(classifier: Classifier) -> None:
    """Public CT, a phantom and a portrait were taken for cardiac MRI."""
    files = sorted((CASES / "02-not-a-heart").glob("*_*.png")) + sorted((CASES / "02-not-a-heart").glob("*.jpg"))
    if not files:
        pytest.skip("the cases do not lie beside this checkout")
    for file in files:
        with pytest.raises(Refused) as caught:
            classifier.check(open_picture(file.read_bytes()))
        assert caught.value.reason in (Reason.NOT_A_SCAN, Reason.WRONG_BODY_PART), file.name
