"""The heart's network learns, and its converted form is what serving opens."""

import os
from dataclasses import replace

import numpy as np
import pytest

from inference.heart.segmenter import CLASSES, HeartSegmenter
from ml.data.heart_slices import Slice, draw_batch
from ml.training.heart.config import read_heart_config
from tests.support.hearts import draw_chest, draw_mask, outline_of

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.timeout(600),
]
tf = pytest.importorskip("tensorflow", reason="TensorFlow is only for training: make test-ml")


def test_a_few_steps_lower_the_loss_and_the_converted_network_outlines() -> None:
    """Purpose: both sizes of view train one network, and LiteRT opens what comes out."""
    from ml.training.heart.network import build_unet, measure_loss
    from ml.training.heart.segmenter import train_network
    from ml.training.network import Precision, convert

    whole = read_heart_config()
    own = replace(whole.network, widths=(8, 8, 12, 16), coarse=64, size=64, coarse_steps=15, steps=15, batch=4)
    config = replace(whole, network=own)
    slices = [
        Slice(str(place), "a", "NOR", "01", place, draw_chest(place), outline_of(draw_mask()).over((256, 216)))
        for place in range(4)
    ]
    network = build_unet(own.widths)
    views, wanted = draw_batch(slices, [], 8, 64, np.random.default_rng(7))
    before = float(measure_loss(wanted, network(views, training=True)))
    train_network(network, slices, [], config, fold=0)
    assert float(measure_loss(wanted, network(views, training=True))) < before
    model = convert(network, own.size, Precision.HALF)
    segmenter = HeartSegmenter(model)
    assert segmenter.size == 64
    outline = segmenter.outline(draw_chest(1))
    assert outline is None or outline.mask.max() < CLASSES
