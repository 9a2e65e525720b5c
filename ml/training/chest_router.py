"""The router (chest, heart, other), the prototypes and the probe of children's films, on the frozen features."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import Bundle
from ml.data.generated_ood import DRAWN
from ml.data.loader import read_ood
from ml.data.pictures import read_grey
from ml.data.prepare import read_manifest
from ml.data.samples import Row, Split
from ml.training.chest_features import FeatureExtractor
from ml.training.heads import HeadsConfig
from models.vocabulary import Modality

DRAWN_EACH: Final = 40
CHILDREN: Final = "kermany"  # the source whose patients are children; the others' are adults
CHILD_ABOVE: Final = 0.5  # probability from which a film counts as a child's
Values = NDArray[np.float32]


def fit_router(
    data: Path, extractor: FeatureExtractor, frozen: Values, source: Bundle, config: HeadsConfig
) -> dict[str, NDArray[Any]]:
    """The linear router (chest, heart, other) and the prototypes, from training pictures and drawn ones."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only training needs it

    rng = np.random.default_rng(config.seeds[0])
    rows = [row for row in read_manifest() if row.split is Split.TRAIN and row.modality is Modality.CARDIAC_MRI]
    picked = [rows[n] for n in rng.permutation(len(rows))[: config.prototypes]]
    hearts = unit(np.stack([extractor.frozen(read_grey(data / row.file)) for row in picked]))
    pictures = [
        one for one in read_ood(data / "ood.csv", source.manifest["config"]["seed"]) if one.split is Split.TRAIN
    ]
    others = [extractor.frozen(read_grey(data / one.file)) for one in pictures]
    others += [
        extractor.frozen(draw(np.random.default_rng([n, kind])))
        for kind, draw in enumerate(DRAWN.values())
        for n in range(DRAWN_EACH)
    ]
    chests = unit(np.concatenate([part[rng.permutation(len(part))[: 3 * config.prototypes]] for part in frozen[:2]]))
    groups = (chests, hearts, unit(np.stack(others)))
    model = LogisticRegression(C=100.0, max_iter=300, class_weight="balanced")
    model.fit(np.concatenate(groups), np.repeat(np.arange(3), [len(group) for group in groups]))
    return {
        "router": model.coef_.T,
        "router_bias": model.intercept_,
        "chest_prototypes": chests[: config.prototypes],
        "heart_prototypes": hearts[: config.prototypes // 2],
    }


def fit_child(
    frozen: Values, train: Sequence[Row], config: HeadsConfig
) -> tuple[NDArray[np.float32], dict[str, float]]:
    """Weights of the probe, and its manifest entry, from each training film and one degraded view of it."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  only training needs it

    children = np.tile([row.source == CHILDREN for row in train], 2)
    model = LogisticRegression(C=10.0, max_iter=300, class_weight="balanced", random_state=config.seeds[0])
    model.fit(unit(np.concatenate(frozen[:2])), children)
    return model.coef_[0].astype(np.float32), {"bias": round(float(model.intercept_[0]), 5), "above": CHILD_ABOVE}


def unit(features: NDArray[Any]) -> Values:
    """Rows of length 1."""
    rows: Values = (features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-9)).astype(np.float32)
    return rows
