"""A model on disk: a folder of facts whose manifest names every file by its hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.errors import BundleError, Reason
from inference.model.image_quality import CONDITIONS, Limits
from inference.model.preprocess import RANGE, Recipe

MANIFEST: Final = "manifest.json"
MODEL: Final = "model.tflite"
TABLES: Final = "tables.npz"
SECOND: Final = "second.tflite"
HOME: Final = Path(__file__).parents[1] / "bundles"
STRIDE: Final = 32  # pixels of the input to one cell of the last feature map


class Modality(StrEnum):
    """What kind of scan it is; the router decides before any diagnosis."""

    CHEST_XRAY = "chest_xray"
    CARDIAC_MRI = "cardiac_mri"
    NEITHER = "neither"


class Label(StrEnum):
    """The six classes."""

    COVID = "COVID"
    LUNG_OPACITY = "Lung_Opacity"
    NIH_MERGED = "NIH_MERGED"
    NORMAL = "Normal"
    SICK = "Sick"
    VIRAL_PNEUMONIA = "Viral_Pneumonia"


ROUTES: Final = tuple(Modality)
BRANCHES: Final[Mapping[Modality, tuple[Label, ...]]] = {
    Modality.CHEST_XRAY: (Label.COVID, Label.LUNG_OPACITY, Label.NIH_MERGED, Label.NORMAL, Label.VIRAL_PNEUMONIA),
    Modality.CARDIAC_MRI: (Label.NORMAL, Label.SICK),
}
ROUTER: Final = slice(0, len(ROUTES))
CHEST: Final = slice(3, 8)
CARDIAC: Final = slice(8, 10)
SLICES: Final[Mapping[Modality, slice]] = {Modality.CHEST_XRAY: CHEST, Modality.CARDIAC_MRI: CARDIAC}
OUTPUTS: Final = 10  # router, chest branch, cardiac branch: three softmaxes that share one network


class ModelIdentity(NamedTuple):
    """What every reading and every report names."""

    name: str
    version: str
    sha256: str  # of the manifest, which holds the hashes of all other files


@dataclass(frozen=True)
class Thresholds:
    """Chosen on the validation split."""

    uncertain: float  # a confidence below it is "Uncertain", whatever the class
    distance: float  # a distance above it is no scan
    far: float  # a distance above it is said to be far from the training scans
    neither: float  # a router probability of "neither" above it is no scan
    condition: float  # how sure the probe has to be before it calls a picture turned, inverted or cut
    by_label: Mapping[str, float]  # classes that need more than `uncertain` to be right in 95 of 100

    def of(self, label: Label) -> float:
        """The confidence that this class needs."""
        return max(self.uncertain, self.by_label.get(label.value, 0.0))


@dataclass(frozen=True)
class Temperatures:
    """What each softmax is divided by, so that 0.8 means right in 80 of 100."""

    router: float
    chest_xray: float
    cardiac_mri: float


@dataclass(frozen=True, eq=False)
class Tables:
    """The head's weights, for the closed-form heat map, and the training set's prototypes, for the gate."""

    hidden: NDArray[np.float32]  # channels × units
    hidden_bias: NDArray[np.float32]
    output: NDArray[np.float32]  # units × OUTPUTS
    output_bias: NDArray[np.float32]
    prototypes: NDArray[np.float32]  # n × channels, of length 1
    strangers: NDArray[np.float32]  # m × channels, of length 1: what is sent in by mistake
    stranger_kind: NDArray[np.float32]  # m, places in the bundle's `strangers`
    condition: NDArray[np.float32]  # channels × conditions: the probe for turned, inverted and cut pictures
    condition_bias: NDArray[np.float32]


class Quality(NamedTuple):
    """Beyond `refuse` a picture is sent back; beyond `doubt` it is read, and the doubt is said."""

    refuse: Limits
    doubt: Limits


class Second(NamedTuple):
    """A second network that sees the picture its own way. Its logits are added to the first one's; it is not asked at
    the gate, and no heat map is its own."""

    model: bytes
    recipe: Recipe


@dataclass(frozen=True, eq=False)
class Bundle:
    """Everything serving needs to know of a model."""

    identity: ModelIdentity
    model: bytes
    second: Second | None
    tables: Tables
    recipe: Recipe
    temperatures: Temperatures
    thresholds: Thresholds
    limits: Mapping[Modality, Quality]
    strangers: tuple[Reason, ...]
    labels: tuple[Label, ...]
    manifest: Mapping[str, Any]  # the whole card: data, configuration, measured quality


def default_bundle() -> Path:
    """The newest bundle that is shipped."""
    found = sorted(
        HOME.glob(f"*/{MANIFEST}"), key=lambda path: [int(n) for n in path.parent.name.split("-")[-1].split(".")]
    )
    if not found:
        raise BundleError(f"No model bundle was found in {HOME.name}/; train and export one first.")
    return found[-1].parent


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle and check each hash and shape; BundleError says in one sentence what is wrong."""
    manifest, digest = read_manifest(folder)
    files = {name: read_file(folder, name, manifest) for name in (MODEL, TABLES)}
    try:
        bundle = Bundle(
            identity=ModelIdentity(manifest["name"], manifest["version"], digest),
            model=files[MODEL],
            second=read_second(folder, manifest),
            tables=read_tables(folder / TABLES),
            recipe=Recipe(**manifest["input"]["recipe"]),
            temperatures=Temperatures(**manifest["temperatures"]),
            thresholds=Thresholds(**manifest["thresholds"]),
            limits=read_limits(manifest["quality"]),
            strangers=tuple(Reason(reason) for reason in manifest["strangers"]),
            labels=tuple(Label(label) for label in manifest["labels"]),
            manifest=manifest,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"The manifest of the model bundle {folder.name} is incomplete or malformed.") from error
    check_bundle(bundle)
    return bundle


def read_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """The manifest and its own hash."""
    try:
        raw = (folder / MANIFEST).read_bytes()
        manifest = json.loads(raw)
    except FileNotFoundError as error:
        raise BundleError(f"The model bundle {folder.name} has no {MANIFEST}.") from error
    except ValueError as error:
        raise BundleError(f"The manifest of the model bundle {folder.name} is no JSON.") from error
    return manifest, hashlib.sha256(raw).hexdigest()


def read_file(folder: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    """A file's bytes, when they are the ones that the manifest vouches for."""
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"The model bundle {folder.name} lacks its file {name}.") from error
    if hashlib.sha256(content).hexdigest() != manifest.get("files", {}).get(name):
        raise BundleError(f"The file {name} of the model bundle {folder.name} is not the one its manifest names.")
    return content


def read_second(folder: Path, manifest: Mapping[str, Any]) -> Second | None:
    """The second network, where the manifest speaks of one."""
    if "second" not in manifest:
        return None
    return Second(read_file(folder, SECOND, manifest), Recipe(**manifest["second"]["recipe"]))


def read_tables(path: Path) -> Tables:
    """The numpy tables; stored in half precision where that changes nothing."""
    with np.load(path, allow_pickle=False) as stored:
        return Tables(**{name: stored[name].astype(np.float32) for name in stored.files})


def read_limits(stored: Mapping[str, Mapping[str, Any]]) -> Mapping[Modality, Quality]:
    """The quality limits of each kind of scan."""
    return {
        modality: Quality(*(Limits(**stored[modality][level]) for level in Quality._fields)) for modality in BRANCHES
    }


def check_bundle(bundle: Bundle) -> None:
    """Shapes, labels and ranges that serving takes for granted."""
    tables, problems = bundle.tables, []
    channels, units = tables.hidden.shape
    if set(bundle.labels) != set(Label):
        problems.append("its labels are not the six classes")
    if tuple(bundle.manifest["input"].get("range", ())) != RANGE:
        problems.append("its input range is not [-1, 1]")
    if tables.output.shape != (units, OUTPUTS) or tables.output_bias.shape != (OUTPUTS,):
        problems.append("its head has the wrong shape")
    if tables.prototypes.shape[1:] != (channels,):
        problems.append("its prototypes have the wrong shape")
    if tables.strangers.shape[1:] != (channels,) or len(tables.stranger_kind) != len(tables.strangers):
        problems.append("its table of strangers has the wrong shape")
    if tables.condition.shape != (channels, len(CONDITIONS)) or tables.condition_bias.shape != (len(CONDITIONS),):
        problems.append("its condition probe has the wrong shape")
    if problems:
        raise BundleError(f"The model bundle {bundle.identity.name} cannot be used: {', '.join(problems)}.")
