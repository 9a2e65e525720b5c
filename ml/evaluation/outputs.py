"""Network outputs and predictions for many pictures, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import BRANCHES, ROUTER, SLICES, Bundle, Temperatures
from inference.model.network import SecondNetwork
from inference.model.preprocess import scale
from inference.model.softmax import softmax
from ml.data.samples import Row
from ml.evaluation.metrics import Predictions
from ml.litert import FEATURE_MAP, LOGITS, LiteRtModel
from models.vocabulary import Label, Modality

LABELS = tuple(Label)


@dataclass(frozen=True, eq=False)
class Outputs:
    """Outputs of n pictures."""

    logits: NDArray[np.float32]  # n × OUTPUTS
    features: NDArray[np.float32]  # n × channels, mean-pooled

    def take(self, where: NDArray[np.int64]) -> "Outputs":
        """The selected rows."""
        return Outputs(self.logits[where], self.features[where])

    def save(self, path: Path) -> None:
        """Write to an npz file."""
        np.savez(path, **{one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file written by `save`."""
        with np.load(path) as stored:
            return cls(**{name: stored[name] for name in stored.files})


def run_model(model: bytes, canvases: NDArray[np.uint8], threads: int = 2) -> Outputs:
    """Run the converted network (not the Keras model) over n canvases, n × size × size."""
    network = LiteRtModel(model, threads)
    results = [network.run(scale(canvas)[np.newaxis]) for canvas in canvases]
    features = [result[FEATURE_MAP].mean(axis=(0, 1)) for result in results]
    return Outputs(np.stack([result[LOGITS] for result in results]), np.stack(features))


def add_second(bundle: Bundle, greys: Sequence[NDArray[np.uint8]], outputs: Outputs) -> Outputs:
    """The first network's outputs plus the second network's logits, as in serving."""
    second = SecondNetwork(bundle, threads=2)
    return Outputs(outputs.logits + np.stack([second.run(grey) for grey in greys]), outputs.features)


def six_shares(logits: NDArray[np.float32], temperatures: Temperatures) -> NDArray[np.float64]:
    """n × 6 probabilities in the order of LABELS; vectorised form of `prediction.combine_branches`."""
    routes = softmax(logits[:, ROUTER][:, :2] / temperatures.router)
    total = np.zeros((len(logits), len(LABELS)))
    own = {Modality.CHEST_XRAY: temperatures.chest_xray, Modality.CARDIAC_MRI: temperatures.cardiac_mri}
    for position, modality in enumerate(BRANCHES):
        shares = softmax(logits[:, SLICES[modality]] / own[modality]) * routes[:, [position]]
        for column, label in enumerate(BRANCHES[modality]):
            total[:, LABELS.index(label)] += shares[:, column]
    return total


def predict(rows: Sequence[Row], logits: NDArray[np.float32], temperatures: Temperatures) -> Predictions:
    """True labels, predicted labels and confidences of the rows, as by the classifier."""
    shares = six_shares(logits, temperatures)
    modality = logits[:, ROUTER][:, :2].argmax(axis=1)
    allowed = np.stack([[label in BRANCHES[one] for label in LABELS] for one in BRANCHES])[modality]
    predicted = np.where(allowed, shares, -1.0).argmax(axis=1)
    truth = np.array([LABELS.index(row.label) for row in rows])
    return Predictions(truth, predicted, shares[np.arange(len(predicted)), predicted])
