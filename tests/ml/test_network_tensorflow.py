"""Tests that need TensorFlow: the closed-form heat map against a tape, the grey backbone against the coloured one."""

from pathlib import Path

import numpy as np
import pytest

from inference.model.bundle import BRANCHES, CHEST, OUTPUTS, Tables, Temperatures, default_bundle, load_bundle
from inference.model.gradcam import draw_heatmap
from ml.data.samples import Row, Split
from models.vocabulary import Label, Modality

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.timeout(600),
]
tf = pytest.importorskip("tensorflow", reason="TensorFlow is only for training: make test-ml")


def test_the_closed_form_heat_map_is_grad_cam_by_tape() -> None:
    """Purpose: serving has no tape; the closed form agrees with one to 1e-3 for every output."""
    tables = load_bundle(default_bundle()).tables
    activation = np.random.default_rng(4).gamma(0.5, 1.0, (7, 7, len(tables.hidden))).astype(np.float32)
    for output in range(OUTPUTS):
        assert np.abs(by_tape(activation, tables, output) - draw_heatmap(activation, tables, output)).max() < 1e-3


def by_tape(activation: np.ndarray, tables: Tables, output: int) -> np.ndarray:
    """Grad-CAM as published, with a gradient tape."""
    maps = tf.Variable(activation[np.newaxis])
    with tf.GradientTape() as tape:
        hidden = tf.nn.relu(tf.reduce_mean(maps, (1, 2)) @ tables.hidden + tables.hidden_bias)
        logit = (hidden @ tables.output + tables.output_bias)[0, output]
    weights = tf.reduce_mean(tape.gradient(logit, maps), (1, 2))
    heat = tf.nn.relu(tf.reduce_sum(maps * weights, -1))[0].numpy()
    return heat / heat.max() if heat.max() > 0 else heat


def test_the_served_network_is_the_trained_one(tmp_path: Path) -> None:
    """Purpose: conversion to LiteRT changes nothing, in either output."""
    from ai_edge_litert.interpreter import Interpreter

    from ml.training.network import build_backbone, build_head, convert, join

    backbone = build_backbone(None)
    network = join(backbone, build_head(1280, 16, 0.4, 1))
    interpreter = Interpreter(model_content=convert(network, 96))
    interpreter.allocate_tensors()
    image = np.random.default_rng(0).uniform(-1, 1, (1, 96, 96, 1)).astype(np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    served = {len(one["shape"]): interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()}
    trained = network(image, training=False)
    assert np.abs(served[2] - trained["logits"].numpy()).max() < 1e-4
    assert np.abs(served[4] - trained["map"].numpy()).max() < 1e-3


def test_training_goes_on_from_the_network_that_is_served() -> None:
    """Purpose: a bundle holds no checkpoint; its folded weights give a trainable network with the same outputs."""
    from ml.litert import FEATURE_MAP, LOGITS, LiteRtModel
    from ml.training.continue_bundle import restore_served
    from ml.training.network import join

    bundle = load_bundle(default_bundle())
    size = bundle.recipe.size
    image = np.random.default_rng(0).uniform(-1, 1, (1, size, size, 1)).astype(np.float32)
    served, trainable = LiteRtModel(bundle.model).run(image), join(*restore_served(bundle, 0.4))(image, training=False)
    assert np.abs(served[LOGITS] - trainable["logits"].numpy()).max() < 1e-3
    assert np.abs(served[FEATURE_MAP] - trainable["map"].numpy()).max() < 1e-3


def test_features_drift_from_those_wanted_and_from_no_others() -> None:
    """By hand: (1² + 2²) / 2 with deviations 1 and 2 for the one film that wants its features kept."""
    from ml.training.fine_tune import measure_drift, measure_spread

    features = np.array([[2.0, 7.0], [9.0, 9.0]], np.float32)
    wanted = np.array([[1.0, 3.0], [0.0, 0.0]], np.float32)
    assert float(measure_drift(features, wanted, np.array([1.0, 2.0], np.float32))) == pytest.approx(2.5)
    assert float(measure_drift(features, np.zeros((2, 2), np.float32), np.ones(2, np.float32))) == 0
    assert measure_spread(np.array([[1, 2], [3, 6], [0, 0]], np.float32)) == pytest.approx([1.05, 2.05])


def test_a_grey_backbone_sees_what_the_coloured_one_sees(tmp_path: Path) -> None:
    """Purpose: summing the first kernel over its channels is exact, not an approximation."""
    import keras

    from ml.training.network import build_backbone

    coloured = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(224, 224, 3))
    coloured.save_weights(tmp_path / "w.weights.h5")
    grey = build_backbone(str(tmp_path / "w.weights.h5"))
    image = np.random.default_rng(0).uniform(-1, 1, (1, 224, 224, 1)).astype(np.float32)
    expected = coloured(np.repeat(image, 3, axis=3), training=False).numpy()
    assert np.abs(grey(image, training=False).numpy() - expected).max() < 1e-3


def test_a_second_head_that_was_weighed_may_simply_be_added() -> None:
    """Purpose: serving adds ten numbers; the result is the calibrated product, for chests alone."""
    from inference.model.softmax import softmax
    from ml.evaluation.outputs import Outputs
    from ml.training.calibrate import fit_scaling
    from ml.training.ensemble import calibrate_sum
    from ml.training.network import build_head

    rng, classes = np.random.default_rng(3), BRANCHES[Modality.CHEST_XRAY]
    labels = rng.integers(0, len(classes), 200)
    items = [
        Row(f"{n}", classes[label], Modality.CHEST_XRAY, "s", str(n), Split.VALIDATION)
        for n, label in enumerate(labels)
    ]
    hints = np.eye(len(classes))[labels]
    logits = rng.normal(0, 2, (200, OUTPUTS)).astype(np.float32)
    logits[:, CHEST] += 3 * hints
    features = np.hstack([hints, rng.normal(0, 1, (200, 3))]).astype(np.float32)
    head = build_head(features.shape[1], 16, 0.0, 1)
    alone = np.asarray(head(features, training=False))[:, CHEST]
    before = Temperatures(router=1.0, chest_xray=1.7, cardiac_mri=2.0)

    after = calibrate_sum(head, features, items, Outputs(logits, features), before)

    own = fit_scaling(alone, labels)
    total = (logits[:, CHEST] / before.chest_xray + alone / own.temperature + own.bias).astype(np.float32)
    sum_ = fit_scaling(total, labels)
    added = np.asarray(head(features, training=False))
    assert np.all(np.delete(added, np.r_[CHEST], axis=1) == 0)
    served = softmax((logits + added)[:, CHEST] / after.chest_xray)
    assert np.abs(served - softmax((total / sum_.temperature + sum_.bias).astype(np.float32))).max() < 1e-3
    assert (after.router, after.cardiac_mri) == (before.router, before.cardiac_mri)


def test_the_loss_ignores_the_branch_of_an_out_of_distribution_picture() -> None:
    """Purpose: an out-of-distribution picture has no diagnosis to be wrong about."""
    from ml.data.loader import Targets, soft_labels
    from ml.training.network import measure_loss

    logits = np.zeros((1, OUTPUTS), np.float32)
    for route, branch, classes in ((2, -1, [3]), (0, 4, [3, 5]), (1, 9, [3, 2])):
        targets = soft_labels(Targets(np.array([route]), np.array([branch])), smoothing=0.1)
        assert float(measure_loss(targets, logits)) == pytest.approx(sum(np.log(classes)))


def test_a_training_that_was_cut_off_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    """Purpose: training resumes after a power cut and gives the same weights as an unbroken run."""
    from ml.data.batches import build_dataset
    from ml.training.config import Config, Stage
    from ml.training.fine_tune import StageTrainer, run_stage
    from ml.training.network import build_backbone, build_head

    keras = pytest.importorskip("keras")
    rows = [Row(str(n), Label.NORMAL, Modality.CHEST_XRAY, "here", str(n), Split.TRAIN) for n in range(6)]
    rows += [Row("v", Label.COVID, Modality.CHEST_XRAY, "here", "v", Split.VALIDATION)]
    greys = [np.random.default_rng(n).integers(0, 255, (64, 64), np.uint8) for n in range(7)]
    run_config = Config("test", "0", dropout=0.0)
    stage = Stage("block_16_", 32, steps=4, batch=2, looks=2)

    def learn(paused: Path, power_cut_at: int | None) -> list[np.ndarray]:
        keras.utils.set_random_seed(1)
        backbone, head = build_backbone(None), build_head(1280, 8, 0.0, 1)
        trainer = StageTrainer(backbone, head, run_config, stage)
        true_step, steps = trainer.training_step, iter(range(100))

        def step_until_dark(*batch: object) -> object:
            if next(steps) == power_cut_at:
                raise KeyboardInterrupt
            return true_step(*batch)

        trainer.training_step = step_until_dark
        curve = {"tuning_loss": [], "tuning_validation_loss": []}
        run_stage(trainer, build_dataset(rows, greys, 0.0), np.random.default_rng(5), curve, paused)
        return [np.asarray(one) for one in trainer.variables]

    whole = learn(tmp_path / "whole.npz", None)
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "cut.npz", 3)
    gone_on = learn(tmp_path / "cut.npz", None)
    assert max(float(np.abs(one - other).max()) for one, other in zip(whole, gone_on, strict=True)) < 1e-5
