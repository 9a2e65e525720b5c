"""The model in plain numbers: both too much and too little of a measure are abnormal."""

import json
from typing import Any

import pytest

from inference.heart.deviation import Deviation

STORED: dict[str, Any] = {
    "names": ["wall", "right"],
    "middle": [-1.0, 0.0],
    "spread": [0.2, 0.5],
    "above": [1.0, 0.5],
    "below": [0.5, 2.0],
    "bias": -1.0,
    "sure_normal": 0.3,
    "sure_sick": 0.8,
}
USUAL = {"wall": 2.718281828**-1, "right": 1.0}


@pytest.mark.parametrize(
    ("changed", "logit"),
    [
        ({}, -1.0),
        ({"wall": 2.718281828**-0.6}, 1.0),  # two spreads above, weight 1
        ({"wall": 2.718281828**-1.4}, 0.0),  # two below, weight 0.5
        ({"right": 2.718281828**-0.5}, 1.0),  # one below, weight 2
        ({"wall": 1e9}, 5.0),  # no more than six spreads count
        ({"right": 0.0}, 11.0),  # no logarithm of nothing
    ],
)
def test_deviations_add_up_on_either_side(changed: dict[str, float], logit: float) -> None:
    """Purpose: the formula, written a second time by hand."""
    found = Deviation.load(STORED).predict(USUAL | changed)
    assert found == pytest.approx(1 / (1 + 2.718281828**-logit), rel=1e-4)


def test_a_missing_measure_is_an_error_and_not_a_zero() -> None:
    with pytest.raises(KeyError):
        Deviation.load(STORED).predict({"wall": 1.0})


@pytest.mark.parametrize(
    "change", [{"middle": [1.0]}, {"spread": [0.0, 1.0]}, {"sure_normal": 0.9}, {"above": ["x", 1]}]
)
def test_uneven_tables_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Deviation.load(json.loads(json.dumps(STORED | change)))
