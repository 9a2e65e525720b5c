"""Films that lie, are inverted, cut or shot from a screen: teach the gate to know them, and see what it does."""

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Refused
from inference.model.bundle import Modality
from inference.model.classifier import Classifier
from inference.model.image_quality import CONDITIONS, FAULTS, Condition
from inference.model.preprocess import Recipe, draw_canvas
from inference.upload.picture import Format, Picture
from ml.data.faults import SPOILERS, turn
from ml.data.loader import Strange
from ml.data.prepare import Row, Split

SPOILT: Final = 360  # scans spoilt in each way for the probe
TRIED: Final = 80  # chest films, every source alike, on which a finished bundle is tried
Grey = NDArray[np.uint8]
Extract = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class Outcome(StrEnum):
    """What became of a film in some condition."""

    RIGHT = "put right, or named"
    BACK = "sent back with another reason"
    THROUGH = "let through as it is"
    WRONG = "put wrong"


def spoil(
    greys: Sequence[Grey],
    chests: NDArray[np.int64],
    hearts: NDArray[np.int64],
    recipe: Recipe,
    dice: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Canvases of every chest in every condition, and of hearts, which are fine whichever way they lie."""
    canvases, wanted = [], []
    for place in chests.tolist():
        for number, condition in enumerate(CONDITIONS):
            canvases.append(draw_canvas(SPOILERS[condition](greys[place], dice), recipe))
            wanted.append(number)
    for place in hearts.tolist():
        lying = turn(greys[place], int(dice.integers(4)))
        canvases += [draw_canvas(lying, recipe), draw_canvas(255 - lying, recipe)]
        wanted += [CONDITIONS.index(Condition.FINE), CONDITIONS.index(Condition.INVERTED)]
    return np.stack(canvases), np.array(wanted)


def fit_probe(
    greys: Sequence[Grey], items: Sequence[Row | Strange], recipe: Recipe, extract: Extract, seed: int
) -> dict[str, NDArray[Any]]:
    """A linear probe for turned, inverted, cut and screen-photographed films."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only training needs it

    dice = np.random.default_rng(seed)
    chests = pick(items, Split.TRAIN, Modality.CHEST_XRAY, SPOILT, dice)
    hearts = pick(items, Split.TRAIN, Modality.CARDIAC_MRI, SPOILT // 2, dice)
    canvases, wanted = spoil(greys, chests, hearts, recipe, dice)
    probe = LogisticRegression(C=0.05, max_iter=300).fit(extract(canvases), wanted)
    return {"condition": probe.coef_.T.astype(np.float16), "condition_bias": probe.intercept_.astype(np.float32)}


def pick(
    items: Sequence[Row | Strange], split: Split, modality: Modality, count: int, dice: np.random.Generator
) -> NDArray[np.int64]:
    """Scans of one split and kind, every source alike."""
    sources: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        if isinstance(item, Row) and item.split is split and item.modality is modality:
            sources.setdefault(item.source, []).append(place)
    each = count // len(sources)
    return np.concatenate([dice.choice(places, min(each, len(places)), replace=False) for places in sources.values()])


def try_conditions(
    classifier: Classifier, items: Sequence[Row | Strange], greys: Sequence[Grey], split: Split, seed: int
) -> dict[str, dict[str, float]]:
    """The gate as served, on films of one split spoilt in every way: the share of each outcome by condition."""
    dice = np.random.default_rng(seed)
    films = pick(items, split, Modality.CHEST_XRAY, TRIED, dice)
    shares = {}
    for condition, spoiler in SPOILERS.items():
        seen = Counter(try_one(classifier, spoiler(greys[film], dice), condition) for film in films.tolist())
        shares[condition.value] = {outcome.value: round(seen[outcome] / len(films), 4) for outcome in Outcome}
    return shares


def try_one(classifier: Classifier, grey: Grey, condition: Condition) -> Outcome:
    """One film through the gate."""
    try:
        admission = classifier.admit(Picture(grey, Format.JPEG))
    except Refused as refused:
        return Outcome.RIGHT if refused.reason is FAULTS.get(condition) else Outcome.BACK
    if admission.condition is condition:
        return Outcome.RIGHT
    return Outcome.WRONG if admission.picture.adjustments else Outcome.THROUGH
