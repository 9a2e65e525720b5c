"""The doctor's reading in a report: free text, findings by region, or both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class Region(StrEnum):
    """Anatomical regions of a structured reading, in the order of the page."""

    LUNGS = "lungs"
    PLEURA = "pleura"
    HEART_MEDIASTINUM = "heart_mediastinum"
    BONES = "bones"
    DEVICES = "devices"
    LEFT_VENTRICLE = "left_ventricle"
    RIGHT_VENTRICLE = "right_ventricle"
    ATRIA = "atria"
    MYOCARDIUM = "myocardium"
    VALVES = "valves"
    PERICARDIUM = "pericardium"
    GREAT_VESSELS = "great_vessels"


REGIONS: Final[Mapping[str, tuple[Region, ...]]] = {
    "chest_xray": (Region.LUNGS, Region.PLEURA, Region.HEART_MEDIASTINUM, Region.BONES, Region.DEVICES),
    "cardiac_mri": (
        Region.LEFT_VENTRICLE,
        Region.RIGHT_VENTRICLE,
        Region.ATRIA,
        Region.MYOCARDIUM,
        Region.VALVES,
        Region.PERICARDIUM,
        Region.GREAT_VESSELS,
    ),
}


def require_zone(at: datetime | None) -> None:
    """Raises ValueError for a naive datetime."""
    if at is not None and at.tzinfo is None:
        raise ValueError("a report's moments must know their time zone")


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class RegionFinding:
    """Finding of one region: normal when `text` is None; `codes` are the phrases that it contains."""

    region: Region
    text: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class EarlierScan:
    """An earlier scan of this patient, for comparison."""

    on: date
    modality: str
    number: str | None = None  # of its report
    impression: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Opinion:
    """Whether the doctor agrees with the model, and why."""

    agrees: bool
    reason: str | None = None
    seen: bool | None = None  # a grave difference was shown side by side before signing


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class CriticalResultSection:
    """A critical result: who was notified, when, and when it was acknowledged."""

    finding: str
    told: str | None = None
    told_at: datetime | None = None
    acknowledged_at: datetime | None = None

    def __post_init__(self) -> None:
        require_zone(self.told_at)
        require_zone(self.acknowledged_at)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class ReadingSection:
    """The doctor's reading. Every field is optional, but `is_written` is required before release."""

    findings: str | None = None
    regions: tuple[RegionFinding, ...] = ()
    diagnosis: str | None = None  # key of a ready diagnosis
    own: str | None = None  # the doctor's own reading of an uncertain result; printed first
    impression: str | None = None
    recommendations: str | None = None
    comparison: tuple[EarlierScan, ...] = ()
    opinion: Opinion | None = None
    critical: CriticalResultSection | None = None
    override: str | None = None  # contradictions that were signed, and the doctor's reason
    no_alert: str | None = None  # why an urgent reading was not sent out as a critical result

    @property
    def is_written(self) -> bool:
        """Whether there are findings or an impression."""
        texts = (self.findings or "", self.impression or "")
        return bool(self.regions) or any(text.strip() for text in texts)
