"""What the intake gate knows of the training data: prototypes, strangers, the condition probe, quality limits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.bundle import BRANCHES, Modality
from inference.errors import Reason
from inference.preprocess import Recipe, draw_canvas
from inference.quality import CONDITIONS, Condition, Figures, measure
from ml.data import Strange
from ml.faults import SPOILERS, turn
from ml.prepare import Row, Split

PROTOTYPES: Final = 400
SPOILT_TRAIN: Final = 360  # scans spoilt in each way for the probe
SPOILT_HELD: Final = 120
REFUSE: Final = 0.0005  # share of the training scans beyond each quality figure's limit
DOUBT: Final = 0.01
TOO_HIGH: Final = frozenset({"shadow", "burnt"})  # figures that are a fault when large; the others when small
STRANGE_REASONS: Final = (Reason.NOT_A_SCAN, Reason.LATERAL, Reason.WRONG_BODY_PART)
STRANGE_KINDS: Final[Mapping[str, Reason]] = {
    "cxr_lateral": Reason.LATERAL,
    "xray_hand_64px": Reason.WRONG_BODY_PART,
    "ct_abdomen_64px": Reason.WRONG_BODY_PART,
    "ct_head_64px": Reason.WRONG_BODY_PART,
    "mri_brain": Reason.WRONG_BODY_PART,
    "fundus": Reason.WRONG_BODY_PART,
}
Grey = NDArray[np.uint8]
Extract = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def choose_prototypes(
    features: NDArray[np.float32], kinds: NDArray[np.str_], count: int, seed: int
) -> NDArray[np.float32]:
    """A few hundred training features that stand for all: k-means centres of each kind, by its share's root."""
    from sklearn.cluster import KMeans  # noqa: PLC0415  only training needs it

    features = features / np.linalg.norm(features, axis=1, keepdims=True)
    names, sizes = np.unique(kinds, return_counts=True)
    shares = np.sqrt(sizes) / np.sqrt(sizes).sum()
    centres = [
        KMeans(max(4, round(count * share)), n_init=1, random_state=seed).fit(features[kinds == name]).cluster_centers_
        for name, share in zip(names, shares, strict=True)
    ]
    prototypes = np.concatenate(centres).astype(np.float32)
    unit: NDArray[np.float32] = prototypes / np.linalg.norm(prototypes, axis=1, keepdims=True)
    return unit


def list_strangers(items: Sequence[Row | Strange], features: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Every training stranger's feature, with the reason that its kind is refused for."""
    places = [n for n, item in enumerate(items) if isinstance(item, Strange) and item.split is Split.TRAIN]
    kinds = [item.kind for item in items if isinstance(item, Strange) and item.split is Split.TRAIN]
    found = features[places] / np.linalg.norm(features[places], axis=1, keepdims=True)
    reasons = [STRANGE_REASONS.index(STRANGE_KINDS.get(kind, Reason.NOT_A_SCAN)) for kind in kinds]
    return {"strangers": found.astype(np.float16), "stranger_kind": np.array(reasons, np.int8)}


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
) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
    """A linear probe for turned, inverted, cut and screen-photographed films, and how well it does on held-out ones."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only training needs it

    dice = np.random.default_rng(seed)
    features, wanted = {}, {}
    for split, count in ((Split.TRAIN, SPOILT_TRAIN), (Split.VALIDATION, SPOILT_HELD)):
        chests = pick(items, split, Modality.CHEST_XRAY, count, dice)
        hearts = pick(items, split, Modality.CARDIAC_MRI, count // 2, dice)
        canvases, wanted[split] = spoil(greys, chests, hearts, recipe, dice)
        features[split] = extract(canvases)
    probe = LogisticRegression(C=0.05, max_iter=300).fit(features[Split.TRAIN], wanted[Split.TRAIN])
    shares = probe.predict_proba(features[Split.VALIDATION])
    tables = {"condition": probe.coef_.T.astype(np.float16), "condition_bias": probe.intercept_.astype(np.float32)}
    return tables, judge_probe(shares, wanted[Split.VALIDATION])


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


def judge_probe(shares: NDArray[np.float64], wanted: NDArray[np.int64], sure: float = 0.9) -> dict[str, float]:
    """How often each condition is found when the probe has to be sure, and how often a fine film is accused."""
    said = np.where(shares.max(axis=1) > sure, shares.argmax(axis=1), 0)
    return {
        condition.value: round(float(np.mean(said[wanted == number] == number)), 4)
        for number, condition in enumerate(CONDITIONS)
    }


def choose_limits(greys: Sequence[Grey], items: Sequence[Row | Strange]) -> dict[str, Any]:
    """The ends of each quality figure over the training scans, per kind of scan."""
    limits: dict[str, Any] = {}
    for modality in BRANCHES:
        figures = np.array(
            [
                measure(grey)
                for grey, item in zip(greys, items, strict=True)
                if isinstance(item, Row) and item.split is Split.TRAIN and item.modality is modality
            ]
        )
        limits[modality.value] = {
            level: {name: end(figures[:, n], share, name) for n, name in enumerate(Figures._fields)}
            for level, share in (("refuse", REFUSE), ("doubt", DOUBT))
        }
    return limits


def end(values: NDArray[np.float64], share: float, name: str) -> float:
    """Where the outermost share of the values begins; the glare limit never below one part in fifty."""
    limit = float(np.quantile(values, 1 - share if name in TOO_HIGH else share))
    return round(max(limit, 0.02) if name == "burnt" else limit, 4)
