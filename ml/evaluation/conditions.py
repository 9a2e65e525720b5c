"""Fit the condition probe of the intake gate, and evaluate the gate on corrupted films."""

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Refused
from inference.model.classifier import Classifier
from inference.model.image_quality import CONDITIONS, REFUSED_CONDITIONS, Condition
from inference.model.preprocess import Recipe, draw_canvas
from inference.upload.picture import Format, Picture
from ml.data.corruptions import CORRUPTIONS, rotate_quarters
from ml.data.loader import OodPicture
from ml.data.samples import Row, Split
from models.vocabulary import Modality

SCANS_PER_CONDITION: Final = 360  # training scans of the probe, each in every condition
FILMS_PER_CONDITION: Final = 80  # chest films, equally many from each source, for the evaluation
Grey = NDArray[np.uint8]
Extract = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class Outcome(StrEnum):
    """Result of the gate for a film in a condition. The values are manifest keys."""

    CORRECT = "put right, or named"
    OTHER_REFUSAL = "sent back with another reason"
    UNCORRECTED = "let through as it is"
    MISCORRECTED = "put wrong"


def corrupt(
    greys: Sequence[Grey],
    chests: NDArray[np.int64],
    hearts: NDArray[np.int64],
    recipe: Recipe,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Canvases and condition indices: every chest in every condition; hearts in any rotation are FINE."""
    canvases, expected = [], []
    for position in chests.tolist():
        for number, condition in enumerate(CONDITIONS):
            canvases.append(draw_canvas(CORRUPTIONS[condition](greys[position], rng), recipe))
            expected.append(number)
    for position in hearts.tolist():
        lying = rotate_quarters(greys[position], int(rng.integers(4)))
        canvases += [draw_canvas(lying, recipe), draw_canvas(255 - lying, recipe)]
        expected += [CONDITIONS.index(Condition.FINE), CONDITIONS.index(Condition.INVERTED)]
    return np.stack(canvases), np.array(expected)


def fit_probe(
    greys: Sequence[Grey], items: Sequence[Row | OodPicture], recipe: Recipe, extract: Extract, seed: int
) -> dict[str, NDArray[Any]]:
    """Fit a linear probe for the conditions on the network's features; returns tables of the bundle."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only training needs it

    rng = np.random.default_rng(seed)
    chests = sample_scans(items, Split.TRAIN, Modality.CHEST_XRAY, SCANS_PER_CONDITION, rng)
    hearts = sample_scans(items, Split.TRAIN, Modality.CARDIAC_MRI, SCANS_PER_CONDITION // 2, rng)
    canvases, expected = corrupt(greys, chests, hearts, recipe, rng)
    probe = LogisticRegression(C=0.05, max_iter=300).fit(extract(canvases), expected)
    return {"condition": probe.coef_.T.astype(np.float16), "condition_bias": probe.intercept_.astype(np.float32)}


def sample_scans(
    items: Sequence[Row | OodPicture], split: Split, modality: Modality, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Indices of about `count` scans of one split and modality, equally many from each source."""
    sources: dict[str, list[int]] = {}
    for position, item in enumerate(items):
        if isinstance(item, Row) and item.split is split and item.modality is modality:
            sources.setdefault(item.source, []).append(position)
    each = count // len(sources)
    return np.concatenate(
        [rng.choice(positions, min(each, len(positions)), replace=False) for positions in sources.values()]
    )


def evaluate_conditions(
    classifier: Classifier, items: Sequence[Row | OodPicture], greys: Sequence[Grey], split: Split, seed: int
) -> dict[str, dict[str, float]]:
    """Run the gate on corrupted films of one split; returns the share of each outcome by condition."""
    rng = np.random.default_rng(seed)
    films = sample_scans(items, split, Modality.CHEST_XRAY, FILMS_PER_CONDITION, rng)
    shares = {}
    for condition, corruption in CORRUPTIONS.items():
        seen = Counter(evaluate_one(classifier, corruption(greys[film], rng), condition) for film in films.tolist())
        shares[condition.value] = {outcome.value: round(seen[outcome] / len(films), 4) for outcome in Outcome}
    return shares


def evaluate_one(classifier: Classifier, grey: Grey, condition: Condition) -> Outcome:
    """The outcome for one film."""
    try:
        admission = classifier.run_gate(Picture(grey, Format.JPEG))
    except Refused as refused:
        return Outcome.CORRECT if refused.reason is REFUSED_CONDITIONS.get(condition) else Outcome.OTHER_REFUSAL
    if admission.condition is condition:
        return Outcome.CORRECT
    return Outcome.MISCORRECTED if admission.picture.adjustments else Outcome.UNCORRECTED
