"""What the intake gate knows of the training data: prototypes, strangers, quality limits."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason
from inference.model.bundle import BRANCHES
from inference.model.image_quality import Figures, measure
from ml.data.loader import Strange
from ml.data.prepare import Row, Split

PROTOTYPES: Final = 400
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
