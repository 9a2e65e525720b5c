"""The classifier: correct the picture's orientation, run the intake gate, predict."""

from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.film.finder import WHOLE, Film, Found
from inference.film.frame import is_cut
from inference.model.bundle import (
    BRANCHES,
    CARDIAC,
    OUT_OF_DISTRIBUTION,
    ROUTER,
    SLICES,
    Bundle,
    ModelIdentity,
    Temperatures,
    load_bundle,
)
from inference.model.chest_reader import ChestReader, Examination
from inference.model.first_network import FirstNetwork
from inference.model.gate_result import ForwardPass, GateResult, measure_distances
from inference.model.gradcam import draw_heatmap
from inference.model.image_quality import (
    REFUSED_CONDITIONS,
    Condition,
    find_fault,
    measure_quality,
)
from inference.model.network import SecondNetwork
from inference.model.prediction import (
    Doubt,
    Prediction,
    choose_label,
    combine_branches,
    find_doubts,
    is_uncertain,
    pool_slices,
)
from inference.model.preprocess import draw_canvas
from inference.model.softmax import softmax
from inference.robustness.disturbances import disturb
from inference.upload.picture import Adjustment, Picture
from models.vocabulary import Label, Modality

__all__ = ["DECODED_SIDE", "Classifier", "ForwardPass", "GateResult", "Prediction", "measure_distances", "pool_slices"]

DECODED_SIDE: Final = 448  # pixels, twice the network's input: decoding at a larger size does not change its input
STABILITY_MARGIN: Final = 0.2  # a prediction whose probability changes more under recompression is unstable
RECOMPRESSION_QUALITY: Final = 40  # JPEG quality of the stability check, lower than any messenger's


class _Answer(NamedTuple):
    """The answer of a branch."""

    label: Label
    probabilities: dict[Label, float]
    threshold: float
    doubts: tuple[Doubt, ...]
    child_film: bool = False


class Classifier:
    """A loaded bundle. Thread-safe; the network serves one call at a time."""

    def __init__(self, bundle: Bundle, threads: int = 2) -> None:
        self.bundle = bundle
        self._first, self._second = FirstNetwork(bundle, threads), SecondNetwork(bundle, threads)
        self._chest = ChestReader(bundle.chest, threads) if bundle.chest else None

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> Self:
        """Read, verify and warm up a bundle. Raises BundleError."""
        classifier = cls(load_bundle(folder), threads)
        size = classifier.bundle.recipe.size
        grey = np.tile(np.arange(size, dtype=np.uint8), (size, 1))
        classifier._first.forward(grey)
        classifier._second.run(grey)
        if classifier._chest:
            classifier._chest.examine(grey, classifier._chest.find(grey).grey)
        return classifier

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and hash, for reports and records."""
        return self.bundle.identity

    def check(self, picture: Picture) -> Modality:
        """Run the intake gate; returns the modality. Raises Refused with the reason."""
        return self.run_gate(picture).modality

    def run_gate(self, picture: Picture) -> GateResult:
        """Run the intake gate; returns the corrected picture with its measurements. Raises Refused with the reason."""
        accepted = self._find_and_gate(picture.levelled())
        if picture.declared not in (None, accepted.modality):
            raise Refused(Reason.NOT_A_SCAN)
        return accepted

    def _find_and_gate(self, picture: Picture) -> GateResult:
        """Find the film, cut it out, and run the gate on it. Raises Refused."""
        if self._chest is None:
            return self._gate(picture, picture, None)
        film = self._chest.find(picture.grey)
        if not is_cut(film):
            return self._gate(picture, picture, film)
        inner = replace(picture, grey=film.grey, adjustments=(*picture.adjustments, Adjustment.CUT_OUT))
        result = self._gate(picture, inner, film)
        if result.modality is Modality.CARDIAC_MRI and film.found is not Found.CUT:  # their dark margins belong to them
            return self._gate(picture, picture, film._replace(grey=picture.grey, quad=WHOLE))
        return result

    def _gate(self, whole: Picture, picture: Picture, film: Film | None) -> GateResult:
        """The gate for the film, or for the whole picture. Raises Refused."""
        corrected, condition, forward = self._first.correct(picture)
        examination = self._chest.examine(whole.grey, corrected.grey) if self._chest else None
        modality = tuple(Modality)[int(forward.logits[ROUTER][:OUT_OF_DISTRIBUTION].argmax())]
        figures = measure_quality(corrected.grey)
        fault = find_fault(figures, self.bundle.limits[modality].refuse)
        reason = self._refusal(modality, condition, forward, examination, fault)
        if reason:
            raise Refused(reason)
        return GateResult(modality, corrected, condition, forward, figures, film, examination)

    def _refusal(
        self,
        modality: Modality,
        condition: Condition,
        forward: ForwardPass,
        examination: Examination | None,
        fault: Reason | None,
    ) -> Reason | None:
        """The first reason that holds: no scan, part of one, badly photographed, damaged, unlike all training scans."""
        foreign, damage = self._first.is_routed_elsewhere(forward), None
        remote = not self._first.is_in_distribution(forward)
        if self._chest and examination:
            kind = int(examination.routing.shares[:OUT_OF_DISTRIBUTION].argmax())
            remote |= self._chest.is_remote(examination)
            damage = self._chest.damage(examination, remote) if modality is Modality.CHEST_XRAY else None
            foreign |= self._chest.is_other(examination)
            foreign |= kind != tuple(Modality).index(modality) and damage is None  # the routers disagree
        if condition in REFUSED_CONDITIONS and not foreign:
            return REFUSED_CONDITIONS[condition]
        if foreign or (remote and fault is None and damage is None):
            return self._first.ood_reason(forward)
        return fault or damage

    def predict(self, picture: Picture) -> Prediction:
        """Run the intake gate and predict. Raises Refused with the reason.

        Independent of `check`: intake and analysis may be hours apart.
        """
        return self.predict_accepted(self.run_gate(picture))

    def predict_accepted(self, accepted: GateResult) -> Prediction:
        """Predict for a picture that passed the gate; the heat map belongs to `accepted.picture`."""
        modality, forward = accepted.modality, accepted.forward
        answer = self._read_chest(accepted) or self._read(accepted)
        output = SLICES[modality].start + BRANCHES[modality].index(answer.label)
        return Prediction(
            modality=modality,
            label=answer.label,
            confidence=answer.probabilities[answer.label],
            threshold=answer.threshold,
            probabilities={one: answer.probabilities[one] for one in self.bundle.labels},
            uncertain=is_uncertain(answer.doubts),
            abnormal=1.0 - answer.probabilities[Label.NORMAL],
            distance=forward.distance,
            model=self.identity,
            heatmap=draw_heatmap(forward.activation, self.bundle.tables, output),
            crop=self.bundle.recipe.crop,
            adjustments=accepted.picture.adjustments,
            doubts=answer.doubts,
            child_film=answer.child_film,
        )

    def is_poor(self, accepted: GateResult) -> bool:
        """Whether the picture is at the edge of the training scans' quality."""
        return find_fault(accepted.quality, self.bundle.limits[accepted.modality].doubt) is not None

    def _read(self, accepted: GateResult) -> _Answer:
        """The answer of the first networks' own branches: hearts, and chests of bundles before format 1.3."""
        modality, forward = accepted.modality, accepted.forward
        second_logits = self._second.run(accepted.picture.grey)
        probabilities = combine_branches(forward.logits + second_logits, self.bundle.temperatures)
        label = choose_label(modality, probabilities)
        doubts = find_doubts(modality, probabilities, forward.distance, self.bundle.thresholds)
        doubts += self._picture_doubts(accepted, second_logits, probabilities)
        examination = accepted.examination
        if self._chest and examination and modality is Modality.CARDIAC_MRI and self._chest.is_far_heart(examination):
            doubts = tuple(dict.fromkeys((*doubts, Doubt.FAR_FROM_TRAINING)))
        return _Answer(label, probabilities, self.bundle.thresholds.for_label(label), doubts)

    def _read_chest(self, accepted: GateResult) -> _Answer | None:
        """The answer of the ensemble for a chest film; None where the ensemble does not read it."""
        film, examination, grey = accepted.film, accepted.examination, accepted.picture.grey
        if self._chest is None or film is None or examination is None or accepted.modality is Modality.CARDIAC_MRI:
            return None
        disturbed = draw_canvas(disturb(grey)[0], self.bundle.recipe)
        tuned = np.stack([accepted.forward.features, self._first.forward_canvas(disturbed).features])
        answer = self._chest.assess(grey, examination, tuned)
        chest, heart = (float(one) for one in examination.routing.shares[:OUT_OF_DISTRIBUTION])
        probabilities = add_hearts(answer.shares, heart / (chest + heart), accepted.forward, self.bundle.temperatures)
        label = choose_label(Modality.CHEST_XRAY, probabilities)
        poor = find_fault(accepted.quality, self.bundle.limits[Modality.CHEST_XRAY].doubt) is not None
        damaged = poor or self._chest.is_damaged(film, examination)
        needed = self.bundle.sure_from(label, damaged)
        doubts = self._chest.find_doubts(answer, film, examination, needed, damaged)
        return _Answer(label, probabilities, min(needed, 1.0), doubts, self._chest.is_child_film(examination))

    def forward(self, picture: Picture) -> ForwardPass:
        """One pass through the network, without the intake gate. Raises Refused for a blank picture."""
        return self._first.forward(picture.grey)

    def _picture_doubts(
        self, accepted: GateResult, second_logits: NDArray[np.float32], probabilities: dict[Label, float]
    ) -> tuple[Doubt, ...]:
        """Doubts about the picture: poor quality, or a prediction that changes when it is recompressed."""
        poor = self.is_poor(accepted)
        recompressed = combine_branches(
            self._first.forward_canvas(recompress(accepted.forward.canvas)).logits + second_logits,
            self.bundle.temperatures,
        )
        moved = max(abs(recompressed[label] - probabilities[label]) for label in Label) > STABILITY_MARGIN
        return (Doubt.POOR_IMAGE,) * poor + (Doubt.UNSTABLE,) * moved


def add_hearts(
    chest: NDArray[np.float64], heart: float, forward: ForwardPass, temperatures: Temperatures
) -> dict[Label, float]:
    """Six probabilities: those of the chest classes, and the cardiac branch's with the weight `heart` (0 to 1)."""
    total = dict.fromkeys(Label, 0.0)
    cardiac = softmax(forward.logits[CARDIAC] / temperatures.cardiac_mri)
    for modality, shares in ((Modality.CHEST_XRAY, chest * (1 - heart)), (Modality.CARDIAC_MRI, cardiac * heart)):
        for label, share in zip(BRANCHES[modality], shares, strict=True):
            total[label] += float(share)
    return total


def recompress(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The canvas after JPEG compression at RECOMPRESSION_QUALITY."""
    _, encoded = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, RECOMPRESSION_QUALITY])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
