"""Reading of slices that passed the intake gate: the gate's doubts about their pictures count, too."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from inference.heart.patient_reading import HeartReader, HeartReading, SliceResult
from inference.model.classifier import Classifier, GateResult
from inference.model.prediction import Doubt


class AcceptedAlbum(NamedTuple):
    """The reading of one heart, and the result for each of its slices in their order."""

    reading: HeartReading
    slices: list[SliceResult]


def read_accepted(classifier: Classifier, hearts: HeartReader, album: Sequence[GateResult]) -> AcceptedAlbum:
    """Read the slices of one heart. A slice that is poor or far from the training scans makes it uncertain."""
    greys = [one.picture.grey for one in album]
    slices = [hearts.measure_slice(grey) for grey in greys]
    reading = hearts.read(greys, slices)
    doubts = (
        (any(one.forward.distance > classifier.bundle.thresholds.far for one in album), Doubt.FAR_FROM_TRAINING),
        (any(classifier.is_poor(one) for one in album), Doubt.POOR_IMAGE),
    )
    found = [doubt for holds, doubt in doubts if holds]
    return AcceptedAlbum(replace(reading, doubts=(*reading.doubts, *found)), slices)
