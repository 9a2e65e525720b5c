"""Features of films and of their degraded views, by the served feature network and by the fine-tuned one."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.film.defects import Defects, measure_defects
from inference.film.evenness import find_uneven
from inference.film.finder import FilmFinder, Found
from inference.model.bundle import Bundle
from inference.model.chest_reader import FeatureNetwork
from inference.model.network import Network
from inference.model.preprocess import draw_canvas, scale
from inference.robustness.degradations import DEGRADATIONS
from inference.robustness.disturbances import disturb
from ml.data.degraded_views import view
from ml.data.pictures import read_grey

Grey = NDArray[np.uint8]
Values = NDArray[np.float32]


class Pair(NamedTuple):
    """Mean-pooled features of one picture."""

    frozen: Values
    tuned: Values


class Trial(NamedTuple):
    """One validation film, clean or degraded, as serving sees it."""

    frozen: Values  # (1 + disturbances) × channels
    tuned: Values  # 2 × channels: the film and its first disturbance
    defects: Defects
    found: Found
    setting: str  # degradation and strength, or "clean"


class FeatureExtractor:
    """Both networks of the bundle that is made."""

    def __init__(self, bundle: Bundle, frozen: FeatureNetwork, threads: int = 2) -> None:
        self._recipe, self._tuned, self._frozen = bundle.recipe, Network(bundle, threads), frozen

    def frozen(self, grey: Grey) -> Values:
        """Features of the frozen network."""
        return self._frozen.run(grey)

    def tuned(self, grey: Grey) -> Values:
        """Features of the fine-tuned network."""
        features: Values = self._tuned.run(scale(draw_canvas(grey, self._recipe))).activation.mean(axis=(0, 1))
        return features

    def pair(self, grey: Grey) -> Pair:
        """Features of both."""
        return Pair(self.frozen(grey), self.tuned(grey))


def extract_views(extractor: FeatureExtractor, files: Sequence[Path], views: int) -> tuple[Values, Values]:
    """Features of each film and of `views` degraded views of it, of both networks: (1 + views) × n × channels."""
    pairs = [[extractor.pair(one) for one in draw_views(read_grey(file), n, views)] for n, file in enumerate(files)]
    frozen, tuned = (
        np.stack([[getattr(pair, name) for pair in own] for own in pairs]).swapaxes(0, 1) for name in Pair._fields
    )
    return frozen, tuned


def draw_views(grey: Grey, number: int, views: int) -> Iterable[Grey]:
    """The film without rows and columns of one tone, then its degraded views; `number` seeds them."""
    box = find_uneven(grey)
    yield np.ascontiguousarray(grey[box.top : box.bottom, box.left : box.right])
    for seed in range(1, 1 + views):
        yield view(grey, np.random.default_rng([seed, number]))[0]


def extract_trials(
    extractor: FeatureExtractor, finder: FilmFinder, greys: Sequence[Grey], degrade: Sequence[int]
) -> Iterable[tuple[int, Trial]]:
    """Every validation film clean, and those of `degrade` under each trained degradation; with the film's position."""
    for position, grey in enumerate(greys):
        yield position, examine(extractor, finder, grey, "clean")
    for number, kind in enumerate(DEGRADATIONS):
        for strength in kind.strengths if kind.trained else ():
            for position in degrade:
                rng = np.random.default_rng([number, position])
                degraded = kind.apply(greys[position], strength, rng)
                yield position, examine(extractor, finder, degraded, f"{kind.name} {strength:g}")


def examine(extractor: FeatureExtractor, finder: FilmFinder, grey: Grey, setting: str) -> Trial:
    """One picture through film finder, disturbances and both networks."""
    film = finder.find(grey)
    disturbed = disturb(film.grey)
    return Trial(
        frozen=np.stack([extractor.frozen(one) for one in (film.grey, *disturbed)]),
        tuned=np.stack([extractor.tuned(one) for one in (film.grey, disturbed[0])]),
        defects=measure_defects(grey, film.grey),
        found=film.found,
        setting=setting,
    )
