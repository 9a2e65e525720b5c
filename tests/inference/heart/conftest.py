"""The shipped heart, and slices with the normal patients' measures."""

from collections.abc import Callable

import pytest

from inference.heart.bundle import HeartBundle, default_heart, load_heart
from inference.heart.measures import SliceMeasures
from inference.heart.patient_reading import HeartReader


@pytest.fixture(scope="session")
def bundle() -> HeartBundle:
    return load_heart(default_heart())


@pytest.fixture(scope="session")
def reader(bundle: HeartBundle) -> HeartReader:
    return HeartReader(bundle)


@pytest.fixture
def usual_slice(bundle: HeartBundle) -> Callable[..., SliceMeasures]:
    """A slice with the normal patients' medians in one phase; keywords change them."""

    def make(phase: str, **changes: float) -> SliceMeasures:
        figures = {name: usual.median for name, usual in bundle.usual[phase].items()}
        cavity = 0.02 if phase == "rest" else 0.02 * bundle.usual["both"]["cavity_squeeze_to_rest"].median
        right = 0.02 if phase == "rest" else 0.02 * bundle.usual["both"]["right_squeeze_to_rest"].median
        sizes = {"closed": 1.0, "cavity": cavity, "muscle": 0.015, "right": right}
        return SliceMeasures(**(figures | sizes | changes))

    return make
