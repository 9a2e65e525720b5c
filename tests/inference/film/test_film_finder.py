"""The film is found in a photograph of it, cut out exactly where its surround is even, and framed for the doctor."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.film.evenness import Box, find_uneven
from inference.film.finder import FilmFinder, Found
from inference.film.frame import is_cut
from inference.film.geometry import straighten
from inference.model.classifier import Classifier
from inference.robustness.surrounds import fill, surround_uneven, view_obliquely
from inference.upload.picture import Adjustment, Format, Picture, shrink
from models.vocabulary import Modality

Grey = NDArray[np.uint8]


@pytest.fixture(scope="module")
def film(radiograph: Picture) -> Grey:
    """The radiograph at the size of the training films."""
    return shrink(radiograph.grey, 320)


@pytest.fixture(scope="module")
def finder(classifier: Classifier) -> FilmFinder:
    assert classifier.bundle.chest is not None
    return FilmFinder(classifier.bundle.chest.finder, 1)


@pytest.mark.parametrize("tone", [0, 90, 255])
@pytest.mark.parametrize("share", [0.03, 0.16, 0.25])
def test_an_even_surround_is_cut_exactly(finder: FilmFinder, film: Grey, tone: int, share: float) -> None:
    """A light box, a viewer, a dark room: every pixel of the film remains, and none of the surround."""
    found = finder.find(fill(film, share, tone))
    assert np.array_equal(found.grey, film)
    assert is_cut(found)


def test_a_film_without_a_surround_is_left_as_it_is(finder: FilmFinder, film: Grey) -> None:
    found = finder.find(film)
    assert found.grey is film
    assert found.found is Found.WHOLE
    assert not is_cut(found)


def test_uneven_rows_and_columns_stop_the_cut() -> None:
    """By hand: a bright square of texture in a grey frame of 5, 7, 9 and 11 pixels."""
    grey = np.full((64, 80), 128, np.uint8)
    grey[5:-7, 9:-11] = np.random.default_rng(1).integers(0, 256, (52, 60))
    assert find_uneven(grey) == Box(5, 9, 57, 69)


def test_a_picture_of_one_tone_is_not_cut_to_nothing() -> None:
    assert find_uneven(np.full((40, 30), 7, np.uint8)) == Box(0, 0, 40, 30)


def test_a_film_on_a_table_is_found_within_a_few_percent(finder: FilmFinder, film: Grey) -> None:
    """Sloping light and texture around the film: its corners by the finder against those of the drawing."""
    found = finder.find(surround_uneven(film, 0.2, np.random.default_rng(1)))
    assert found.found is Found.CUT
    expected = np.array([[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]])
    assert np.abs(found.quad - expected).max() < 0.03


def test_a_film_seen_obliquely_is_put_straight(finder: FilmFinder, film: Grey) -> None:
    """Perspective is undone: the cut film resembles the film more than the photograph does."""
    photograph = view_obliquely(film, 0.08, np.random.default_rng(1))
    found = finder.find(photograph)
    assert found.found is Found.CUT
    likeness = [np.corrcoef(_small(one).ravel(), _small(film).ravel())[0, 1] for one in (found.grey, photograph)]
    assert likeness[0] > 0.95 > likeness[1]


def test_straightening_undoes_a_known_perspective(film: Grey) -> None:
    corners = np.array([[20, 30], [280, 10], [300, 310], [40, 290]], np.float32)
    height, width = film.shape
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = cv2.warpPerspective(film, cv2.getPerspectiveTransform(whole, corners), (320, 320)).astype(np.uint8)
    assert np.corrcoef(_small(straighten(seen, corners)).ravel(), _small(film).ravel())[0, 1] > 0.99


def test_the_doctor_sees_the_whole_picture_with_a_frame_around_the_film(classifier: Classifier, film: Grey) -> None:
    """The frame lies where the film was cut out; a picture of which nothing was cut has none."""
    photograph = Picture(fill(film, 0.2, 255), Format.JPEG)
    accepted = classifier.run_gate(photograph)
    assert Adjustment.CUT_OUT in accepted.picture.adjustments
    shown = _decode(accepted.display(photograph, 1024))
    assert shown.shape[:2] == photograph.grey.shape
    coloured = np.argwhere(np.ptp(shown.astype(int), axis=2) > 60)
    top, left = (photograph.grey.shape[n] - film.shape[n] for n in (0, 1))
    assert np.abs(coloured.min(axis=0) - (top // 2, left // 2)).max() <= 3
    alone = Picture(film, Format.JPEG)
    plain = _decode(classifier.run_gate(alone).display(alone, 1024))
    assert np.ptp(plain.astype(int), axis=2).max() == 0


def test_the_frame_turns_with_the_picture(classifier: Classifier, film: Grey) -> None:
    """A photograph taken sideways is shown upright, with its frame."""
    sideways = Picture(np.ascontiguousarray(np.rot90(fill(film, 0.2, 255))), Format.JPEG)
    accepted = classifier.run_gate(sideways)
    assert Adjustment.ROTATED in accepted.picture.adjustments
    assert accepted.modality is Modality.CHEST_XRAY
    assert _decode(accepted.display(sideways, 1024)).shape[:2] == sideways.grey.shape[::-1]


def _small(grey: Grey) -> NDArray[np.float32]:
    return cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)


def _decode(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
