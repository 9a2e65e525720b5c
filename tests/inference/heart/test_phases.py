"""Slices of one level find each other by what lies around the heart."""

import cv2
import numpy as np
import pytest

from inference.heart.phases import pair_phases
from tests.support.hearts import draw_chest, draw_mask, outline_of


def test_rest_and_squeeze_of_each_level_are_paired_in_any_order() -> None:
    """Purpose: an album comes as it was picked; the larger cavity is the one at rest."""
    order = [(2, 22), (0, 40), (1, 22), (2, 40), (1, 40), (0, 22)]
    greys = [draw_chest(level, cavity) for level, cavity in order]
    outlines = [outline_of(draw_mask(cavity)) for _, cavity in order]
    pairs = pair_phases(greys, outlines, [float(cavity) for _, cavity in order])
    assert sorted(pairs) == [(1, 5), (3, 0), (4, 2)]


@pytest.mark.parametrize("quality", [90, 40, 15])
def test_a_messenger_s_recompression_leaves_the_pairs(quality: int) -> None:
    greys = [
        np.asarray(cv2.imdecode(cv2.imencode(".jpg", draw_chest(level, cavity), [1, quality])[1], 0))
        for level in range(3)
        for cavity in (40, 22)
    ]
    outlines = [outline_of(draw_mask(cavity)) for _ in range(3) for cavity in (40, 22)]
    assert sorted(pair_phases(greys, outlines, [2.0, 1.0] * 3)) == [(0, 1), (2, 3), (4, 5)]


def test_levels_of_one_phase_are_not_paired() -> None:
    """Purpose: neighbours may look alike, but they are not one level twice."""
    greys = [draw_chest(level) for level in range(5)]
    assert pair_phases(greys, [outline_of(draw_mask())] * 5, [1.0] * 5) == []
    assert pair_phases(greys[:1], [outline_of(draw_mask())], [1.0]) == []
