"""The model card's table of conditions counts the outcomes of serving."""

import numpy as np
import pytest

from inference.model.classifier import Classifier
from inference.model.image_quality import Condition
from inference.upload.picture import Format, Picture
from ml.data.corruptions import CORRUPTIONS
from ml.evaluation.conditions import Outcome, evaluate_one

NOISE = np.random.default_rng(1).integers(0, 256, (90, 80)).astype(np.uint8)


@pytest.mark.parametrize("condition", [Condition.QUARTER_LEFT, Condition.UPSIDE_DOWN, Condition.INVERTED])
def test_what_becomes_of_a_film_is_named(classifier: Classifier, radiograph: Picture, condition: Condition) -> None:
    """Purpose: corrected, wrongly corrected, passed and refused films are counted separately."""
    corrupted = CORRUPTIONS[condition](radiograph.grey, np.random.default_rng(1))
    assert evaluate_one(classifier, corrupted, condition) is Outcome.CORRECT
    assert evaluate_one(classifier, corrupted, Condition.FINE) is Outcome.MISCORRECTED
    assert evaluate_one(classifier, radiograph.grey, condition) is Outcome.UNCORRECTED
    assert evaluate_one(classifier, NOISE, condition) is Outcome.OTHER_REFUSAL
    assert classifier.run_gate(Picture(radiograph.grey, Format.JPEG)).condition is Condition.FINE
