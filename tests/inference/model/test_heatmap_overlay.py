"""The heat map: correct by hand calculation, and readable as a picture."""

import cv2
import numpy as np
import pytest

from inference.model.bundle import STRIDE, Tables
from inference.model.classifier import Classifier
from inference.model.gradcam import draw_heatmap, overlay, upsample
from inference.upload.picture import Picture


def tables_of(hidden: np.ndarray, output: np.ndarray) -> Tables:
    units = hidden.shape[1]
    return Tables(
        hidden=hidden.astype(np.float32),
        hidden_bias=np.zeros(units, np.float32),
        output=output.astype(np.float32),
        output_bias=np.zeros(output.shape[1], np.float32),
        prototypes=np.eye(len(hidden), dtype=np.float32),
        strangers=np.eye(len(hidden), dtype=np.float32),
        stranger_kind=np.zeros(len(hidden), np.float32),
        condition=np.zeros((len(hidden), 7), np.float32),
        condition_bias=np.zeros(7, np.float32),
    )


def test_the_heat_lies_where_the_class_channel_is_active() -> None:
    """Purpose: by hand: channel 0 supports the class, channel 1 opposes it, each at its own position."""
    activation = np.zeros((7, 7, 2), np.float32)
    activation[1, 2, 0], activation[5, 5, 1] = 4.0, 1.0
    heat = draw_heatmap(activation, tables_of(np.eye(2), np.array([[1.0], [-1.0]])), 0)
    assert heat[1, 2] == 1.0
    assert heat.sum() == 1.0


def test_an_inactive_unit_passes_no_heat() -> None:
    """Purpose: the gradient is zero at an inactive ReLU; without the mask the map would be wrong."""
    activation = np.ones((7, 7, 1), np.float32)
    inactive = tables_of(np.array([[-1.0]]), np.array([[-1.0]]))
    assert draw_heatmap(activation, inactive, 0).max() == 0.0


def test_the_map_follows_the_logit_by_finite_differences(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: the closed form is the derivative of the real head, checked without a gradient tape."""
    look, tables = classifier.forward(radiograph), classifier.bundle.tables

    def logit(activation: np.ndarray) -> np.ndarray:
        hidden = np.maximum(activation.astype(np.float64).mean(axis=(0, 1)) @ tables.hidden + tables.hidden_bias, 0)
        return hidden @ tables.output + tables.output_bias

    assert logit(look.activation) == pytest.approx(look.logits, abs=1e-3)
    gradient, step = np.zeros(look.activation.shape[2]), 0.05
    for channel in range(len(gradient)):
        moved = look.activation.copy()
        moved[3, 3, channel] += step
        gradient[channel] = (logit(moved) - logit(look.activation))[3] / step
    heat = np.maximum(look.activation @ gradient, 0)
    assert np.abs(heat / heat.max() - draw_heatmap(look.activation, tables, 3)).max() < 1e-2


def test_the_reading_carries_a_map_of_a_cell_for_every_stride(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: reports and cards rely on this shape."""
    heat = classifier.predict(radiograph).heatmap
    side = classifier.bundle.recipe.size // STRIDE
    assert heat.shape == (side, side)
    assert (heat.min() >= 0, heat.max()) == (True, 1.0)


def test_the_cropped_border_stays_cold() -> None:
    """Purpose: the network does not see the border, so no heat may be drawn there."""
    whole = upsample(np.ones((7, 7), np.float32), (200, 100), 0.1)
    assert whole[:20].max() == 0
    assert whole[:, 90:].max() == 0
    assert whole[25:175, 15:85].min() > 0.99


def test_the_overlay_keeps_the_picture_where_it_is_cold_and_marks_what_is_hot(radiograph: Picture) -> None:
    """Purpose: a doctor sees the film and the heat at once; cold parts are unchanged."""
    heat = np.zeros((7, 7), np.float32)
    heat[1, 1] = 1.0
    drawn = cv2.imdecode(np.frombuffer(overlay(radiograph, heat, max_side=512), np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    assert max(drawn.shape) == 512
    plain = cv2.resize(radiograph.grey, (drawn.shape[1], drawn.shape[0]), interpolation=cv2.INTER_AREA)
    cold, hot = drawn[300:, 300:].astype(int), drawn[85:120, 80:115].astype(int)
    assert np.abs(cold - plain[300:, 300:, None]).mean() < 3
    assert (hot[..., 2] - hot[..., 0]).mean() > 60  # yellow: much red, little blue
