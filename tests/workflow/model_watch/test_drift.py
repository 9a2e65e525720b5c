"""Control limits: chance alone raises no alert, a real change does."""

import random

import pytest

from workflow.model_watch.drift import MIN_HISTORY, WINDOW, agreement_dropped, inputs_drifted


@pytest.mark.parametrize(
    ("before", "latest", "rings"),
    [
        ((100, 95), (50, 47), False),  # (decisions, of them agreed)
        ((100, 95), (50, 30), True),
        ((100, 100), (50, 49), False),
        ((100, 100), (50, 40), True),
        ((100, 50), (50, 50), False),  # better than usual is no alert
        ((MIN_HISTORY - 1, MIN_HISTORY - 1), (50, 0), False),  # too few decisions to compare with
    ],
)
def test_agreement_rings_when_it_falls_below_three_standard_errors(
    before: tuple[int, int], latest: tuple[int, int], rings: bool
) -> None:
    decisions = [index < agreed for count, agreed in (before, latest) for index in range(count)]
    assert agreement_dropped(decisions) is rings


@pytest.mark.parametrize(("shift", "rings"), [(0.0, False), (0.002, False), (0.03, True), (-0.03, True)])
def test_pictures_ring_when_their_distance_moves_either_way(shift: float, rings: bool) -> None:
    chance = random.Random(42)
    distances = [chance.gauss(0.1, 0.03) for _ in range(200)]
    distances += [chance.gauss(0.1 + shift, 0.03) for _ in range(WINDOW)]
    assert inputs_drifted(distances) is rings


def test_an_unchanged_model_rarely_rings() -> None:
    """Over 400 windows of chance at 90 % agreement, at most a few alert (three standard errors: about 1 in 300)."""
    chance = random.Random(7)
    alerts = sum(agreement_dropped([chance.random() < 0.9 for _ in range(300)]) for _ in range(400))
    assert alerts <= 12
