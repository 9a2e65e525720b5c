"""Tables of the intake gate from the training data: prototypes, out-of-distribution examples, quality limits."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import Reason
from inference.model.bundle import BRANCHES
from inference.model.image_quality import QualityMeasures, measure_quality
from ml.data.loader import OodPicture
from ml.data.samples import Row, Split

PROTOTYPES: Final = 400
REFUSE: Final = 0.0005  # share of the training scans beyond each limit
DOUBT: Final = 0.01
TOO_HIGH: Final = frozenset({"shadow", "burnt"})  # measures with an upper limit; the others have a lower one
OOD_REASONS: Final = (Reason.NOT_A_SCAN, Reason.LATERAL, Reason.WRONG_BODY_PART)
OOD_KINDS: Final[Mapping[str, Reason]] = {
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
    """Unit-length k-means centres of the training features, `count` in all, by the square root of each kind's share."""
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


def ood_tables(items: Sequence[Row | OodPicture], features: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Features of the out-of-distribution training pictures, with the index of their reason of refusal."""
    positions = [n for n, item in enumerate(items) if isinstance(item, OodPicture) and item.split is Split.TRAIN]
    kinds = [item.kind for item in items if isinstance(item, OodPicture) and item.split is Split.TRAIN]
    found = features[positions] / np.linalg.norm(features[positions], axis=1, keepdims=True)
    reasons = [OOD_REASONS.index(OOD_KINDS.get(kind, Reason.NOT_A_SCAN)) for kind in kinds]
    return {"strangers": found.astype(np.float16), "stranger_kind": np.array(reasons, np.int8)}


def choose_limits(greys: Sequence[Grey], items: Sequence[Row | OodPicture]) -> dict[str, Any]:
    """Quality limits of each modality, as quantiles over the training scans."""
    limits: dict[str, Any] = {}
    for modality in BRANCHES:
        figures = np.array(
            [
                measure_quality(grey)
                for grey, item in zip(greys, items, strict=True)
                if isinstance(item, Row) and item.split is Split.TRAIN and item.modality is modality
            ]
        )
        limits[modality.value] = {
            level: {name: quantile_limit(figures[:, n], share, name) for n, name in enumerate(QualityMeasures._fields)}
            for level, share in (("refuse", REFUSE), ("doubt", DOUBT))
        }
    return limits


def quantile_limit(values: NDArray[np.float64], share: float, name: str) -> float:
    """The quantile that leaves `share` of the values outside; at least 0.02 for glare."""
    limit = float(np.quantile(values, 1 - share if name in TOO_HIGH else share))
    return round(max(limit, 0.02) if name == "burnt" else limit, 4)
