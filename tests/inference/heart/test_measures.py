"""Measures of drawn hearts, whose right values follow from their radii."""

import numpy as np
import pytest

from inference.heart.measures import RATIOS, measure
from tests.support.hearts import draw_mask, outline_of


@pytest.mark.parametrize(("cavity", "wall"), [(40, 14), (30, 30), (60, 10), (20, 24)])
def test_a_round_heart_measures_what_its_radii_say(cavity: int, wall: int) -> None:
    """Purpose: cavity to muscle is r² / (R² - r²), the wall is even, the shape is round."""
    found = measure(outline_of(draw_mask(cavity, wall)))
    assert found is not None
    assert found.cavity_to_muscle == pytest.approx(cavity**2 / ((cavity + wall) ** 2 - cavity**2), rel=0.05)
    assert found.wall_to_radius == pytest.approx(wall / cavity, rel=0.07)
    assert found.thickest_to_thinnest == pytest.approx(1.0, abs=0.21)
    assert found.roundness == pytest.approx(1.0, abs=0.02)
    assert found.closed == 1.0


def test_a_flattened_heart_is_as_round_as_its_axes() -> None:
    """Purpose: roundness is the shorter axis to the longer."""
    found = measure(outline_of(draw_mask(squash=0.7)))
    assert found is not None
    assert found.cavity_roundness == pytest.approx(0.7, abs=0.02)


def test_the_ratios_do_not_know_how_large_the_heart_is_in_its_picture() -> None:
    """Purpose: a picture without a scale gives the same ratios; the areas grow with the square of the view."""
    near, far = (measure(outline_of(draw_mask(), side)) for side in (64.0, 128.0))
    assert near is not None
    assert far is not None
    assert [getattr(near, name) for name in RATIOS] == [getattr(far, name) for name in RATIOS]
    assert far.cavity == pytest.approx(4 * near.cavity)


def test_a_missing_side_of_the_wall_is_open_and_not_thin() -> None:
    """Purpose: at the base the muscle is a horseshoe; its gap does not count as the thinnest wall."""
    mask = draw_mask()
    mask[:100][mask[:100] == 2] = 0
    found = measure(outline_of(mask))
    assert found is not None
    assert 0.5 < found.closed < 0.9
    assert found.thickest_to_thinnest < 1.5


@pytest.mark.parametrize("missing", [2, 3])
def test_without_muscle_or_cavity_nothing_is_measured(missing: int) -> None:
    mask = draw_mask()
    mask[mask == missing] = 0
    assert measure(outline_of(mask)) is None


def test_a_heart_without_a_right_ventricle_has_none_of_it() -> None:
    mask = draw_mask()
    mask[mask == 1] = 0
    found = measure(outline_of(mask))
    assert found is not None
    assert found.right_to_left == found.right_fullness == found.right == 0.0


def test_an_outline_lies_on_its_slice_at_any_resolution() -> None:
    """Purpose: the doctor's card draws on the upload, which may be larger than what the network saw."""
    outline = outline_of(draw_mask())
    small, large = outline.over((256, 216)), outline.over((1024, 864))
    assert large.shape == (1024, 864)
    assert (large == 3).mean() == pytest.approx((small == 3).mean(), rel=0.03)
    for mask in (small, large):
        rows, columns = np.nonzero(mask == 3)
        assert rows.mean() / mask.shape[0] == pytest.approx(0.5, abs=0.01)
        assert columns.mean() / mask.shape[1] == pytest.approx(0.5, abs=0.01)
