"""Read the files and manifest entries that formats 1.3 and 1.4 add to a model bundle."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.film.defects import Defects
from inference.model.ensemble import CertaintyThresholds, ChestModel, ChildProbe, Ensemble, FeatureRouter, Limits
from inference.model.heads import Heads
from inference.model.preprocess import Recipe
from models.vocabulary import Label

FORMAT: Final = "1.4"  # that is written
FORMATS: Final = ("1.3", FORMAT)  # that are read; 1.3 has no child probe
FINDER: Final = "finder.tflite"
FEATURES: Final = "features.tflite"
ENSEMBLE: Final = "ensemble.npz"
HEAD_ARRAYS: Final = ("hidden", "hidden_bias", "output", "output_bias")
FIGURES: Final = frozenset({*Defects._fields, "distance"})
Arrays = Mapping[str, NDArray[np.float32]]


def read_chest(
    read: Callable[[str], bytes], stored: Mapping[str, Any], labels: tuple[Label, ...], channels: int
) -> ChestModel:
    """The chest model. `read` returns a file whose hash is verified, `channels` is the tuned network's.

    Raises BundleError from `read`, and KeyError, TypeError or ValueError where manifest or arrays do not fit.
    """
    with np.load(BytesIO(read(ENSEMBLE)), allow_pickle=False) as packed:
        arrays = {name: packed[name].astype(np.float32) for name in packed.files}
    frozen, tuned = (read_heads(arrays, name) for name in ("frozen", "tuned"))
    router = FeatureRouter(
        arrays["router"],
        arrays["router_bias"],
        arrays["chest_prototypes"],
        arrays["heart_prototypes"],
        **stored["router"],
    )
    bias = np.array(stored["bias"], np.float64)
    check_shapes(frozen, tuned, router, len(labels), channels)
    if bias.shape != (len(labels),):
        raise ValueError("the calibration does not fit the classes")
    return ChestModel(
        finder=read(FINDER),
        features=read(FEATURES),
        recipe=Recipe(**stored["recipe"]),
        router=router,
        ensemble=Ensemble(frozen, tuned, float(stored["temperature"]), bias),
        thresholds=read_thresholds(stored["certain_at"], labels),
        far=float(stored["far"]),
        refuse=read_limits(stored["refuse"]),
        damaged=read_limits(stored["damaged"]),
        child=read_child(arrays, stored),
    )


def read_heads(arrays: Arrays, prefix: str) -> Heads:
    """The heads of one network."""
    return Heads(*(arrays[f"{prefix}_{name}"] for name in HEAD_ARRAYS))


def read_child(arrays: Arrays, stored: Mapping[str, Any]) -> ChildProbe | None:
    """The probe of children's films; None for bundles of format 1.3."""
    if "child" not in stored:
        return None
    return ChildProbe(arrays["child"], float(stored["child"]["bias"]), float(stored["child"]["above"]))


def read_thresholds(stored: Mapping[str, Any], labels: tuple[Label, ...]) -> CertaintyThresholds:
    """The thresholds of both groups, one for each label. Raises KeyError for a missing label."""
    sound, damaged = (
        {label.value: float(stored[group][label.value]) for label in labels} for group in ("sound", "damaged")
    )
    return CertaintyThresholds(sound, damaged, float(stored.get("stable", 1.0)))


def read_limits(stored: Mapping[str, Any]) -> Limits:
    """Limits of damage by figure. Raises ValueError for an unknown figure."""
    if not set(stored) <= FIGURES:
        raise ValueError("a limit names no figure")
    return {name: (float(least), float(most)) for name, (least, most) in stored.items()}


def check_shapes(frozen: Heads, tuned: Heads, router: FeatureRouter, classes: int, channels: int) -> None:
    """Raises ValueError when an array does not fit the others."""
    width = router.weights.shape[0]
    fits = (
        frozen.hidden.shape[1] == width
        and tuned.hidden.shape[1] == channels
        and frozen.output.shape[2] == tuned.output.shape[2] == classes
        and router.weights.shape[1] == len(router.bias) == 3
        and router.chest_prototypes.shape[1] == router.heart_prototypes.shape[1] == width
    )
    if not fits:
        raise ValueError("the arrays of the ensemble do not fit one another")
