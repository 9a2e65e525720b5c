"""The segmenter: a grey slice in, outlines of right ventricle, muscle and left ventricle out."""

import threading
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.errors import BundleError
from inference.heart.view import View, around, draw, reduce, whole
from inference.model.interpreter import create_interpreter

CLASSES: Final = 4
FIRST: Final = (0.65, 0.95)  # sides of the first views to the slice's: hearts lie near its middle, if it is whole
MARGIN: Final = 1.5  # side of the second view to the heart's longer side
FINE: Final = 2  # pixels of the outline's grid to one of the network's
SMALLEST: Final = 12  # pixels of the first view: fewer are no heart


class Tissue(IntEnum):
    """Classes of the mask."""

    BACKGROUND = 0
    RIGHT_VENTRICLE = 1
    MUSCLE = 2
    LEFT_VENTRICLE = 3


@dataclass(frozen=True, eq=False)
class Outline:
    """The outlined tissues of one slice."""

    mask: NDArray[np.uint8]  # side × side, values of Tissue, over `view`
    view: View  # in pixels of the reduced slice
    shape: tuple[int, int]  # height, width of the reduced slice
    certainty: float  # mean probability of the tissue chosen, over the outlined pixels, 0 to 1

    def over(self, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """The mask on a slice of this height and width, which has the proportions of the one that was read."""
        scale = shape[0] / self.shape[0]
        view = View((self.view.x + 0.5) * scale - 0.5, (self.view.y + 0.5) * scale - 0.5, self.view.side * scale)
        back = cv2.invertAffineTransform(view.matrix(len(self.mask)))
        drawn = cv2.warpAffine(self.mask, back, (shape[1], shape[0]), flags=cv2.INTER_NEAREST)
        return drawn.astype(np.uint8, copy=False)


class HeartSegmenter:
    """LiteRT on one core, behind a lock; two views of a slice, its middle (or else all of it) and the heart alone."""

    def __init__(self, model: bytes, threads: int = 1) -> None:
        """Raises BundleError where `model` is no network of size × size × 1 to size × size × CLASSES."""
        self._lock = threading.Lock()
        self._interpreter = _open(model, threads)
        self._input, self._output = (
            one[0] for one in (self._interpreter.get_input_details(), self._interpreter.get_output_details())
        )
        self.size = int(self._input["shape"][1])
        expected = [1, self.size, self.size, 1, 1, self.size, self.size, CLASSES]
        if [*self._input["shape"], *self._output["shape"]] != expected:
            raise BundleError("The heart's segmenter does not have the shapes that serving expects.")

    def outline(self, grey: NDArray[np.uint8]) -> Outline | None:
        """Outlines of a slice (height × width), or None where no heart is seen."""
        grey = reduce(grey)
        view = self._find(grey)
        if view is None:
            return None
        side = self.size * FINE
        logits = cv2.resize(self._run(grey, view), (side, side), interpolation=cv2.INTER_LINEAR)
        shares = share(np.asarray(logits, np.float32))
        mask = clean(shares.argmax(axis=2).astype(np.uint8))
        found = mask != Tissue.BACKGROUND
        if not found.any():
            return None
        certainty = float(np.take_along_axis(shares, mask[..., np.newaxis].astype(np.int64), axis=2)[found].mean())
        return Outline(mask, view, (grey.shape[0], grey.shape[1]), certainty)

    def _find(self, grey: NDArray[np.uint8]) -> View | None:
        """The square around the heart, by the first view that shows one."""
        all_of_it = whole(grey.shape)
        for part in FIRST:
            view = all_of_it._replace(side=all_of_it.side * part)
            heart = keep_largest(self._run(grey, view).argmax(axis=2) != Tissue.BACKGROUND)
            if heart.sum() >= SMALLEST:
                return around(heart, view, MARGIN)
        return None

    def _run(self, grey: NDArray[np.uint8], view: View) -> NDArray[np.float32]:
        """Logits of a view: size × size × CLASSES."""
        image = draw(grey, view, self.size)[np.newaxis]
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], image)
            self._interpreter.invoke()
            logits: NDArray[np.float32] = self._interpreter.get_tensor(self._output["index"])[0]
        return logits


def share(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax along the last axis."""
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=2, keepdims=True)
    return shares


def keep_largest(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected part of what is marked (height × width)."""
    count, parts, figures, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
    if count < 2:
        return marked
    largest: NDArray[np.bool_] = parts == 1 + int(np.argmax(figures[1:, cv2.CC_STAT_AREA]))
    return largest


def clean(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest part of each tissue, the left ventricle without holes."""
    cleaned = np.zeros_like(mask)
    for tissue in (Tissue.RIGHT_VENTRICLE, Tissue.MUSCLE):
        cleaned[keep_largest(mask == tissue)] = tissue
    cavity = keep_largest(mask == Tissue.LEFT_VENTRICLE).astype(np.uint8)
    edges, _ = cv2.findContours(cavity, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(cleaned, edges, -1, (float(Tissue.LEFT_VENTRICLE),), cv2.FILLED)
    return cleaned


def _open(model: bytes, threads: int) -> Any:  # noqa: ANN401  LiteRT ships no types
    try:
        return create_interpreter(model, threads)
    except (ValueError, RuntimeError) as error:
        raise BundleError("The heart's segmenter cannot be opened.") from error
