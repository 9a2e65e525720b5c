"""A patient's heart read from the slices of one album, by measures that need no scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from inference.heart.album import describe_both_phases, describe_one_phase
from inference.heart.bundle import HeartBundle, Plausible, Usual, load_heart
from inference.heart.measures import SliceMeasures, measure
from inference.heart.phases import Pair, pair_phases
from inference.heart.segmenter import HeartSegmenter, Outline
from inference.model.bundle import ModelIdentity
from inference.model.prediction import Doubt
from models.vocabulary import Label, Modality

EVEN: Final = 0.5  # the probability told where nothing was measured
SHOWN: Final = ("cavity_to_muscle", "wall_to_radius", "thickest_to_thinnest", "right_to_left", "roundness")


class HeartDoubt(StrEnum):
    """Why a heart's reading is not sure. The codes are stable: scripts and locales rely on them."""

    NO_HEART = "no_heart_outline"  # nothing was outlined
    IMPLAUSIBLE = "implausible_heart"  # what was outlined has no heart's shape
    ONE_SLICE = "one_slice"  # a single slice shows too little of a heart
    FEW_SLICES = "few_slices"
    ONE_PHASE = "one_phase"  # rest and squeeze were not both found
    LOW_CONFIDENCE = "low_confidence"


class Phases(StrEnum):
    """The phases of the heartbeat that an album shows."""

    BOTH = "both"
    ONE = "one"
    NONE = "none"


class SliceResult(NamedTuple):
    """The result for one slice; without measures it has the doubt that says why."""

    outline: Outline | None
    measures: SliceMeasures | None
    doubt: HeartDoubt | None


class Figure(NamedTuple):
    """A measure as the doctor's card shows it."""

    measure: str  # a name of RATIOS, or cavity_squeeze_to_rest
    phase: str  # rest, squeeze or any
    value: float
    usual: Usual | None  # of our normal patients


@dataclass(frozen=True, eq=False)
class HeartReading:
    """It supports a clinician and replaces none."""

    label: Label  # Normal or Sick
    abnormal: float  # probability of Sick, 0 to 1
    threshold: float  # the confidence that this label needs; above 1 it is never sure
    doubts: tuple[HeartDoubt | Doubt, ...]
    phases: Phases
    slices: int  # how many were measured
    figures: tuple[Figure, ...]
    model: ModelIdentity

    @property
    def uncertain(self) -> bool:
        """Any doubt decides."""
        return bool(self.doubts)

    @property
    def confidence(self) -> float:
        """Probability of the label, 0 to 1."""
        return self.abnormal if self.label is Label.SICK else 1 - self.abnormal

    def as_json(self) -> dict[str, Any]:
        """The reading as plain JSON values, in the fields of a single picture's reading and a few more."""
        shares = dict.fromkeys((label.value for label in Label), 0.0)
        shares |= {Label.NORMAL.value: round(1 - self.abnormal, 4), Label.SICK.value: round(self.abnormal, 4)}
        return {
            "modality": Modality.CARDIAC_MRI.value,
            "label": self.label.value,
            "confidence": round(self.confidence, 4),
            "threshold": round(min(self.threshold, 1.0), 4),
            "uncertain": self.uncertain,
            "abnormal": round(self.abnormal, 4),
            "probabilities": shares,
            "doubts": [doubt.value for doubt in self.doubts],
            "adjustments": [],
            "phases": self.phases.value,
            "slices": self.slices,
            "measures": [describe_figure(figure) for figure in self.figures],
        }


class HeartReader:
    """The segmenter and the models of a bundle together."""

    def __init__(self, bundle: HeartBundle, threads: int = 1) -> None:
        self._bundle, self._segmenter = bundle, HeartSegmenter(bundle.segmenter, threads)

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and hash, for reports and records."""
        return self._bundle.identity

    @property
    def measured(self) -> Mapping[str, Any]:
        """Quality as measured when the bundle was made."""
        return dict(self._bundle.facts["measured"])

    @classmethod
    def load(cls, folder: Path, threads: int = 1) -> Self:
        """From a bundle's folder; raises BundleError."""
        return cls(load_heart(folder), threads)

    def measure_slice(self, grey: NDArray[np.uint8]) -> SliceResult:
        """Outline and measure one slice (height × width, bright blood on dark air)."""
        outline = self._segmenter.outline(grey)
        if outline is None:
            return SliceResult(None, None, HeartDoubt.NO_HEART)
        measures = measure(outline)
        if measures is None or not is_plausible(outline, measures, self._bundle.plausible):
            return SliceResult(outline, None, HeartDoubt.IMPLAUSIBLE)
        return SliceResult(outline, measures, None)

    def read(self, greys: Sequence[NDArray[np.uint8]], results: Sequence[SliceResult] | None = None) -> HeartReading:
        """One reading for the slices of one heart; `results` are those of the same slices, where known."""
        results = results or [self.measure_slice(grey) for grey in greys]
        album = [
            (grey, result.outline, result.measures)
            for grey, result in zip(greys, results, strict=True)
            if result.outline is not None and result.measures is not None
        ]
        if not album:
            return give_up(results, self._bundle)
        pictures, outlines, slices = zip(*album, strict=True)
        pairs = pair_phases(pictures, outlines, [one.cavity for one in slices])
        return predict_album(slices, pairs, len(greys), self._bundle)


def is_plausible(outline: Outline, measures: SliceMeasures, limits: Plausible) -> bool:
    """Whether it has the shape and the size of a heart."""
    return (
        outline.certainty >= limits.certainty
        and measures.closed >= limits.closed
        and measures.roundness >= limits.roundness
        and limits.smallest <= measures.cavity + measures.muscle <= limits.largest
    )


def give_up(results: Sequence[SliceResult], bundle: HeartBundle) -> HeartReading:
    """Uncertain, with the reasons why nothing could be measured."""
    doubts = tuple(dict.fromkeys(result.doubt for result in results if result.doubt)) or (HeartDoubt.NO_HEART,)
    return HeartReading(Label.SICK, EVEN, bundle.one.sure_sick, doubts, Phases.NONE, 0, (), bundle.identity)


def predict_album(
    slices: Sequence[SliceMeasures], pairs: Sequence[Pair], sent: int, bundle: HeartBundle
) -> HeartReading:
    """The reading of measured slices; `sent` counts those that could not be measured, too."""
    phases = Phases.BOTH if len(pairs) >= bundle.fewest else Phases.ONE
    if phases is Phases.BOTH:
        model, features = bundle.both, describe_both_phases(slices, pairs)
    else:
        model, features = bundle.one, describe_one_phase(slices)
    abnormal = model.predict(features)
    label = Label.SICK if abnormal >= EVEN else Label.NORMAL
    between, alone = model.sure_normal < abnormal < model.sure_sick, phases is Phases.ONE
    reasons = (
        (sent == 1, HeartDoubt.ONE_SLICE),
        (sent > 1 and alone and len(slices) < bundle.fewest, HeartDoubt.FEW_SLICES),
        (sent > 1 and alone and between, HeartDoubt.ONE_PHASE),
        (between, HeartDoubt.LOW_CONFIDENCE),
    )
    return HeartReading(
        label=label,
        abnormal=abnormal,
        threshold=model.sure_sick if label is Label.SICK else 1 - model.sure_normal,
        doubts=tuple(doubt for found, doubt in reasons if found),
        phases=phases,
        slices=len(slices),
        figures=tuple(list_figures(features, phases, bundle.usual)),
        model=bundle.identity,
    )


def list_figures(
    features: Mapping[str, float], phases: Phases, usual: Mapping[str, Mapping[str, Usual]]
) -> list[Figure]:
    """Medians over the slices, at rest and at the squeeze where both are known, beside the normal patients'."""
    if phases is Phases.ONE:
        return [Figure(name, "any", features[f"{name}_median"], usual["any"].get(name)) for name in SHOWN]
    figures = [
        Figure(name, phase, features[f"{phase}_{name}_median"], usual[phase].get(name))
        for phase in ("rest", "squeeze")
        for name in SHOWN
    ]
    moved = "cavity_squeeze_to_rest"
    return [*figures, Figure(moved, "both", features[moved], usual["both"].get(moved))]


def describe_figure(figure: Figure) -> dict[str, Any]:
    """A figure as plain JSON values."""
    usual = None if figure.usual is None else [round(one, 3) for one in figure.usual]
    return {"measure": figure.measure, "phase": figure.phase, "value": round(figure.value, 3), "usual": usual}
