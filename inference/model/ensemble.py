"""The chest branch of a bundle of format 1.3: what is loaded, and how the two networks' answers are combined."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.film.defects import Defects
from inference.model.heads import Heads
from inference.model.preprocess import Recipe
from inference.model.softmax import softmax
from models.vocabulary import Label

Values = NDArray[np.float32]
Limits = Mapping[str, tuple[float, float]]  # least and greatest value of a figure of `Defects`, or of "distance"
NEIGHBOURS: Final = 3


@dataclass(frozen=True)
class CertaintyThresholds:
    """Probability of a certain answer, by label; above 1 the label is never certain."""

    sound: Mapping[str, float]
    damaged: Mapping[str, float]  # of films beyond `ChestModel.damaged`, or cut out of a photograph
    stable: float = 1.0  # of it so much, or all where it is less, is kept by a sound film under every disturbance

    def for_label(self, label: Label, damaged: bool) -> float:
        """The threshold of one label in one group of films."""
        return (self.damaged if damaged else self.sound)[label.value]

    def to_keep(self, needed: float, damaged: bool) -> float:
        """The probability to be kept under every disturbance; a damaged film keeps all that it `needed`."""
        return needed if damaged else min(needed, self.stable)


@dataclass(frozen=True, eq=False)
class FeatureRouter:
    """A linear router on the frozen features (chest, heart, other), and distances to training scans."""

    weights: Values  # channels × 3
    bias: Values  # 3
    chest_prototypes: Values  # n × channels, of length 1
    heart_prototypes: Values
    other: float  # maximum probability of the third output
    chest_distance: (
        float  # a scan farther than this from the chests and than `heart_distance` from the hearts is refused
    )
    heart_distance: float
    heart_far: float  # hearts beyond it carry the doubt FAR_FROM_TRAINING


class Routing(NamedTuple):
    """The router's answer for one picture."""

    shares: NDArray[np.float64]  # chest, heart, other; they sum to 1
    chest_distance: float  # cosine distance to the nearest training scans, 0 to 2
    heart_distance: float


class Assessment(NamedTuple):
    """The combined answer of both networks for one film."""

    shares: NDArray[np.float64]  # probabilities of the chest classes, calibrated
    lowest: float  # the likeliest class's least probability over the film and its disturbances
    agree: bool  # each network alone names the likeliest class first


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The heads of both networks, and the calibration of their sum."""

    frozen: Heads
    tuned: Heads
    temperature: float
    bias: NDArray[np.float64]  # of the chest classes

    def assess(self, frozen: Values, tuned: Values) -> Assessment:
        """`frozen`: features of the film and of its disturbances (n × channels), `tuned`: of the film and of its
        first disturbance (2 × channels). Further disturbances are added to the tuned network's undisturbed answer."""
        own, other = self.frozen.run(frozen), self.tuned.run(tuned)
        other = np.concatenate([other, np.repeat(other[:1], len(own) - len(other), axis=0)])
        shares = softmax((own + other) / self.temperature + self.bias)
        best = int(shares[0].argmax())
        agree = best == int(own[0].argmax()) == int(other[0].argmax())
        return Assessment(shares[0], float(shares[:, best].min()), agree)


@dataclass(frozen=True, eq=False)
class ChildProbe:
    """A logistic regression on the frozen features that tells children's films from adults'."""

    weights: Values  # channels
    bias: float
    above: float  # probability from which a film counts as a child's

    def accepts(self, features: Values) -> bool:
        """Whether a film with these features (channels) looks like a child's."""
        unit = features / (np.linalg.norm(features) + 1e-9)
        return bool(1.0 / (1.0 + np.exp(-(float(unit @ self.weights) + self.bias))) >= self.above)


@dataclass(frozen=True, eq=False)
class ChestModel:
    """Everything that format 1.3 adds to a bundle."""

    finder: bytes  # LiteRT networks
    features: bytes
    recipe: Recipe  # of the feature network
    router: FeatureRouter
    ensemble: Ensemble
    thresholds: CertaintyThresholds
    far: float  # distance beyond which the prediction carries the doubt FAR_FROM_TRAINING
    refuse: Limits  # beyond them a film is refused
    damaged: Limits  # beyond them it needs the thresholds of damaged films
    child: ChildProbe | None = None  # None before format 1.4


def route(router: FeatureRouter, features: Values) -> Routing:
    """Route one picture by its frozen features (channels)."""
    unit = features / (np.linalg.norm(features) + 1e-9)
    shares = softmax(unit @ router.weights + router.bias)
    return Routing(
        shares, measure_distance(router.chest_prototypes, unit), measure_distance(router.heart_prototypes, unit)
    )


def measure_distance(prototypes: Values, unit: Values) -> float:
    """Mean cosine distance to the NEIGHBOURS nearest prototypes, 0 to 2."""
    return float(1.0 - np.sort(prototypes @ unit)[-NEIGHBOURS:].mean())


def find_exceeded(defects: Defects, distance: float, limits: Limits) -> tuple[str, ...]:
    """Names of the figures outside their limits, in the order of the limits."""
    figures = defects._asdict() | {"distance": distance}
    return tuple(name for name, (least, most) in limits.items() if not least <= figures[name] <= most)
