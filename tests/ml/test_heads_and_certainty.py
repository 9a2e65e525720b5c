"""Heads learn what can be learned; thresholds keep the error that they promise."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np

from inference.model.softmax import softmax
from inference.robustness.degradations import DEGRADATIONS
from ml.data.degraded_views import RANGES, view
from ml.training.certainty import NEVER, Trials, choose_certainty, find_lowest
from ml.training.heads import HeadsConfig, find_gradients, fit_heads

CONFIG = HeadsConfig(**tomllib.loads((Path(__file__).parents[2] / "ml/configs/heads.toml").read_text(encoding="utf-8")))
SMALL = replace(CONFIG, seeds=(0, 1), hidden=16, epochs=30, batch=32, rate=1e-2, dropout=0.2)


def test_heads_learn_separable_features() -> None:
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 3, 300)
    features = (rng.normal(0, 0.3, (300, 8)) + 2 * np.eye(3, 8)[targets]).astype(np.float16)
    heads = fit_heads(features, targets, np.ones(300), SMALL)
    assert heads.hidden.shape == (2, 8, 16)
    assert np.mean(heads.run(features.astype(np.float32)).argmax(axis=1) == targets) > 0.97


def test_gradients_agree_with_differences() -> None:
    """By finite differences of the mean cross-entropy, without dropout."""
    rng = np.random.default_rng(2)
    shapes = ((4, 5), (5,), (5, 3), (3,))
    head = [rng.normal(0, 1, shape).astype(np.float32) for shape in shapes]
    inputs, wanted = rng.normal(0, 1, (6, 4)).astype(np.float32), np.eye(3, dtype=np.float32)[rng.integers(0, 3, 6)]

    def loss() -> float:
        shares = softmax(np.maximum(inputs @ head[0] + head[1], 0) @ head[2] + head[3])
        return float(-np.log((shares * wanted).sum(axis=1)).mean())

    gradients = find_gradients(head, inputs, wanted, np.ones((6, 5), np.float32))
    for array, gradient in zip(head, gradients, strict=True):
        before = float(array.flat[0])
        array.flat[0] = before + 1e-2
        above = loss()
        array.flat[0] = before - 1e-2
        below = loss()
        array.flat[0] = before
        assert abs((above - below) / 2e-2 - float(gradient.flat[0])) < 1e-2


def trials(lowest: list[float], right: list[bool], setting: str = "clean") -> Trials:
    """Answers of class 0 to sound films, repeated twenty times."""
    count = 20 * len(lowest)
    return Trials(
        predicted=np.zeros(count, np.int64),
        probability=np.tile(lowest, 20),
        right=np.tile(right, 20),
        damaged=np.zeros(count, bool),
        clean=np.full(count, setting == "clean"),
        weight=np.ones(count),
        setting=np.full(count, setting),
    )


def test_the_threshold_is_the_lowest_that_keeps_the_error() -> None:
    """By hand: answers at 0.6 are wrong, those at 0.8 and 0.95 are right."""
    threshold = find_lowest(trials([0.6, 0.8, 0.95], [False, True, True]), 0, damaged=False, error=0.04)
    assert 0.6 < threshold <= 0.8


def test_a_class_without_support_is_never_certain() -> None:
    assert find_lowest(trials([0.6, 0.8, 0.95], [False, False, False]), 0, damaged=False, error=0.04) == NEVER
    chosen = choose_certainty(trials([0.9], [True]), np.zeros((2, 2)), 0.04, 0.03)
    assert chosen[1].tolist() == [NEVER, NEVER]


def test_a_floor_is_kept_and_a_damaged_film_needs_no_less() -> None:
    """Damaged films without answers of their own are never certain; a floor above 1 silences a class."""
    tested = trials([0.9] * 2, [True] * 2)
    free, raised, silent = (choose_certainty(tested, np.full((1, 2), floor), 0.04, 0.03)[0] for floor in (0, 0.8, 1.01))
    assert free.tolist() == [0.5, NEVER]
    assert raised.tolist() == [0.8, NEVER]
    assert silent.min() > 1


def test_one_bad_degradation_raises_the_threshold() -> None:
    """A tenth of its films are certain and wrong at 0.7, though the error over all answers is small."""
    good, bad = trials([0.9] * 9, [True] * 9, "gamma 2"), trials([0.9] * 9 + [0.705], [True] * 9 + [False], "noise 30")
    both = Trials(*(np.concatenate([getattr(good, name), getattr(bad, name)]) for name in Trials.__dataclass_fields__))
    assert choose_certainty(both, np.zeros((1, 2)), error=0.2, wrong=0.03)[0, 0] > 0.705


def test_training_draws_only_the_kinds_that_it_may() -> None:
    trained = {kind.name for kind in DEGRADATIONS if kind.trained}
    assert set(RANGES) <= trained
    film = np.random.default_rng(3).integers(0, 256, (200, 180)).astype(np.uint8)
    first, names = view(film, np.random.default_rng(4))
    assert names
    assert np.array_equal(first, view(film, np.random.default_rng(4))[0])
