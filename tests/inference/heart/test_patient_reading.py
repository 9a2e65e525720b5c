"""A heart's reading: one slice stays uncertain, an album may become sure, and what is no heart says so."""

from collections.abc import Callable

import numpy as np
import pytest

from inference.heart.bundle import HeartBundle
from inference.heart.measures import SliceMeasures
from inference.heart.patient_reading import HeartDoubt, HeartReader, Phases, predict_album
from inference.heart.phases import Pair
from inference.upload.picture import Picture
from models.vocabulary import Label

MakeSlice = Callable[..., SliceMeasures]


def album(
    make: MakeSlice, levels: int, rest: dict[str, float] | None = None, squeeze: dict[str, float] | None = None
) -> tuple[list[SliceMeasures], list[Pair]]:
    """Rest and squeeze of each level, with what is changed in either."""
    slices = [
        make(phase, **(own or {})) for _ in range(levels) for phase, own in (("rest", rest), ("squeeze", squeeze))
    ]
    return slices, [Pair(2 * level, 2 * level + 1) for level in range(levels)]


def test_a_heart_with_the_normal_patients_measures_is_normal(bundle: HeartBundle, usual_slice: MakeSlice) -> None:
    reading = predict_album(*album(usual_slice, 5), sent=10, bundle=bundle)
    assert reading.label is Label.NORMAL
    assert reading.phases is Phases.BOTH
    assert reading.slices == 10
    assert all(figure.usual and figure.usual.low <= figure.value <= figure.usual.high for figure in reading.figures)


THICK = {"wall_to_radius": 1.2, "wall_to_radius_greatest": 1.8, "cavity_to_muscle": 0.4}
WEAK = {"cavity": 0.018, "cavity_to_muscle": 1.3, "wall_to_radius": 0.3, "wall_to_radius_greatest": 0.4}
LARGE_RIGHT = {"right_to_left": 4.0, "right": 0.06}


@pytest.mark.parametrize(
    ("rest", "squeeze"),
    [(THICK, {"cavity_to_muscle": 0.1, "wall_to_radius": 2.5}), ({}, WEAK), (LARGE_RIGHT, LARGE_RIGHT)],
    ids=["a thick wall", "a weak squeeze", "a large right ventricle"],
)
def test_too_much_and_too_little_are_both_sick(
    bundle: HeartBundle, usual_slice: MakeSlice, rest: dict[str, float], squeeze: dict[str, float]
) -> None:
    """Purpose: a heart is normal in the middle; either side of it is abnormal."""
    reading = predict_album(*album(usual_slice, 5, rest, squeeze), sent=10, bundle=bundle)
    assert reading.label is Label.SICK
    assert reading.abnormal > 0.5


def test_one_slice_is_never_sure(bundle: HeartBundle, usual_slice: MakeSlice) -> None:
    """Purpose: however odd it looks, a single slice shows too little of a heart."""
    slice_ = usual_slice("rest", wall_to_radius=3.0, wall_to_radius_greatest=4.0, right_to_left=9.0)
    reading = predict_album([slice_], [], sent=1, bundle=bundle)
    assert reading.uncertain
    assert HeartDoubt.ONE_SLICE in reading.doubts


def test_a_few_slices_are_not_sure_either(bundle: HeartBundle, usual_slice: MakeSlice) -> None:
    slices, pairs = album(usual_slice, bundle.fewest - 1)
    few = slices[: bundle.fewest - 1]
    assert HeartDoubt.FEW_SLICES in predict_album(few, [], sent=9, bundle=bundle).doubts
    assert predict_album(slices, pairs, sent=len(slices), bundle=bundle).phases is Phases.ONE


def test_an_album_is_sure_exactly_beyond_its_thresholds(bundle: HeartBundle, usual_slice: MakeSlice) -> None:
    """Purpose: the thresholds that the validation chose decide, and nothing else where both phases are there."""
    seen = set()
    for right in np.geomspace(0.05, 20, 60):
        own = {"right_to_left": float(right)}
        reading = predict_album(*album(usual_slice, 5, own, own), sent=10, bundle=bundle)
        sure = reading.abnormal <= bundle.both.sure_normal or reading.abnormal >= bundle.both.sure_sick
        assert reading.uncertain is not sure
        assert (reading.confidence >= reading.threshold) is sure
        assert reading.label is (Label.SICK if reading.abnormal >= 0.5 else Label.NORMAL)
        seen.add((reading.label, sure))
    assert (Label.SICK, True) in seen


def test_what_shows_no_heart_is_uncertain_with_a_reason(reader: HeartReader, radiograph: Picture) -> None:
    """Purpose: noise, an even surface and a chest film have no outline or none of a heart's shape."""
    noise = np.random.default_rng(1).integers(0, 256, (256, 256)).astype(np.uint8)
    for grey in (noise, np.full((200, 256), 90, np.uint8), radiograph.grey):
        reading = reader.read([grey])
        assert reading.uncertain
        assert reading.phases is Phases.NONE
        assert set(reading.doubts) <= {HeartDoubt.NO_HEART, HeartDoubt.IMPLAUSIBLE}
        assert reading.figures == ()


def test_the_facts_have_the_fields_of_a_picture_s_reading(bundle: HeartBundle, usual_slice: MakeSlice) -> None:
    """Purpose: scripts read albums as they read files."""
    facts = predict_album(*album(usual_slice, 4), sent=8, bundle=bundle).as_json()
    assert list(facts)[:9] == [
        *("modality", "label", "confidence", "threshold", "uncertain", "abnormal", "probabilities", "doubts"),
        "adjustments",
    ]
    assert set(facts["probabilities"]) == {label.value for label in Label}
    assert sum(facts["probabilities"].values()) == pytest.approx(1.0)
    assert {"measure", "phase", "value", "usual"} == set(facts["measures"][0])
