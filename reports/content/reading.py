"""What the doctor says of a scan: free text, findings by region, or both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class Region(StrEnum):
    """Where one looks; the order is the order on the page."""

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
    """A moment without its zone would be printed hours off in another house."""
    if at is not None and at.tzinfo is None:
        raise ValueError("a report's moments must know their time zone")


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Finding:
    """One region: normal when `text` is None, else what was seen there; `codes` are the phrases in it."""

    region: Region
    text: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Earlier:
    """An earlier scan of this patient that the doctor could compare with."""

    on: date
    modality: str
    number: str | None = None  # of its report
    impression: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Opinion:
    """Whether the doctor agrees with the computer, and why."""

    agrees: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Critical:
    """A result that could not wait: who was told, when, and when it was acknowledged."""

    finding: str
    told: str | None = None
    told_at: datetime | None = None
    acknowledged_at: datetime | None = None

    def __post_init__(self) -> None:
        require_zone(self.told_at)
        require_zone(self.acknowledged_at)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Reading:
    """The doctor's part. Every field may be left out, but `written` must hold before release."""

    findings: str | None = None
    regions: tuple[Finding, ...] = ()
    diagnosis: str | None = None  # picked from the ready ones
    own: str | None = None  # the physician's own reading where the computer was unsure; stands first
    impression: str | None = None
    recommendations: str | None = None
    comparison: tuple[Earlier, ...] = ()
    opinion: Opinion | None = None
    critical: Critical | None = None

    @property
    def written(self) -> bool:
        """Whether the doctor has said anything of the scan itself."""
        texts = (self.findings or "", self.impression or "")
        return bool(self.regions) or any(text.strip() for text in texts)
