"""The classifier: put the picture right, ask whether it is a scan fit to read, and read it."""

from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.model.bundle import BRANCHES, ROUTER, ROUTES, SLICES, Bundle, Label, Modality, ModelIdentity, load_bundle
from inference.model.gradcam import draw_heatmap
from inference.model.image_quality import (
    CONDITIONS,
    FAULTS,
    REMEDIES,
    Condition,
    Figures,
    find_fault,
    measure,
    put_right,
)
from inference.model.network import Network, SecondNetwork
from inference.model.preprocess import draw_canvas, scale
from inference.model.reading import Doubt, Reading, choose_label, combine, doubt, is_uncertain, pool, softmax
from inference.upload.limits import refuse_blank
from inference.upload.picture import Picture

__all__ = ["DECODED_SIDE", "Admission", "Classifier", "Look", "Reading", "pool"]

NEIGHBOURS: Final = 3
DECODED_SIDE: Final = 448  # twice the network's input: a larger decoding changes nothing that it sees
HINT: Final = 0.5  # how sure the probe has to be before a cure is tried
MOVED: Final = 0.2  # a probability that moves further under recompression is unstable
RECOMPRESSED: Final = 40  # JPEG quality of the second look, harsher than any messenger


class Look(NamedTuple):
    """What one pass through the network yields."""

    canvas: NDArray[np.uint8]  # what it saw, size × size
    logits: NDArray[np.float32]  # OUTPUTS
    activation: NDArray[np.float32]  # side × side × channels
    features: NDArray[np.float32]  # channels, mean-pooled
    distance: float  # cosine distance to the nearest training prototypes, 0 to 2


class Admission(NamedTuple):
    """A picture that may be read, put right where it lay wrong."""

    modality: Modality
    picture: Picture
    condition: Condition  # how it came
    look: Look
    figures: Figures  # its quality, measured


class Classifier:
    """A loaded bundle. Its methods may be called from any thread; one of them uses the network at a time."""

    def __init__(self, bundle: Bundle, threads: int = 2) -> None:
        self.bundle = bundle
        self._network, self._second = Network(bundle, threads), SecondNetwork(bundle, threads)

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> Self:
        """Read, verify and warm up a bundle; raises BundleError."""
        classifier = cls(load_bundle(folder), threads)
        size = classifier.bundle.recipe.size
        grey = np.tile(np.arange(size, dtype=np.uint8), (size, 1))
        classifier._network.run(scale(grey))
        classifier._second.run(grey)
        return classifier

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and hash, for reports and records."""
        return self.bundle.identity

    def check(self, picture: Picture) -> Modality:
        """The intake gate: which kind of scan this is; raises Refused with the reason when it cannot be read."""
        return self.admit(picture).modality

    def admit(self, picture: Picture) -> Admission:
        """The intake gate with all it found: the picture put right is what people should be shown."""
        righted, condition, look = self._put_right(picture)
        if condition in FAULTS and not self._is_foreign(look):
            raise Refused(FAULTS[condition])
        if not self._is_scan(look):
            raise Refused(self._name_stranger(look))
        modality = max(BRANCHES, key=lambda one: look.logits[ROUTES.index(one)])
        figures = measure(righted.grey)
        fault = find_fault(figures, self.bundle.limits[modality].refuse)
        if fault:
            raise Refused(fault)
        return Admission(modality, righted, condition, look, figures)

    def read(self, picture: Picture) -> Reading:
        """Label, probabilities, doubts and heat map; raises Refused when the picture cannot be read.

        Independent of `check`, so that intake and analysis may lie hours apart.
        """
        return self.read_admitted(self.admit(picture))

    def read_admitted(self, admission: Admission) -> Reading:
        """As `read`; the heat map lies over the admission's picture, which was put right."""
        modality, look = admission.modality, admission.look
        added = self._second.run(admission.picture.grey)
        probabilities = combine(look.logits + added, self.bundle.temperatures)
        label = choose_label(modality, probabilities)
        doubts = doubt(modality, probabilities, look.distance, self.bundle.thresholds)
        doubts += self._doubt_picture(admission, added, probabilities)
        output = SLICES[modality].start + BRANCHES[modality].index(label)
        return Reading(
            modality=modality,
            label=label,
            confidence=probabilities[label],
            threshold=self.bundle.thresholds.of(label),
            probabilities={one: probabilities[one] for one in self.bundle.labels},
            uncertain=is_uncertain(doubts),
            abnormal=1.0 - probabilities[Label.NORMAL],
            distance=look.distance,
            model=self.identity,
            heatmap=draw_heatmap(look.activation, self.bundle.tables, output),
            crop=self.bundle.recipe.crop,
            adjustments=admission.picture.adjustments,
            doubts=doubts,
        )

    def look(self, picture: Picture) -> Look:
        """One pass through the network, without any gate."""
        return self._look(picture.grey)

    def _look(self, grey: NDArray[np.uint8]) -> Look:
        canvas = draw_canvas(grey, self.bundle.recipe)
        refuse_blank(canvas)  # one tone inside a frame that is cut off
        return self._look_at(canvas)

    def _look_at(self, canvas: NDArray[np.uint8]) -> Look:
        logits, activation = self._network.run(scale(canvas))
        features = activation.mean(axis=(0, 1))
        distance = measure_distances(features[np.newaxis], self.bundle.tables.prototypes)[0]
        return Look(canvas, logits, activation, features, float(distance))

    def _put_right(self, picture: Picture) -> tuple[Picture, Condition, Look]:
        """Turn or invert what lies wrong, and believe it only if the result is a scan that lies right.

        The router knows a lying film for a film, so what it calls no scan is not tried: of four ways to lay a dog one
        might look like a chest.
        """
        look = self._look(picture.grey)
        condition = self._judge_condition(look)
        if self._is_foreign(look) or (condition not in REMEDIES and self._is_scan(look)):
            return picture, condition, look
        cures = {one: put_right(picture.grey, one) for one in REMEDIES}
        looks = {one: self._look(grey) for one, (grey, _) in cures.items()}
        best = min(looks, key=lambda one: looks[one].distance)
        cured = looks[best]
        lies_right = self._is_scan(cured) and self._judge_condition(cured) is Condition.FINE
        if not lies_right or cured.distance > look.distance:
            return picture, Condition.FINE if condition in REMEDIES else condition, look
        grey, adjustment = cures[best]
        return replace(picture, grey=grey, adjustments=(*picture.adjustments, adjustment)), best, cured

    def _is_scan(self, look: Look) -> bool:
        """Near enough to the training scans, and the router does not object."""
        return look.distance <= self.bundle.thresholds.distance and not self._is_foreign(look)

    def _is_foreign(self, look: Look) -> bool:
        """The router says that it is neither kind of scan."""
        routes = softmax(look.logits[ROUTER] / self.bundle.temperatures.router)
        return bool(routes[ROUTES.index(Modality.NEITHER)] > self.bundle.thresholds.neither)

    def _judge_condition(self, look: Look) -> Condition:
        """A fault that refuses needs the probe to be sure; a cure is only tried, and proves itself."""
        tables = self.bundle.tables
        shares = softmax(look.features @ tables.condition + tables.condition_bias)
        best = int(shares.argmax())
        needed = HINT if CONDITIONS[best] in REMEDIES else self.bundle.thresholds.condition
        return CONDITIONS[best] if shares[best] > needed else Condition.FINE

    def _name_stranger(self, look: Look) -> Reason:
        """What kind of stranger it resembles, when it resembles one; else plainly no scan."""
        tables = self.bundle.tables
        unit = look.features / (np.linalg.norm(look.features) + 1e-9)
        likeness = tables.strangers @ unit
        nearest = int(likeness.argmax())
        if 1.0 - likeness[nearest] > self.bundle.thresholds.distance:
            return Reason.NOT_A_SCAN
        return self.bundle.strangers[int(tables.stranger_kind[nearest])]

    def _doubt_picture(
        self, admission: Admission, added: NDArray[np.float32], probabilities: dict[Label, float]
    ) -> tuple[Doubt, ...]:
        """Doubts about the picture itself: its quality, and whether a messenger would move the first network."""
        poor = find_fault(admission.figures, self.bundle.limits[admission.modality].doubt) is not None
        again = combine(self._look_at(recompress(admission.look.canvas)).logits + added, self.bundle.temperatures)
        moved = max(abs(again[label] - probabilities[label]) for label in Label) > MOVED
        return (Doubt.POOR_IMAGE,) * poor + (Doubt.UNSTABLE,) * moved


def recompress(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the network sees, after a harsh messenger."""
    _, encoded = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, RECOMPRESSED])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


def measure_distances(features: NDArray[np.float32], prototypes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine distance of each row (n × channels) to its nearest prototypes, averaged over NEIGHBOURS."""
    unit = features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-9)
    nearest = np.partition(-(unit @ prototypes.T), NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    distances: NDArray[np.float32] = (1.0 + nearest.mean(axis=1)).astype(np.float32)
    return distances
