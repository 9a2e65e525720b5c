"""The film finder's network learns from drawn photographs, and its converted form is what serving opens."""

import os
from dataclasses import replace

import numpy as np
import pytest

from inference.film.finder import FilmFinder
from ml.data.film_views import MASK, draw_batch, draw_photograph

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def draw_film(seed: int) -> np.ndarray:
    """Texture with a bright middle, 150 × 120."""
    rng = np.random.default_rng(seed)
    light = 60 + 120 * np.outer(np.hanning(150), np.hanning(120))
    return np.clip(light + rng.normal(0, 6, light.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(12))
def test_the_mask_is_where_the_film_lies(seed: int) -> None:
    """A drawn film keeps its area within a surround; alone it is the whole picture."""
    film, rng = draw_film(seed), np.random.default_rng(seed)
    photograph, mask = draw_photograph(film, rng)
    assert photograph.shape == mask.shape
    covered = (mask > 127).sum() / film.size
    assert 0.6 < covered < 1.05
    assert (mask > 127).all() == (photograph.shape == film.shape)


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.timeout(600)
def test_a_few_steps_lower_the_loss_and_the_converted_network_segments() -> None:
    """Purpose: LiteRT opens what comes out, and the finder uses it."""
    pytest.importorskip("tensorflow", reason="TensorFlow is only for training: make test-ml")
    from ml.training.film.finder import convert_finder, measure_overlap, read_finder_config, train_network
    from ml.training.film.network import build_finder, measure_loss

    config = replace(read_finder_config(), widths=(8, 12, 16), batch=8, steps=25)
    films = [draw_film(seed) for seed in range(6)]
    network = build_finder(config.widths)
    views, masks = (one.astype(np.float32) for one in draw_batch(films, 8, np.random.default_rng(9)))
    before = float(measure_loss(masks, network(views, training=True)))
    train_network(network, films, config)
    assert float(measure_loss(masks, network(views, training=True))) < before
    model = convert_finder(network)
    assert FilmFinder(model, 1).segment(films[0]).shape == (MASK, MASK)
    assert measure_overlap(model, films, 1) > 0.5  # most of each photograph is film
