"""Picture of the most confident errors with their heat maps. It shows data-set pictures and is never committed."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import BRANCHES, SLICES, Bundle
from inference.model.classifier import Classifier
from inference.model.gradcam import draw_heatmap, overlay
from inference.upload.picture import Format, Picture
from ml.data.samples import Row
from ml.evaluation.metrics import Predictions
from ml.evaluation.outputs import LABELS

SHOWN = 12
SIDE = 240


def draw_error_gallery(
    target: Path, bundle: Bundle, rows: Sequence[Row], greys: Sequence[NDArray[np.uint8]], predictions: Predictions
) -> None:
    """Write the most confident errors, four in a row: heat map overlay, true and predicted label above."""
    wrong = np.flatnonzero((predictions.truth != predictions.predicted) & (predictions.predicted >= 0))
    worst = wrong[np.argsort(-predictions.confidence[wrong])][:SHOWN]
    classifier = Classifier(bundle)
    tiles = [draw_tile(classifier, rows[n], greys[n], predictions, n) for n in worst.tolist()]
    tiles += [np.zeros((SIDE + 30, SIDE, 3), np.uint8)] * (-len(tiles) % 4)
    if tiles:
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), np.vstack([np.hstack(tiles[n : n + 4]) for n in range(0, len(tiles), 4)]))


def draw_tile(
    classifier: Classifier, row: Row, grey: NDArray[np.uint8], predictions: Predictions, n: int
) -> NDArray[np.uint8]:
    """The tile of one error."""
    predicted = LABELS[predictions.predicted[n]]
    position = (
        SLICES[row.modality].start + BRANCHES[row.modality].index(predicted)
        if predicted in BRANCHES[row.modality]
        else 0
    )
    heat = draw_heatmap(classifier.forward(Picture(grey, Format.JPEG)).activation, classifier.bundle.tables, position)
    drawn = overlay(Picture(grey, Format.JPEG), heat, classifier.bundle.recipe.crop)
    tile = cv2.resize(np.asarray(cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)), (SIDE, SIDE))
    title = np.zeros((30, SIDE, 3), np.uint8)
    words = f"{row.label} > {predicted} {predictions.confidence[n]:.0%}"
    cv2.putText(title, words, (4, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return np.vstack([title, tile]).astype(np.uint8)
