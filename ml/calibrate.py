"""Temperatures, and the thresholds of the gate, on the validation split."""

import numpy as np
from numpy.typing import NDArray

from inference.bundle import CARDIAC, CHEST, ROUTER, ROUTES, Modality, Temperatures, Thresholds
from inference.classifier import softmax
from ml.data import Targets

GRID = np.exp(np.linspace(np.log(0.3), np.log(5.0), 200))
UNCERTAIN = 0.75
REFUSED_SCANS = 0.025  # how many good scans the gate may send back


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """The divisor under which the true classes are likeliest; one number, so a grid finds it."""
    rows = np.arange(len(targets))
    losses = [-np.log(softmax(logits / step)[rows, targets] + 1e-12).mean() for step in GRID.astype(np.float32)]
    return float(GRID[int(np.argmin(losses))])


def fit_temperatures(logits: NDArray[np.float32], targets: Targets) -> Temperatures:
    """Each softmax has its own; the router's is fitted on what is a scan, since serving divides by that."""
    chest = (targets.branch >= CHEST.start) & (targets.branch < CHEST.stop)
    cardiac = targets.branch >= CARDIAC.start
    scans = chest | cardiac
    return Temperatures(
        router=fit_temperature(logits[scans][:, ROUTER], targets.route[scans]),
        chest_xray=fit_temperature(logits[chest][:, CHEST], targets.branch[chest] - CHEST.start),
        cardiac_mri=fit_temperature(logits[cardiac][:, CARDIAC], targets.branch[cardiac] - CARDIAC.start),
    )


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


def choose_thresholds(distances: NDArray[np.float32], logits: NDArray[np.float32], router: float) -> Thresholds:
    """Limits that both together refuse no more than the allowed share of the validation scans."""
    neither = softmax(logits[:, ROUTER] / router)[:, ROUTES.index(Modality.NEITHER)]
    return Thresholds(
        uncertain=UNCERTAIN,
        distance=float(np.quantile(distances, 1 - REFUSED_SCANS)),
        neither=max(0.5, float(np.quantile(neither, 1 - REFUSED_SCANS / 5))),
    )
