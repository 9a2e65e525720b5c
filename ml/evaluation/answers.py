"""What a network says of every picture, as arrays: computed once, read by calibration and evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import BRANCHES, OUTPUTS, ROUTER, SLICES, Bundle, Label, Modality, Temperatures
from inference.model.network import SecondNetwork
from inference.model.preprocess import scale
from inference.model.reading import softmax
from ml.data.prepare import Row
from ml.evaluation.metrics import Answers

LABELS = tuple(Label)


@dataclass(frozen=True, eq=False)
class Outputs:
    """Row by row, in the order of the items."""

    logits: NDArray[np.float32]  # n × OUTPUTS
    features: NDArray[np.float32]  # n × channels, mean-pooled

    def take(self, where: NDArray[np.int64]) -> "Outputs":
        """Some rows."""
        return Outputs(self.logits[where], self.features[where])

    def save(self, path: Path) -> None:
        """For a second start."""
        np.savez(path, **{one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote."""
        with np.load(path) as stored:
            return cls(**{name: stored[name] for name in stored.files})


def ask(model: bytes, canvases: NDArray[np.uint8], threads: int = 2) -> Outputs:
    """Run the shipped network, not its Keras twin, over n canvases."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    interpreter = Interpreter(model_content=model, num_threads=threads)
    interpreter.allocate_tensors()
    image = interpreter.get_input_details()[0]["index"]
    places = {len(one["shape"]): one["index"] for one in interpreter.get_output_details()}
    logits = np.empty((len(canvases), OUTPUTS), np.float32)
    features = []
    for place, canvas in enumerate(canvases):
        interpreter.set_tensor(image, scale(canvas)[np.newaxis])
        interpreter.invoke()
        logits[place] = interpreter.get_tensor(places[2])[0]
        features.append(interpreter.get_tensor(places[4])[0].mean(axis=(0, 1)))
    return Outputs(logits, np.stack(features))


def add_second(bundle: Bundle, greys: Sequence[NDArray[np.uint8]], outputs: Outputs) -> Outputs:
    """The first network's outputs for whole pictures, with what the bundle's second adds: what is served."""
    second = SecondNetwork(bundle, threads=2)
    return Outputs(outputs.logits + np.stack([second.run(grey) for grey in greys]), outputs.features)


def six_shares(logits: NDArray[np.float32], temperatures: Temperatures) -> NDArray[np.float64]:
    """n × 6 probabilities, columns in the order of LABELS; the rows' form of `classifier.combine`."""
    routes = softmax(logits[:, ROUTER][:, :2] / temperatures.router)
    total = np.zeros((len(logits), len(LABELS)))
    own = {Modality.CHEST_XRAY: temperatures.chest_xray, Modality.CARDIAC_MRI: temperatures.cardiac_mri}
    for place, modality in enumerate(BRANCHES):
        shares = softmax(logits[:, SLICES[modality]] / own[modality]) * routes[:, [place]]
        for column, label in enumerate(BRANCHES[modality]):
            total[:, LABELS.index(label)] += shares[:, column]
    return total


def judge(rows: Sequence[Row], logits: NDArray[np.float32], temperatures: Temperatures) -> Answers:
    """Truth, answer and confidence for scans, as the classifier would give them."""
    shares = six_shares(logits, temperatures)
    modality = logits[:, ROUTER][:, :2].argmax(axis=1)
    allowed = np.stack([[label in BRANCHES[one] for label in LABELS] for one in BRANCHES])[modality]
    said = np.where(allowed, shares, -1.0).argmax(axis=1)
    truth = np.array([LABELS.index(row.label) for row in rows])
    return Answers(truth, said, shares[np.arange(len(said)), said])
