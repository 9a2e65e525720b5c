"""The classifier on a real radiograph and on pictures that are no scan."""

import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.model.bundle import BRANCHES, Temperatures
from inference.model.classifier import DECODED_SIDE, Classifier
from inference.model.prediction import Doubt, combine_branches
from inference.model.preprocess import Recipe, check_range, draw_canvas, scale
from inference.model.softmax import softmax
from inference.upload.open import open_picture
from inference.upload.picture import Format, Picture
from models.vocabulary import Label, Modality


def test_a_real_radiograph_is_read_as_a_chest(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: bytes in, six probabilities out, with the model's name; the film shows round masses in both lungs."""
    reading = classifier.predict(radiograph)
    assert reading.modality is Modality.CHEST_XRAY
    assert list(reading.probabilities) == list(classifier.bundle.labels)
    assert sum(reading.probabilities.values()) == pytest.approx(1.0, abs=1e-6)
    assert reading.confidence == reading.probabilities[reading.label]
    assert reading.abnormal == pytest.approx(1 - reading.probabilities[Label.NORMAL])
    assert reading.abnormal > 0.5
    assert reading.model == classifier.identity


def test_the_same_film_by_another_way_reads_alike(classifier: Classifier, radiograph: Picture, film: bytes) -> None:
    """Purpose: DICOM, a messenger's JPEG and a reduced decoding are one film."""
    first = classifier.predict(radiograph)
    for picture in (open_picture(film), open_picture(film, DECODED_SIDE), open_picture(radiograph.jpeg(75))):
        other = classifier.predict(picture)
        assert abs(other.abnormal - first.abnormal) < 0.15


def test_uncertain_means_that_a_doubt_is_said(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: "Uncertain" on the doctor's card follows the manifest, and never contradicts the sentences below it."""
    reading, limits = classifier.predict(radiograph), classifier.bundle.thresholds
    assert (Doubt.LOW_CONFIDENCE in reading.doubts) == (reading.confidence < reading.threshold)
    assert reading.uncertain == bool(reading.doubts)
    assert reading.threshold >= limits.uncertain >= 0.75


def test_hearts_have_no_say_in_a_film_of_the_chest(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: the ensemble's classes share what the router gives to the chest; Sick gets the rest."""
    accepted = classifier.run_gate(radiograph)
    assert accepted.examination is not None
    chest, heart = accepted.examination.routing.shares[:2]
    probabilities = classifier.predict_accepted(accepted).probabilities
    assert probabilities[Label.SICK] <= heart / (chest + heart)
    assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-6)


def test_what_is_no_scan_is_refused_and_never_labelled(classifier: Classifier, pattern: NDArray[np.uint8]) -> None:
    """Purpose: promise 4: no label for a picture that is not a supported scan."""
    noise = np.random.default_rng(7).integers(0, 256, (300, 300), np.uint8)
    page = np.full((400, 300), 250, np.uint8)
    for row in range(30, 380, 24):
        cv2.putText(page, "Total 12.50", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20,), 2)
    for grey in (noise, page, pattern):
        for ask in (classifier.check, classifier.predict):
            with pytest.raises(Refused) as caught:
                ask(Picture(grey, Format.PNG))
            assert caught.value.reason in (Reason.NOT_A_SCAN, Reason.WRONG_BODY_PART)


def test_the_gate_alone_names_the_kind_of_scan(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: intake may run hours before analysis."""
    assert classifier.check(radiograph) is Modality.CHEST_XRAY


def test_many_threads_get_the_answers_of_one(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: one interpreter is shared; its buffers must not mix two patients."""
    mirrored = Picture(np.ascontiguousarray(radiograph.grey[:, ::-1]), Format.PNG)
    alone = [classifier.forward(one).logits for one in (radiograph, mirrored)]
    assert not np.allclose(*alone)
    start = threading.Barrier(4)

    def ask(number: int) -> bool:
        start.wait()
        one = (radiograph, mirrored)[number % 2]
        return all(np.array_equal(classifier.forward(one).logits, alone[number % 2]) for _ in range(5))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(4)))


def test_six_probabilities_are_the_product_of_router_and_branch() -> None:
    """Purpose: by hand: half chest, half heart; Normal is the only class that both can give."""
    logits = np.zeros(10, np.float32)
    shares = combine_branches(logits, Temperatures(1, 1, 1))
    assert shares[Label.NORMAL] == pytest.approx(0.5 / 5 + 0.5 / 2)
    assert shares[Label.SICK] == pytest.approx(0.25)
    assert shares[Label.COVID] == pytest.approx(0.1)
    assert sum(shares.values()) == pytest.approx(1)
    assert {label for branch in BRANCHES.values() for label in branch} == set(Label)


def test_a_temperature_cools_only_its_own_branch() -> None:
    """Purpose: calibrating hearts must not change lungs."""
    logits = np.array([2, 1, 0, 3, 0, 0, 0, 0, 2, 0], np.float32)
    warm, cool = combine_branches(logits, Temperatures(1, 1, 1)), combine_branches(logits, Temperatures(1, 1, 9))
    assert cool[Label.COVID] == warm[Label.COVID]
    assert cool[Label.SICK] != warm[Label.SICK]


def test_softmax_survives_large_numbers() -> None:
    """Purpose: an overflow would make NaN of a confidence."""
    assert softmax(np.array([1000.0, 0.0], np.float32)).tolist() == [1.0, 0.0]


def test_a_wrong_input_range_is_refused_loudly() -> None:
    """Purpose: [0, 1] instead of [-1, 1] costs 13 points of accuracy and raises no error by itself."""
    right = scale(np.array([[0, 255]], np.uint8))
    check_range(right)
    for wrong in ((right + 1) / 2, (right + 1) * 127.5, right * 2):
        with pytest.raises(ValueError, match="span"):
            check_range(wrong)


def test_the_canvas_is_the_same_for_any_size_of_the_same_film(radiograph: Picture) -> None:
    """Purpose: resolution must not reveal the source: a film and its thumbnail give the same input."""
    recipe = Recipe(crop=0.06, side=160, blur=0.7, equalise=1.0)
    small = cv2.resize(radiograph.grey, (400, 424), interpolation=cv2.INTER_AREA).astype(np.uint8)
    one, other = draw_canvas(radiograph.grey, recipe), draw_canvas(small, recipe)
    assert one.shape == (224, 224)
    assert np.abs(one.astype(int) - other).mean() < 4


def test_the_border_never_reaches_the_network(radiograph: Picture) -> None:
    """Purpose: markers and collimator edges in the border identify the hospital."""
    recipe = Recipe(crop=0.06)
    painted = radiograph.grey.copy()
    painted[:100], painted[-100:], painted[:, :100], painted[:, -100:] = 255, 255, 255, 255
    assert np.array_equal(draw_canvas(painted, recipe), draw_canvas(radiograph.grey, recipe))
