"""Read a chest film by two networks, as it is and under small disturbances (bundles of format 1.3)."""

import threading
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason
from inference.film.defects import Defects, count_levels, measure_defects
from inference.film.finder import Film, FilmFinder, Found
from inference.model.ensemble import Assessment, ChestModel, Routing, find_exceeded, route
from inference.model.interpreter import create_interpreter
from inference.model.prediction import NEAR_CLASS_MARGIN, Doubt
from inference.model.preprocess import Recipe, draw_canvas, scale
from inference.robustness.disturbances import disturb
from inference.upload.picture import shrink

Grey = NDArray[np.uint8]
Values = NDArray[np.float32]
OTHER: Final = 2  # the router's third output
GRID_SIDE: Final = 640  # pixels; in larger pictures a grid of blocks is gone once they are shrunk for the network
FILM_SIDE: Final = 320  # the training films' size, at which noise, levels and patterns are measured
DAMAGE_REASONS: Final[Mapping[str, Reason]] = {
    "noise": Reason.NOISY,
    "blocks": Reason.COMPRESSED,
    "levels": Reason.FEW_LEVELS,
    "pattern": Reason.SCREEN_PHOTO,
    "detail": Reason.NOISY,  # fine detail as strong as the coarse structure
    "side": Reason.TOO_SMALL,
}
TOO_SOFT: Final = "detail"  # below its lower limit the film is blurred or an enlarged thumbnail


class Examination(NamedTuple):
    """Measurements of a film for the intake gate, used again by the prediction."""

    features: Values  # of the feature network, mean-pooled
    routing: Routing
    defects: Defects


class FeatureNetwork:
    """Frozen ImageNet features of a whole film; about 6 ms a film on one core."""

    def __init__(self, model: bytes, threads: int, recipe: Recipe) -> None:
        self._lock, self._recipe = threading.Lock(), recipe
        self._interpreter = create_interpreter(model, threads)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def run(self, grey: Grey) -> Values:
        """Mean-pooled features (channels). Thread-safe."""
        image = scale(draw_canvas(grey, self._recipe))[np.newaxis]
        with self._lock:
            self._interpreter.set_tensor(self._input, image)
            self._interpreter.invoke()
            features: Values = self._interpreter.get_tensor(self._output)[0]
        return features


class ChestReader:
    """Film finder, feature network and ensemble of a bundle. Thread-safe."""

    def __init__(self, model: ChestModel, threads: int) -> None:
        self.model = model
        self._finder = FilmFinder(model.finder, threads)
        self._network = FeatureNetwork(model.features, threads, model.recipe)

    def find(self, grey: Grey) -> Film:
        """Find the film in a picture; where nothing is cut away, `Film.grey` is the picture itself."""
        return self._finder.find(grey)

    def examine(self, whole: Grey, film: Grey) -> Examination:
        """Features, routing and defects of a film, corrected, in the whole picture."""
        features, small = self._network.run(film), shrink(film, FILM_SIDE)
        defects = measure_defects(whole if max(whole.shape) <= GRID_SIDE else small, small)
        step = max(1, max(film.shape) // FILM_SIDE)
        defects = defects._replace(levels=count_levels(film[::step, ::step]), side=float(min(film.shape)))
        return Examination(features, route(self.model.router, features), defects)

    def is_other(self, examination: Examination) -> bool:
        """Whether the router takes the picture for neither chest nor heart."""
        return bool(examination.routing.shares[OTHER] > self.model.router.other)

    def is_remote(self, examination: Examination) -> bool:
        """Whether the picture is too far from the training chests and from the training hearts."""
        routing, router = examination.routing, self.model.router
        return routing.chest_distance > router.chest_distance and routing.heart_distance > router.heart_distance

    def is_far_heart(self, examination: Examination) -> bool:
        """Whether few training hearts are similar."""
        return examination.routing.heart_distance > self.model.router.heart_far

    def is_child_film(self, examination: Examination) -> bool:
        """Whether the film looks like a child's; False for bundles that cannot tell."""
        return self.model.child is not None and self.model.child.accepts(examination.features)

    def damage(self, examination: Examination, remote: bool = False) -> Reason | None:
        """The reason of refusal for a chest film beyond the limits of damage; None when all hold.

        For a `remote` film, which is refused anyway, smaller damage is the reason, too.
        """
        limits = self.model.damaged if remote else self.model.refuse
        known = {name: one for name, one in limits.items() if name in DAMAGE_REASONS}
        beyond = find_exceeded(examination.defects, 0.0, known)
        if not beyond:
            return None
        if beyond[0] == TOO_SOFT and examination.defects.detail < limits[TOO_SOFT][0]:
            return Reason.BLURRED
        return DAMAGE_REASONS[beyond[0]]

    def assess(self, film: Grey, examination: Examination, tuned: Values) -> Assessment:
        """`tuned`: the first network's features of the film and of `disturb(film)[0]` (2 × channels)."""
        frozen = np.stack([examination.features, *(self._network.run(view) for view in disturb(film))])
        return self.model.ensemble.assess(frozen, tuned)

    def is_damaged(self, film: Film, examination: Examination) -> bool:
        """Whether the film belongs to the group with the higher thresholds."""
        exceeded = find_exceeded(examination.defects, examination.routing.chest_distance, self.model.damaged)
        return bool(exceeded) or film.found is Found.CUT

    def find_doubts(
        self, answer: Assessment, film: Film, examination: Examination, needed: float, poor: bool
    ) -> tuple[Doubt, ...]:
        """Doubts about the answer; `needed` is the minimum probability of its group, `poor` says it is the damaged."""
        second, confidence = np.sort(answer.shares)[-2:]
        kept = self.model.thresholds.to_keep(needed, poor)
        doubts = (
            (confidence < needed, Doubt.LOW_CONFIDENCE),
            (confidence - second < NEAR_CLASS_MARGIN, Doubt.NEAR_CLASSES),
            (examination.routing.chest_distance > self.model.far, Doubt.FAR_FROM_TRAINING),
            (poor and answer.lowest < needed, Doubt.POOR_IMAGE),
            (answer.lowest < kept and needed <= confidence, Doubt.UNSTABLE),
            (not answer.agree, Doubt.NETWORKS_DISAGREE),
            (film.found is Found.UNCLEAR, Doubt.FILM_UNCLEAR),
        )
        return tuple(doubt for found, doubt in doubts if found)
