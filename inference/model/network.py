"""The LiteRT networks, each behind its own lock: a square picture in, logits and feature map out."""

import threading
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.errors import BundleError
from inference.model.bundle import OUTPUTS, STRIDE, Bundle
from inference.model.interpreter import create_interpreter
from inference.model.preprocess import check_range, draw_canvas, scale


class NetworkOutput(NamedTuple):
    """Outputs of one pass."""

    logits: NDArray[np.float32]  # OUTPUTS
    activation: NDArray[np.float32]  # side × side × channels


class Network:
    """The main network on the CPU; about 10 ms a pass on one core."""

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self._lock = threading.Lock()
        self._interpreter = _open(bundle.model, threads, bundle.identity.name)
        self._input, self._logits, self._map = self._find_tensors(bundle)

    def run(self, image: NDArray[np.float32]) -> NetworkOutput:
        """Run one image, size × size × 1 in [-1, 1]. Thread-safe. Raises ValueError for a wrongly scaled image."""
        check_range(image)
        with self._lock:
            self._interpreter.set_tensor(self._input, image[np.newaxis])
            self._interpreter.invoke()
            return NetworkOutput(
                self._interpreter.get_tensor(self._logits)[0], self._interpreter.get_tensor(self._map)[0]
            )

    def _find_tensors(self, bundle: Bundle) -> tuple[int, int, int]:
        """Indices of input, logits and feature map, found by shape because the converter keeps no order."""
        size, channels = bundle.recipe.size, bundle.tables.hidden.shape[0]
        side = size // STRIDE
        inputs = {tuple(one["shape"]): one["index"] for one in self._interpreter.get_input_details()}
        outputs = {tuple(one["shape"]): one["index"] for one in self._interpreter.get_output_details()}
        try:
            return inputs[1, size, size, 1], outputs[1, OUTPUTS], outputs[1, side, side, channels]
        except KeyError as error:
            raise BundleError(
                f"The network of {bundle.identity.name} does not have the shapes its bundle names."
            ) from error


class SecondNetwork:
    """The bundle's second network; a bundle without one adds zeros."""

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self._lock, self._second = threading.Lock(), bundle.second
        if bundle.second is None:
            return
        self._interpreter = _open(bundle.second.model, threads, bundle.identity.name)
        self._input, self._logits = (
            one[0] for one in (self._interpreter.get_input_details(), self._interpreter.get_output_details())
        )
        size = bundle.second.recipe.size
        if [*self._input["shape"], *self._logits["shape"]] != [1, size, size, 1, 1, OUTPUTS]:
            raise BundleError(
                f"The second network of {bundle.identity.name} does not have the shapes its bundle names."
            )

    def run(self, grey: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (OUTPUTS) to add to the first network's, for a whole picture (height × width)."""
        if self._second is None:
            return np.zeros(OUTPUTS, np.float32)
        image = scale(draw_canvas(grey, self._second.recipe))[np.newaxis]
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], image)
            self._interpreter.invoke()
            logits: NDArray[np.float32] = self._interpreter.get_tensor(self._logits["index"])[0]
        return logits


def _open(model: bytes, threads: int, name: str) -> Any:  # noqa: ANN401  LiteRT ships no types
    try:
        return create_interpreter(model, threads)
    except (ValueError, RuntimeError) as error:
        raise BundleError(f"The network of the model bundle {name} cannot be opened.") from error
