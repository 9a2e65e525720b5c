"""Figures of merit against numbers calculated by hand."""

import numpy as np
import pytest

from inference.model.bundle import OUTPUTS, Temperatures
from inference.model.prediction import combine_branches
from ml.data.loader import OodPicture, make_targets, sampling_weights, soft_labels
from ml.data.samples import Row, Split
from ml.evaluation.metrics import (
    Predictions,
    accuracy,
    as_coverage,
    bootstrap,
    calibration_error,
    macro_recall,
    risk_coverage,
    roc_auc,
)
from ml.evaluation.outputs import LABELS, predict, six_shares
from ml.training.calibrate import choose_thresholds, fit_scaling, thresholds_at_error
from ml.training.train import mix
from models.vocabulary import Label, Modality


@pytest.fixture
def predictions() -> Predictions:
    return Predictions(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), np.array([0.9, 0.9, 0.6, 0.6]))


def row(label: Label, modality: Modality = Modality.CHEST_XRAY, source: str = "here") -> Row:
    return Row("f", label, modality, source, "p", Split.TEST)


def test_accuracy_and_macro_recall(predictions: Predictions) -> None:
    """Purpose: a large class must not hide a small one."""
    assert accuracy(predictions) == 0.75
    assert macro_recall(predictions) == pytest.approx((2 / 3 + 1) / 2)


def test_calibration_error_is_the_weighted_gap(predictions: Predictions) -> None:
    """Purpose: confidence 0.9 with accuracy 1.0, and 0.6 with 0.5: both gaps are 0.1."""
    assert calibration_error(predictions) == pytest.approx(0.1)


def test_an_abstaining_model_is_measured_on_what_it_answers(predictions: Predictions) -> None:
    """Purpose: coverage and accuracy belong together."""
    assert accuracy(as_coverage(predictions, 0.75)) == 0.5
    covered, risk = risk_coverage(predictions)
    assert covered.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 4])


def test_slices_of_one_patient_widen_the_interval() -> None:
    """Purpose: forty slices of two hearts are two independent samples, not forty."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 200)
    predicted = np.where(np.repeat(rng.random(10) < 0.7, 20), truth, 1 - truth)
    predictions = Predictions(truth, predicted, np.ones(200))
    alone = bootstrap(predictions, [str(n) for n in range(200)], accuracy)
    together = bootstrap(predictions, [str(n // 20) for n in range(200)], accuracy)
    assert alone.value == together.value
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_a_temperature_mends_overconfidence() -> None:
    """Purpose: logits three times too large are divided by about three."""
    rng = np.random.default_rng(5)
    honest = rng.normal(0, 2, (4000, 3)).astype(np.float32)
    shares = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    truth = np.array([rng.choice(3, p=share / share.sum()) for share in shares.astype(float)])
    scaling = fit_scaling(honest * 3, truth)
    assert scaling.temperature == pytest.approx(3, rel=0.15)
    assert np.abs(scaling.bias).max() < 0.15


def test_training_and_serving_combine_alike() -> None:
    """Purpose: the measured computation is the served one."""
    logits = np.random.default_rng(2).normal(0, 3, (5, OUTPUTS)).astype(np.float32)
    temperatures = Temperatures(1.3, 0.8, 2.0)
    rows = six_shares(logits, temperatures)
    for one, shares in zip(logits, rows, strict=True):
        assert [combine_branches(one, temperatures)[label] for label in LABELS] == pytest.approx(shares.tolist())


def test_a_heart_is_never_called_pneumonia() -> None:
    """Purpose: the router decides first, however confident the other branch is."""
    logits = np.zeros((1, OUTPUTS), np.float32)
    logits[0, 1], logits[0, 3] = 0.5, 50.0
    predictions = predict([row(Label.SICK, Modality.CARDIAC_MRI)], logits, Temperatures(1, 1, 1))
    assert LABELS[predictions.predicted[0]] in (Label.NORMAL, Label.SICK)


def test_targets_name_route_and_branch() -> None:
    """Purpose: Normal means two different outputs, and an out-of-distribution picture has no branch."""
    items = [row(Label.NORMAL), row(Label.NORMAL, Modality.CARDIAC_MRI), OodPicture("x", "food", Split.TRAIN)]
    targets = make_targets(items)
    assert targets.route.tolist() == [0, 1, 2]
    assert targets.branch.tolist() == [6, 8, -1]
    assert soft_labels(targets).argmax(axis=1).tolist() == [0, 1, 2]
    assert soft_labels(targets, 0.1).sum(axis=1).tolist() == pytest.approx([2, 2, 1])
    assert soft_labels(targets, 0.1)[2, 3:].tolist() == [0.0] * 7


def test_mixup_mixes_targets_as_it_mixes_pictures() -> None:
    """Purpose: pictures and targets are mixed with the same weights."""
    features = np.eye(6, dtype=np.float32)
    mixed, expected = mix(features, 10 * features, 0.4, np.random.default_rng(3))
    assert np.allclose(10 * mixed, expected)
    assert mixed.sum(axis=1).tolist() == pytest.approx([1.0] * 6)
    assert len(np.unique(mixed.max(axis=1))) > 3


def test_full_balance_draws_every_group_alike() -> None:
    """Purpose: 9 films of one source and 1 of another are drawn equally often."""
    items = [row(Label.NORMAL)] * 9 + [row(Label.NORMAL, source="there")]
    assert sampling_weights(items, 1.0)[9] == pytest.approx(0.5)
    assert sampling_weights(items, 0.0)[9] == pytest.approx(0.1)


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
    """Purpose: balanced sampling makes rare classes too likely; the fitted bias restores the validation frequencies."""
    rng = np.random.default_rng(6)
    truth = (rng.random(3000) < 0.2).astype(np.int64)
    evidence = rng.normal(np.where(truth == 1, 1.0, -1.0), 1.0)
    balanced = np.stack([np.zeros(3000), 2 * evidence], axis=1).astype(np.float32)
    scaling = fit_scaling(balanced, truth)
    assert scaling.bias[1] - scaling.bias[0] == pytest.approx(np.log(0.2 / 0.8), abs=0.25)


def test_the_stated_error_is_held_class_by_class() -> None:
    """Purpose: a class that is wrong above 0.75 gets a higher threshold."""
    predicted = np.zeros(100, np.int64)
    truth = np.where(np.arange(100) < 60, 0, 1)
    predictions = Predictions(truth, predicted, np.linspace(0.99, 0.76, 100))
    bar = thresholds_at_error(predictions)[LABELS[0].value]
    kept = predictions.confidence >= bar
    assert np.mean(truth[kept] != 0) <= 0.05
    assert kept.sum() == 62  # (2 + 1) / (62 + 2) is within 5 %, (3 + 1) / (63 + 2) is not


def test_the_area_counts_ties_half() -> None:
    """Purpose: by hand: of four pairs three are right and one is a tie."""
    assert roc_auc(np.array([1, 1, 0, 0]), np.array([0.9, 0.5, 0.5, 0.1])) == pytest.approx(3.5 / 4)


def test_the_distance_limit_lies_between_scans_and_out_of_distribution_pictures() -> None:
    """Purpose: another hospital's film is farther than ours; where out-of-distribution pictures overlap, scans set
    the limit.
    """
    ours = np.linspace(0.0, 0.04, 1000, dtype=np.float32)
    predictions = Predictions(np.zeros(1000, np.int64), np.zeros(1000, np.int64), np.linspace(0.5, 1, 1000))
    limits = [
        choose_thresholds(ours, np.full(20, begin, np.float32), np.zeros(1000), predictions).distance
        for begin in (0.16, 0.01)
    ]
    assert limits == [pytest.approx(0.08, rel=0.02), pytest.approx(0.04, rel=0.02)]
