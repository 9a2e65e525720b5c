"""The classifier: one pass through the network gives the gate, the reading and the heat map."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from inference.bundle import (
    BRANCHES,
    CARDIAC,
    CHEST,
    MAP_SIDE,
    OUTPUTS,
    ROUTER,
    ROUTES,
    SLICES,
    Bundle,
    Label,
    Modality,
    ModelIdentity,
    Temperatures,
    load_bundle,
)
from inference.errors import BundleError, Reason, Refused
from inference.gradcam import draw_heatmap
from inference.picture import Adjustment, Picture
from inference.preprocess import check_range, draw_canvas, scale

NEIGHBOURS = 3
DECODED_SIDE = 448  # twice the network's input: a larger decoding changes nothing that it sees


class Look(NamedTuple):
    """What one pass through the network yields."""

    logits: NDArray[np.float32]  # OUTPUTS
    activation: NDArray[np.float32]  # 7 × 7 × channels
    distance: float  # cosine distance to the nearest training prototypes, 0 to 2


@dataclass(frozen=True, eq=False)
class Reading:
    """What the model says of a picture. It supports a clinician and replaces none."""

    modality: Modality
    label: Label
    confidence: float
    probabilities: dict[Label, float]  # six, in the manifest's order, summing to 1
    uncertain: bool
    abnormal: float  # probability of anything but Normal
    distance: float
    model: ModelIdentity
    heatmap: NDArray[np.float32]  # 7 × 7 in [0, 1], over the picture without its cropped border
    crop: float
    adjustments: tuple[Adjustment, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The reading as plain JSON values, without the heat map."""
        return {
            "modality": self.modality.value,
            "label": self.label.value,
            "confidence": round(self.confidence, 4),
            "uncertain": self.uncertain,
            "abnormal": round(self.abnormal, 4),
            "probabilities": {label.value: round(value, 4) for label, value in self.probabilities.items()},
        }


class Classifier:
    """A loaded bundle. Its methods may be called from any thread; one of them uses the network at a time."""

    def __init__(self, bundle: Bundle, threads: int = 2) -> None:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415  a fifth of a second for who only reads facts

        self.bundle = bundle
        self._lock = threading.Lock()
        try:
            self._interpreter = Interpreter(model_content=bundle.model, num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise BundleError(f"The network of the model bundle {bundle.identity.name} cannot be opened.") from error
        self._input, self._logits, self._map = self._find_tensors()

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> Self:
        """Read, verify and warm up a bundle; raises BundleError."""
        classifier = cls(load_bundle(folder), threads)
        size = classifier.bundle.recipe.size
        classifier._run(scale(np.tile(np.arange(size, dtype=np.uint8), (size, 1))))
        return classifier

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and hash, for reports and records."""
        return self.bundle.identity

    def check(self, picture: Picture) -> Modality:
        """The intake gate: which kind of scan this is; raises Refused when it is none."""
        look = self.look(picture)
        return self._route(look)

    def read(self, picture: Picture) -> Reading:
        """Label, probabilities and heat map; raises Refused when the picture is no scan.

        Independent of `check`, so that intake and analysis may lie hours apart.
        """
        look = self.look(picture)
        modality = self._route(look)
        probabilities = combine(look.logits, self.bundle.temperatures)
        label = max(BRANCHES[modality], key=lambda one: probabilities[one])
        confidence = probabilities[label]
        output = SLICES[modality].start + BRANCHES[modality].index(label)
        return Reading(
            modality=modality,
            label=label,
            confidence=confidence,
            probabilities={one: probabilities[one] for one in self.bundle.labels},
            uncertain=confidence < self.bundle.thresholds.uncertain,
            abnormal=1.0 - probabilities[Label.NORMAL],
            distance=look.distance,
            model=self.identity,
            heatmap=draw_heatmap(look.activation, self.bundle.tables, output),
            crop=self.bundle.recipe.crop,
            adjustments=picture.adjustments,
        )

    def look(self, picture: Picture) -> Look:
        """One pass, about 10 ms on one core; safe in `asyncio.to_thread`."""
        logits, activation = self._run(scale(draw_canvas(picture.grey, self.bundle.recipe)))
        pooled = activation.mean(axis=(0, 1))[np.newaxis]
        return Look(logits, activation, float(measure_distances(pooled, self.bundle.tables.prototypes)[0]))

    def _route(self, look: Look) -> Modality:
        routes = softmax(look.logits[ROUTER] / self.bundle.temperatures.router)
        limits = self.bundle.thresholds
        if look.distance > limits.distance or routes[ROUTES.index(Modality.NEITHER)] > limits.neither:
            raise Refused(Reason.NOT_A_SCAN)
        return max(BRANCHES, key=lambda modality: routes[ROUTES.index(modality)])

    def _run(self, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        check_range(image)
        with self._lock:
            self._interpreter.set_tensor(self._input, image[np.newaxis])
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._logits)[0], self._interpreter.get_tensor(self._map)[0]

    def _find_tensors(self) -> tuple[int, int, int]:
        """Indices of input, logits and feature map, by shape: the converter does not keep their order."""
        size, channels = self.bundle.recipe.size, self.bundle.tables.hidden.shape[0]
        inputs = {tuple(one["shape"]): one["index"] for one in self._interpreter.get_input_details()}
        outputs = {tuple(one["shape"]): one["index"] for one in self._interpreter.get_output_details()}
        try:
            image = inputs[1, size, size, 1]
            return image, outputs[1, OUTPUTS], outputs[1, MAP_SIDE, MAP_SIDE, channels]
        except KeyError as error:
            raise BundleError(
                f"The network of {self.identity.name} does not have the shapes its bundle names."
            ) from error


def measure_distances(features: NDArray[np.float32], prototypes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine distance of each row (n × channels) to its nearest prototypes, averaged over NEIGHBOURS."""
    unit = features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-9)
    nearest = np.partition(-(unit @ prototypes.T), NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    distances: NDArray[np.float32] = (1.0 + nearest.mean(axis=1)).astype(np.float32)
    return distances


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Along the last axis, in double precision so that it sums to 1."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers: NDArray[np.float64] = np.exp(shifted)
    shares: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def combine(logits: NDArray[np.float32], temperatures: Temperatures) -> dict[Label, float]:
    """Six probabilities: the router's share of each kind of scan times that branch's own softmax."""
    routes = softmax(logits[ROUTER][:2] / temperatures.router)
    chest = softmax(logits[CHEST] / temperatures.chest_xray) * routes[0]
    cardiac = softmax(logits[CARDIAC] / temperatures.cardiac_mri) * routes[1]
    total = dict.fromkeys(Label, 0.0)
    for modality, shares in ((Modality.CHEST_XRAY, chest), (Modality.CARDIAC_MRI, cardiac)):
        for label, share in zip(BRANCHES[modality], shares, strict=True):
            total[label] += float(share)
    return total
