"""The first network with its router and probe: forward passes, orientation, and whether a picture is a scan."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason
from inference.model.bundle import OUT_OF_DISTRIBUTION, ROUTER, Bundle
from inference.model.gate_result import ForwardPass, measure_distances
from inference.model.image_quality import CONDITIONS, CORRECTABLE, Condition, correct_condition
from inference.model.network import Network
from inference.model.preprocess import draw_canvas, scale
from inference.model.softmax import softmax
from inference.upload.limits import refuse_blank
from inference.upload.picture import Picture

CORRECTION_PROBABILITY: Final = 0.5  # minimum probe probability for trying a correction


class FirstNetwork:
    """The bundle's first network. Thread-safe; it serves one call at a time."""

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self.bundle = bundle
        self._network = Network(bundle, threads)

    def forward(self, grey: NDArray[np.uint8]) -> ForwardPass:
        """One pass for a picture. Raises Refused for a blank one."""
        canvas = draw_canvas(grey, self.bundle.recipe)
        refuse_blank(canvas)  # blank inside a frame that is cropped away
        return self.forward_canvas(canvas)

    def forward_canvas(self, canvas: NDArray[np.uint8]) -> ForwardPass:
        """One pass for a canvas of the recipe's size."""
        logits, activation = self._network.run(scale(canvas))
        features = activation.mean(axis=(0, 1))
        distance = measure_distances(features[np.newaxis], self.bundle.tables.prototypes)[0]
        return ForwardPass(canvas, logits, activation, features, float(distance))

    def correct(self, picture: Picture) -> tuple[Picture, Condition, ForwardPass]:
        """Rotate or invert the picture when that makes it an in-distribution scan in condition FINE.

        The router recognises rotated and inverted scans, so pictures that it routes elsewhere are not tried: one
        rotation of an arbitrary picture might resemble a chest.
        """
        forward = self.forward(picture.grey)
        condition = self._probe_condition(forward)
        if self.is_routed_elsewhere(forward) or (condition not in CORRECTABLE and self.is_in_distribution(forward)):
            return picture, condition, forward
        corrected = {one: correct_condition(picture.grey, one) for one in CORRECTABLE}
        passes = {one: self.forward(grey) for one, (grey, _) in corrected.items()}
        best = min(passes, key=lambda one: passes[one].distance)
        best_pass = passes[best]
        accepted = self.is_in_distribution(best_pass) and self._probe_condition(best_pass) is Condition.FINE
        if not accepted or best_pass.distance > forward.distance:
            return picture, Condition.FINE if condition in CORRECTABLE else condition, forward
        grey, adjustment = corrected[best]
        return replace(picture, grey=grey, adjustments=(*picture.adjustments, adjustment)), best, best_pass

    def is_in_distribution(self, forward: ForwardPass) -> bool:
        """Whether the distance to the prototypes is within the threshold and the router accepts the picture."""
        return forward.distance <= self.bundle.thresholds.distance and not self.is_routed_elsewhere(forward)

    def is_routed_elsewhere(self, forward: ForwardPass) -> bool:
        """Whether the router assigns the picture to its out-of-distribution output."""
        routes = softmax(forward.logits[ROUTER] / self.bundle.temperatures.router)
        return bool(routes[OUT_OF_DISTRIBUTION] > self.bundle.thresholds.neither)

    def _probe_condition(self, forward: ForwardPass) -> Condition:
        """The condition by the linear probe: a high threshold for refusals, a low one for corrections to be tried."""
        tables = self.bundle.tables
        shares = softmax(forward.features @ tables.condition + tables.condition_bias)
        best = int(shares.argmax())
        needed = CORRECTION_PROBABILITY if CONDITIONS[best] in CORRECTABLE else self.bundle.thresholds.condition
        return CONDITIONS[best] if shares[best] > needed else Condition.FINE

    def ood_reason(self, forward: ForwardPass) -> Reason:
        """The reason of the nearest out-of-distribution example, or NOT_A_SCAN when none is near."""
        tables = self.bundle.tables
        unit = forward.features / (np.linalg.norm(forward.features) + 1e-9)
        similarity = tables.strangers @ unit
        nearest = int(similarity.argmax())
        if 1.0 - similarity[nearest] > self.bundle.thresholds.distance:
            return Reason.NOT_A_SCAN
        return self.bundle.ood_reasons[int(tables.stranger_kind[nearest])]
