"""Faults of a picture are named; correctable ones are corrected, and the correction is reported."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.model.bundle import Thresholds
from inference.model.classifier import Classifier
from inference.model.image_quality import Condition, correct_condition, find_fault, measure_quality
from inference.model.prediction import Doubt, find_doubts, pool_slices
from inference.upload.picture import Adjustment, Format, Picture
from models.vocabulary import Label, Modality

LIMITS = Thresholds(uncertain=0.75, distance=0.3, far=0.2, neither=0.5, condition=0.9, by_label={"COVID": 0.85})


def reason_for(classifier: Classifier, grey: NDArray[np.uint8]) -> Reason:
    with pytest.raises(Refused) as caught:
        classifier.check(Picture(grey, Format.JPEG))
    return caught.value.reason


def shares(**values: float) -> dict[Label, float]:
    return dict.fromkeys(Label, 0.0) | {Label(name): value for name, value in values.items()}


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_film_on_its_side_is_turned_and_said_so(classifier: Classifier, radiograph: Picture, quarters: int) -> None:
    """Purpose: a phone held sideways needs no second picture; the heat map fits the corrected picture."""
    upright = classifier.predict(radiograph)
    lying = replace(radiograph, grey=np.ascontiguousarray(np.rot90(radiograph.grey, quarters)))
    reading = classifier.predict(lying)
    assert Adjustment.ROTATED in reading.adjustments
    assert abs(reading.abnormal - upright.abnormal) < 0.05
    assert np.abs(reading.heatmap - upright.heatmap).max() < 0.15


def test_a_negative_is_inverted_and_said_so(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: a photographed negative reads like the film."""
    negative = Picture(255 - radiograph.grey, Format.JPEG)
    admission = classifier.run_gate(negative)
    assert admission.picture.adjustments == (Adjustment.INVERTED,)
    assert np.array_equal(admission.picture.grey, radiograph.grey)


def test_an_upright_film_is_left_alone(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: the correction must not damage a good film."""
    picture = classifier.run_gate(radiograph).picture
    assert picture.adjustments == radiograph.adjustments
    assert np.array_equal(picture.shown, radiograph.grey)


def test_one_tone_inside_a_frame_that_is_cut_off_is_blank(classifier: Classifier) -> None:
    """Purpose: the network's crop is empty, though the whole picture is not."""
    framed = np.zeros((400, 400), np.uint8)
    framed[8:-8, 8:-8] = 255
    assert reason_for(classifier, framed) is Reason.BLANK


def test_every_turn_is_undone() -> None:
    """Purpose: left and right are easily swapped; drawn by hand: the marker belongs to the top left."""
    upright = np.zeros((64, 80), np.uint8)
    upright[:8, :8] = 255
    lying = {
        Condition.QUARTER_LEFT: np.rot90(upright, 1),
        Condition.UPSIDE_DOWN: np.rot90(upright, 2),
        Condition.QUARTER_RIGHT: np.rot90(upright, 3),
    }
    for condition, grey in lying.items():
        assert np.array_equal(correct_condition(grey, condition)[0], upright)


def test_faults_of_a_real_film_are_named(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: dark, bright and blurred each get their own retake tip."""
    grey = radiograph.grey
    limits = classifier.bundle.limits[Modality.CHEST_XRAY].refuse
    assert find_fault(measure_quality(grey), limits) is None
    assert find_fault(measure_quality((grey * 0.08).astype(np.uint8)), limits) is Reason.TOO_DARK
    assert find_fault(measure_quality((255 - (255 - grey) * 0.08).astype(np.uint8)), limits) is Reason.TOO_BRIGHT
    assert find_fault(measure_quality(cv2.GaussianBlur(grey, (0, 0), 60).astype(np.uint8)), limits) is Reason.BLURRED


def test_a_burnt_reflection_is_glare(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: a lamp reflected in the screen hides the film under it; the bright edge of a film does not."""
    lamp = radiograph.grey.copy()
    cv2.circle(lamp, (900, 800), 420, (255,), -1)
    assert measure_quality(lamp).burnt > 0.1
    edge = np.full((200, 200), 100, np.uint8)
    edge[:, :60] = 255
    assert measure_quality(edge).burnt == 0


def test_half_a_film_is_not_read(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: the other lung may be the sick one."""
    width = radiograph.grey.shape[1]
    assert reason_for(classifier, np.ascontiguousarray(radiograph.grey[:, : width // 2])) in (
        Reason.CUT_OFF,
        Reason.NOT_A_SCAN,
        Reason.LATERAL,
    )


def test_doubts_are_said_for_their_reasons() -> None:
    """Purpose: a doctor reads the reason for each class."""
    sure = shares(COVID=0.86, Normal=0.14)
    assert find_doubts(Modality.CHEST_XRAY, sure, 0.1, LIMITS) == ()
    assert find_doubts(Modality.CHEST_XRAY, shares(COVID=0.84, Normal=0.16), 0.1, LIMITS) == (Doubt.LOW_CONFIDENCE,)
    assert find_doubts(Modality.CHEST_XRAY, shares(Normal=0.8, COVID=0.2), 0.25, LIMITS) == (Doubt.FAR_FROM_TRAINING,)
    assert find_doubts(Modality.CHEST_XRAY, shares(Normal=0.55, COVID=0.45), 0.1, LIMITS) == (
        Doubt.LOW_CONFIDENCE,
        Doubt.NEAR_CLASSES,
    )


def test_slices_of_one_heart_are_pooled(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: two confident slices outvote one Normal; the most confident one provides the heat map."""
    one = replace(classifier.predict(radiograph), modality=Modality.CARDIAC_MRI)
    slices = [replace(one, probabilities=shares(Sick=share, Normal=1 - share)) for share in (0.9, 0.95, 0.3)]
    pooled = pool_slices(slices, LIMITS)
    assert pooled.label is Label.SICK
    assert pooled.confidence == pytest.approx((0.9 + 0.95 + 0.3) / 3)
    assert pooled.uncertain
    assert pooled.abnormal == pytest.approx(pooled.confidence)
    shaken = pool_slices([replace(slices[0], doubts=(Doubt.UNSTABLE,)), *slices[1:]], LIMITS)
    assert Doubt.UNSTABLE in shaken.doubts, "a doubt about one slice is one about the heart"
    with pytest.raises(ValueError, match="one modality"):
        pool_slices([one, replace(one, modality=Modality.CHEST_XRAY)], LIMITS)
