"""Predictions of a bundle as served: with film finder, intake gate, disturbances and doubts."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Refused
from inference.model.bundle import Bundle
from inference.model.classifier import Classifier
from inference.upload.picture import Format, Picture
from ml.data.samples import Row
from ml.evaluation.metrics import Predictions
from ml.evaluation.outputs import LABELS

REFUSED: Final = -1  # predicted class of a refused scan; it counts as not right and not certain
NEVER: Final = 2.0  # needed confidence of an uncertain prediction, above every confidence


def predict_as_served(
    bundle: Bundle, rows: Sequence[Row], greys: Sequence[NDArray[np.uint8]]
) -> tuple[Predictions, NDArray[np.float64]]:
    """Predictions, and the confidence that each needs to be certain: 0 for certain ones, NEVER for the others."""
    classifier = Classifier(bundle)
    answers = [_predict(classifier, grey) for grey in greys]
    predicted, confidence, certain = (np.array(column) for column in zip(*answers, strict=True))
    truth = np.array([LABELS.index(row.label) for row in rows])
    return Predictions(truth, predicted, confidence), np.where(certain, 0.0, NEVER)


def _predict(classifier: Classifier, grey: NDArray[np.uint8]) -> tuple[int, float, bool]:
    try:
        prediction = classifier.predict(Picture(grey, Format.JPEG))
    except Refused:
        return REFUSED, 0.0, False
    return LABELS.index(prediction.label), prediction.confidence, not prediction.uncertain
