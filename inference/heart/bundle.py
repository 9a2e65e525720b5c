"""The heart bundle: the segmenter, the normal patients' measures, the models and their thresholds."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from inference.errors import BundleError
from inference.heart.deviation import Deviation
from inference.model.bundle import BUNDLES, ModelIdentity

SEGMENTER: Final = "segmenter.tflite"
FACTS: Final = "heart.json"
NAME: Final = "heart"


class Usual(NamedTuple):
    """A measure in normal patients: 5th percentile, median and 95th percentile of the patients' medians."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Plausible:
    """Limits beyond which an outlined shape is no heart; from the outlined slices of the training patients."""

    certainty: float  # least mean probability of the outlined pixels
    closed: float  # least share of directions with muscle
    roundness: float  # least roundness of the left ventricle with its muscle
    smallest: float  # least area of left ventricle and muscle, to the square of the slice's longest side
    largest: float  # greatest


@dataclass(frozen=True, eq=False)
class HeartBundle:
    """A loaded and verified heart bundle."""

    identity: ModelIdentity
    segmenter: bytes
    plausible: Plausible
    fewest: int  # slices of one phase, or levels in both, below which an album stays uncertain
    usual: Mapping[str, Mapping[str, Usual]]  # by phase (rest, squeeze, any), by measure
    both: Deviation
    one: Deviation
    facts: Mapping[str, Any]  # the whole file: data, configuration, measured quality


def default_heart() -> Path:
    """The folder of the newest heart bundle in this package. Raises BundleError when there is none."""
    found = sorted(
        BUNDLES.glob(f"{NAME}-*/{FACTS}"), key=lambda path: [int(n) for n in path.parent.name.split("-")[-1].split(".")]
    )
    if not found:
        raise BundleError(f"No heart bundle was found in {BUNDLES.name}/; train one first.")
    return found[-1].parent


def load_heart(folder: Path) -> HeartBundle:
    """Read `heart.json` and the segmenter that it names by hash; BundleError says in one sentence what is wrong."""
    try:
        raw = (folder / FACTS).read_bytes()
        facts = json.loads(raw)
        segmenter = (folder / SEGMENTER).read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"The model bundle {folder.name} lacks a file of its heart's part.") from error
    except ValueError as error:
        raise BundleError(f"The file {FACTS} of the model bundle {folder.name} is no JSON.") from error
    try:
        if hashlib.sha256(segmenter).hexdigest() != facts["files"][SEGMENTER]:
            raise BundleError(f"The file {SEGMENTER} of the model bundle {folder.name} is not the one it names.")
        return HeartBundle(
            identity=ModelIdentity(NAME, facts["version"], hashlib.sha256(raw).hexdigest()),
            segmenter=segmenter,
            plausible=Plausible(**facts["plausible"]),
            fewest=int(facts["fewest"]),
            usual={
                phase: {name: Usual(*values) for name, values in measures.items()}
                for phase, measures in facts["usual"].items()
            },
            both=Deviation.load(facts["models"]["both"]),
            one=Deviation.load(facts["models"]["one"]),
            facts=facts,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"The file {FACTS} of the model bundle {folder.name} is incomplete or malformed.") from error
