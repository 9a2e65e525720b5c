"""Figures of merit against numbers worked out by hand."""

import numpy as np
import pytest

from inference.model.bundle import OUTPUTS, Label, Modality, Temperatures
from inference.model.reading import combine
from ml.data.loader import Strange, make_targets, spread, weigh
from ml.data.prepare import Row, Split
from ml.evaluation.answers import LABELS, judge, six_shares
from ml.evaluation.metrics import (
    Answers,
    accuracy,
    area,
    bootstrap,
    calibration_error,
    macro_recall,
    risk_coverage,
    sureness,
)
from ml.training.calibrate import choose_thresholds, fit_scaling, hold_error
from ml.training.train import mix


@pytest.fixture
def answers() -> Answers:
    return Answers(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), np.array([0.9, 0.9, 0.6, 0.6]))


def row(label: Label, modality: Modality = Modality.CHEST_XRAY, source: str = "here") -> Row:
    return Row("f", label, modality, source, "p", Split.TEST)


def test_accuracy_and_macro_recall(answers: Answers) -> None:
    """Purpose: a large class must not hide a small one."""
    assert accuracy(answers) == 0.75
    assert macro_recall(answers) == pytest.approx((2 / 3 + 1) / 2)


def test_calibration_error_is_the_weighted_gap(answers: Answers) -> None:
    """Purpose: 0.9 said and 1.0 right, 0.6 said and 0.5 right: both gaps are 0.1."""
    assert calibration_error(answers) == pytest.approx(0.1)


def test_an_abstaining_model_is_measured_on_what_it_answers(answers: Answers) -> None:
    """Purpose: coverage and accuracy belong together."""
    assert accuracy(sureness(answers, 0.75)) == 0.5
    covered, risk = risk_coverage(answers)
    assert covered.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 4])


def test_slices_of_one_patient_widen_the_interval() -> None:
    """Purpose: forty slices of two hearts are two witnesses, not forty."""
    dice = np.random.default_rng(1)
    truth = dice.integers(0, 2, 200)
    said = np.where(np.repeat(dice.random(10) < 0.7, 20), truth, 1 - truth)
    answers = Answers(truth, said, np.ones(200))
    alone = bootstrap(answers, [str(n) for n in range(200)], accuracy)
    together = bootstrap(answers, [str(n // 20) for n in range(200)], accuracy)
    assert alone.value == together.value
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_a_temperature_mends_overconfidence() -> None:
    """Purpose: logits three times too large are divided by about three."""
    dice = np.random.default_rng(5)
    honest = dice.normal(0, 2, (4000, 3)).astype(np.float32)
    shares = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    truth = np.array([dice.choice(3, p=share / share.sum()) for share in shares.astype(float)])
    scaling = fit_scaling(honest * 3, truth)
    assert scaling.temperature == pytest.approx(3, rel=0.15)
    assert np.abs(scaling.bias).max() < 0.15


def test_training_and_serving_combine_alike() -> None:
    """Purpose: what is measured is what is served."""
    logits = np.random.default_rng(2).normal(0, 3, (5, OUTPUTS)).astype(np.float32)
    temperatures = Temperatures(1.3, 0.8, 2.0)
    rows = six_shares(logits, temperatures)
    for one, shares in zip(logits, rows, strict=True):
        assert [combine(one, temperatures)[label] for label in LABELS] == pytest.approx(shares.tolist())


def test_a_heart_is_never_called_pneumonia() -> None:
    """Purpose: the router decides first, however loud the other branch is."""
    logits = np.zeros((1, OUTPUTS), np.float32)
    logits[0, 1], logits[0, 3] = 0.5, 50.0
    answers = judge([row(Label.SICK, Modality.CARDIAC_MRI)], logits, Temperatures(1, 1, 1))
    assert LABELS[answers.said[0]] in (Label.NORMAL, Label.SICK)


def test_targets_name_route_and_branch() -> None:
    """Purpose: Normal means two different outputs, and a stranger has no branch."""
    items = [row(Label.NORMAL), row(Label.NORMAL, Modality.CARDIAC_MRI), Strange("x", "food", Split.TRAIN)]
    targets = make_targets(items)
    assert targets.route.tolist() == [0, 1, 2]
    assert targets.branch.tolist() == [6, 8, -1]
    assert spread(targets).argmax(axis=1).tolist() == [0, 1, 2]
    assert spread(targets, 0.1).sum(axis=1).tolist() == pytest.approx([2, 2, 1])
    assert spread(targets, 0.1)[2, 3:].tolist() == [0.0] * 7


def test_mixup_mixes_targets_as_it_mixes_pictures() -> None:
    """Purpose: three quarters of one and a quarter of another is that in both."""
    features = np.eye(6, dtype=np.float32)
    mixed, wanted = mix(features, 10 * features, 0.4, np.random.default_rng(3))
    assert np.allclose(10 * mixed, wanted)
    assert mixed.sum(axis=1).tolist() == pytest.approx([1.0] * 6)
    assert len(np.unique(mixed.max(axis=1))) > 3


def test_full_balance_draws_every_group_alike() -> None:
    """Purpose: 9 films of one source and 1 of another are drawn half and half."""
    items = [row(Label.NORMAL)] * 9 + [row(Label.NORMAL, source="there")]
    assert weigh(items, 1.0)[9] == pytest.approx(0.5)
    assert weigh(items, 0.0)[9] == pytest.approx(0.1)


@pytest.mark.tensorflow  # the ml extra: scikit-learn
def test_prototypes_have_length_one_and_stand_for_every_kind() -> None:
    """Purpose: the rarest kind must not be refused for being rare."""
    from ml.training.gate import choose_prototypes

    features = np.concatenate([np.eye(4)[[0] * 200], np.eye(4)[[1] * 8]]).astype(np.float32)
    features += np.random.default_rng(0).normal(0, 0.05, features.shape).astype(np.float32)
    found = choose_prototypes(features, np.array(["a"] * 200 + ["b"] * 8), 20, 1)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (found[:, 1] > 0.9).sum() >= 4


def test_a_prior_that_training_bent_is_bent_back() -> None:
    """Purpose: balanced sampling makes rare classes too likely; the fitted bias restores what validation shows."""
    dice = np.random.default_rng(6)
    truth = (dice.random(3000) < 0.2).astype(np.int64)
    evidence = dice.normal(np.where(truth == 1, 1.0, -1.0), 1.0)
    balanced = np.stack([np.zeros(3000), 2 * evidence], axis=1).astype(np.float32)
    scaling = fit_scaling(balanced, truth)
    assert scaling.bias[1] - scaling.bias[0] == pytest.approx(np.log(0.2 / 0.8), abs=0.25)


def test_the_stated_error_is_held_class_by_class() -> None:
    """Purpose: a class that is wrong above 0.75 has to clear a higher bar."""
    said = np.zeros(100, np.int64)
    truth = np.where(np.arange(100) < 60, 0, 1)
    answers = Answers(truth, said, np.linspace(0.99, 0.76, 100))
    bar = hold_error(answers)[LABELS[0].value]
    kept = answers.confidence >= bar
    assert np.mean(truth[kept] != 0) <= 0.05
    assert kept.sum() == 62  # (2 + 1) / (62 + 2) is within 5 %, (3 + 1) / (63 + 2) is not


def test_the_area_counts_ties_half() -> None:
    """Purpose: by hand: of four pairs three are right and one is a tie."""
    assert area(np.array([1, 1, 0, 0]), np.array([0.9, 0.5, 0.5, 0.1])) == pytest.approx(3.5 / 4)


def test_the_distance_limit_lies_between_scans_and_strangers() -> None:
    """Purpose: an outside hospital's film is farther than ours; where strangers come close, scans decide."""
    ours = np.linspace(0.0, 0.04, 1000, dtype=np.float32)
    answers = Answers(np.zeros(1000, np.int64), np.zeros(1000, np.int64), np.linspace(0.5, 1, 1000))
    limits = [
        choose_thresholds(ours, np.full(20, begin, np.float32), np.zeros(1000), answers).distance
        for begin in (0.16, 0.01)
    ]
    assert limits == [pytest.approx(0.08, rel=0.02), pytest.approx(0.04, rel=0.02)]
