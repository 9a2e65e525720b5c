"""The model card's table of conditions counts what serving does."""

import numpy as np
import pytest

from inference.model.classifier import Classifier
from inference.model.image_quality import Condition
from inference.upload.picture import Format, Picture
from ml.data.faults import SPOILERS
from ml.evaluation.conditions import Outcome, try_one

NOISE = np.random.default_rng(1).integers(0, 256, (90, 80)).astype(np.uint8)


@pytest.mark.parametrize("condition", [Condition.QUARTER_LEFT, Condition.UPSIDE_DOWN, Condition.INVERTED])
def test_what_becomes_of_a_film_is_named(classifier: Classifier, radiograph: Picture, condition: Condition) -> None:
    """Purpose: put right, put wrong, let through and sent back are told apart."""
    spoilt = SPOILERS[condition](radiograph.grey, np.random.default_rng(1))
    assert try_one(classifier, spoilt, condition) is Outcome.RIGHT
    assert try_one(classifier, spoilt, Condition.FINE) is Outcome.WRONG
    assert try_one(classifier, radiograph.grey, condition) is Outcome.THROUGH
    assert try_one(classifier, NOISE, condition) is Outcome.BACK
    assert classifier.admit(Picture(radiograph.grey, Format.JPEG)).condition is Condition.FINE
