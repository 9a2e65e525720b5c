"""Model bundles: a folder with the network, its tables, and a manifest that lists each file's SHA-256."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.errors import BundleError, Reason
from inference.model import chest_bundle
from inference.model.ensemble import ChestModel
from inference.model.image_quality import CONDITIONS, QualityLimits
from inference.model.preprocess import RANGE, Recipe
from models.vocabulary import MODEL_CLASSES, Label, Modality

MANIFEST: Final = "manifest.json"
MODEL: Final = "model.tflite"
TABLES: Final = "tables.npz"
SECOND: Final = "second.tflite"
BUNDLES: Final = Path(__file__).parents[1] / "bundles"
STRIDE: Final = 32  # input pixels per cell of the last feature map


OUT_OF_DISTRIBUTION: Final = len(Modality)  # index of the router's output for pictures of neither modality
BRANCHES: Final = MODEL_CLASSES  # a branch of the network for each kind of scan
ROUTER: Final = slice(0, len(Modality) + 1)
CHEST: Final = slice(3, 8)
CARDIAC: Final = slice(8, 10)
SLICES: Final[Mapping[Modality, slice]] = {Modality.CHEST_XRAY: CHEST, Modality.CARDIAC_MRI: CARDIAC}
OUTPUTS: Final = 10  # router, chest branch, cardiac branch: three softmaxes that share one network


class ModelIdentity(NamedTuple):
    """Identifies the model in every prediction and report."""

    name: str
    version: str
    sha256: str  # of the manifest, which holds the hashes of all other files


@dataclass(frozen=True)
class Thresholds:
    """Decision thresholds, chosen on the validation split. Field names are manifest keys."""

    uncertain: float  # minimum confidence of every class
    distance: float  # maximum distance to the prototypes; beyond it the picture is out-of-distribution
    far: float  # beyond it the prediction carries the doubt FAR_FROM_TRAINING
    neither: float  # maximum router probability of the out-of-distribution output
    condition: float  # minimum probability for the condition probe to report a cut or screen-photographed picture
    by_label: Mapping[str, float]  # classes that need more than `uncertain` to be right in 95 of 100

    def for_label(self, label: Label) -> float:
        """The minimum confidence of this class."""
        return max(self.uncertain, self.by_label.get(label.value, 0.0))


@dataclass(frozen=True)
class Temperatures:
    """Temperature scaling of each softmax, so that a confidence of 0.8 is right in 80 of 100."""

    router: float
    chest_xray: float
    cardiac_mri: float


@dataclass(frozen=True, eq=False)
class Tables:
    """Head weights for the closed-form heat map, and feature tables for the intake gate.

    Field names are the array names in the bundle's tables file."""

    hidden: NDArray[np.float32]  # channels × units
    hidden_bias: NDArray[np.float32]
    output: NDArray[np.float32]  # units × OUTPUTS
    output_bias: NDArray[np.float32]
    prototypes: NDArray[np.float32]  # n × channels, of length 1
    strangers: NDArray[np.float32]  # m × channels, of length 1: out-of-distribution examples
    stranger_kind: NDArray[np.float32]  # m, indices into the bundle's `ood_reasons`
    condition: NDArray[np.float32]  # channels × conditions: linear probe for the picture's condition
    condition_bias: NDArray[np.float32]


class QualityLevels(NamedTuple):
    """Beyond `refuse` a picture is refused; beyond `doubt` it is read with the doubt POOR_IMAGE."""

    refuse: QualityLimits
    doubt: QualityLimits


class SecondModel(NamedTuple):
    """The second network of a bundle before format 1.3. Its logits are added to the first network's.

    It takes no part in the intake gate or the heat map."""

    model: bytes
    recipe: Recipe


@dataclass(frozen=True, eq=False)
class Bundle:
    """A loaded and verified model bundle."""

    identity: ModelIdentity
    model: bytes
    second: SecondModel | None
    chest: ChestModel | None  # None before format 1.3: no film finder, and chest films are read by the first networks
    tables: Tables
    recipe: Recipe
    temperatures: Temperatures
    thresholds: Thresholds
    limits: Mapping[Modality, QualityLevels]
    ood_reasons: tuple[Reason, ...]
    labels: tuple[Label, ...]
    manifest: Mapping[str, Any]  # complete: data, configuration, measured quality

    def sure_from(self, label: Label, damaged: bool = False) -> float:
        """The least confidence at which a chest film's class is sure; above 1 it never is."""
        if self.chest is None:
            return self.thresholds.for_label(label)
        return max(self.thresholds.uncertain, self.chest.thresholds.for_label(label, damaged))


def default_bundle() -> Path:
    """The folder of the newest bundle in this package. Raises BundleError when there is none."""
    found = sorted(
        BUNDLES.glob(f"*/{MANIFEST}"), key=lambda path: [int(n) for n in path.parent.name.split("-")[-1].split(".")]
    )
    if not found:
        raise BundleError(f"No model bundle was found in {BUNDLES.name}/; train and export one first.")
    return found[-1].parent


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle and verify each hash and shape. Raises BundleError."""
    manifest, digest = read_manifest(folder)
    files = {name: read_file(folder, name, manifest) for name in (MODEL, TABLES)}
    try:
        tables = read_tables(folder / TABLES)
        bundle = Bundle(
            identity=ModelIdentity(manifest["name"], manifest["version"], digest),
            model=files[MODEL],
            second=read_second(folder, manifest),
            chest=read_chest(folder, manifest, tables),
            tables=tables,
            recipe=Recipe(**manifest["input"]["recipe"]),
            temperatures=Temperatures(**manifest["temperatures"]),
            thresholds=Thresholds(**manifest["thresholds"]),
            limits=read_limits(manifest["quality"]),
            ood_reasons=tuple(Reason(reason) for reason in manifest["strangers"]),
            labels=tuple(Label(label) for label in manifest["labels"]),
            manifest=manifest,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"The manifest of the model bundle {folder.name} is incomplete or malformed.") from error
    check_bundle(bundle)
    return bundle


def read_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """The manifest and the SHA-256 of its file. Raises BundleError."""
    try:
        raw = (folder / MANIFEST).read_bytes()
        manifest = json.loads(raw)
    except FileNotFoundError as error:
        raise BundleError(f"The model bundle {folder.name} has no {MANIFEST}.") from error
    except ValueError as error:
        raise BundleError(f"The manifest of the model bundle {folder.name} is no JSON.") from error
    return manifest, hashlib.sha256(raw).hexdigest()


def read_file(folder: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    """The content of a file of the bundle. Raises BundleError when it is missing or its hash differs."""
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"The model bundle {folder.name} lacks its file {name}.") from error
    if hashlib.sha256(content).hexdigest() != manifest.get("files", {}).get(name):
        raise BundleError(f"The file {name} of the model bundle {folder.name} is not the one its manifest names.")
    return content


def read_second(folder: Path, manifest: Mapping[str, Any]) -> SecondModel | None:
    """The second network, or None when the manifest has none. Raises BundleError."""
    if "second" not in manifest:
        return None
    return SecondModel(read_file(folder, SECOND, manifest), Recipe(**manifest["second"]["recipe"]))


def read_chest(folder: Path, manifest: Mapping[str, Any], tables: Tables) -> ChestModel | None:
    """The parts that format 1.3 adds, or None for older bundles. Raises BundleError."""
    stored_format = manifest.get("format")
    if stored_format is None:
        return None
    if stored_format not in chest_bundle.FORMATS:
        raise BundleError(f"The model bundle {folder.name} has the format {stored_format}, which is not known here.")
    return chest_bundle.read_chest(
        lambda name: read_file(folder, name, manifest),
        manifest["chest"],
        BRANCHES[Modality.CHEST_XRAY],
        tables.hidden.shape[0],
    )


def read_tables(path: Path) -> Tables:
    """The arrays of the tables file, converted to float32."""
    with np.load(path, allow_pickle=False) as stored:
        return Tables(**{name: stored[name].astype(np.float32) for name in stored.files})


def read_limits(stored: Mapping[str, Mapping[str, Any]]) -> Mapping[Modality, QualityLevels]:
    """The quality limits of each modality."""
    return {
        modality: QualityLevels(*(QualityLimits(**stored[modality][level]) for level in QualityLevels._fields))
        for modality in BRANCHES
    }


def check_bundle(bundle: Bundle) -> None:
    """Verify shapes, labels and input range. Raises BundleError."""
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
        problems.append("its table of out-of-distribution examples has the wrong shape")
    if tables.condition.shape != (channels, len(CONDITIONS)) or tables.condition_bias.shape != (len(CONDITIONS),):
        problems.append("its condition probe has the wrong shape")
    if problems:
        raise BundleError(f"The model bundle {bundle.identity.name} cannot be used: {', '.join(problems)}.")
