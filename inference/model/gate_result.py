"""Results of the network's pass and of the intake gate."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.film.finder import Film
from inference.film.frame import draw_frame, is_cut
from inference.model.chest_reader import Examination
from inference.model.image_quality import QUARTER_ROTATIONS, Condition, QualityMeasures
from inference.upload.picture import Picture
from models.vocabulary import Modality

NEIGHBOURS: Final = 3


class ForwardPass(NamedTuple):
    """Inputs and outputs of one pass through the network."""

    canvas: NDArray[np.uint8]  # the network's input, size × size
    logits: NDArray[np.float32]  # OUTPUTS
    activation: NDArray[np.float32]  # side × side × channels
    features: NDArray[np.float32]  # channels, mean-pooled
    distance: float  # cosine distance to the nearest training prototypes, 0 to 2


class GateResult(NamedTuple):
    """A picture that passed the intake gate, cut to its film, with its orientation and polarity corrected."""

    modality: Modality
    picture: Picture
    condition: Condition  # before correction
    forward: ForwardPass
    quality: QualityMeasures  # of the corrected picture
    film: Film | None = None  # None for a bundle without a film finder
    examination: Examination | None = None

    def display(self, original: Picture, max_side: int) -> bytes:
        """JPEG for people: the corrected picture, or the whole one with a frame where the film was cut out of it."""
        if self.film is None or not is_cut(self.film):
            return self.picture.jpeg(max_side=max_side)
        quarters = QUARTER_ROTATIONS.get(self.condition, 0)
        return draw_frame(original, self.film, quarters, self.condition is Condition.INVERTED, max_side)


def measure_distances(features: NDArray[np.float32], prototypes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean cosine distance of each row (n × channels) to its NEIGHBOURS nearest prototypes, 0 to 2."""
    unit = features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-9)
    nearest = np.partition(-(unit @ prototypes.T), NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    distances: NDArray[np.float32] = (1.0 + nearest.mean(axis=1)).astype(np.float32)
    return distances
