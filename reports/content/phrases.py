"""Structured reporting: phrases for each region, and diagnoses that fill in a complete reading.

Codes are stored; their texts are in the catalogues of each language."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from models.vocabulary import Band
from reports.content.reading import REGIONS, Region

PHRASES: Final[Mapping[Region, tuple[str, ...]]] = {
    Region.LUNGS: (
        "opacity_right",
        "opacity_left",
        "opacity_both",
        "consolidation_right",
        "consolidation_left",
        "upper_zone",
        "nodule",
        "hyperinflated",
    ),
    Region.PLEURA: ("effusion_right", "effusion_left", "effusion_both", "pneumothorax_right", "pneumothorax_left"),
    Region.HEART_MEDIASTINUM: ("heart_large", "congestion", "mediastinum_wide", "hilum_large"),
    Region.BONES: ("rib_fracture", "degenerative"),
    Region.DEVICES: ("device_in_place", "device_misplaced", "pacemaker"),
    Region.LEFT_VENTRICLE: ("lv_dilated", "lv_thick"),
    Region.RIGHT_VENTRICLE: ("rv_dilated", "rv_thick"),
    Region.ATRIA: ("left_atrium_large", "right_atrium_large"),
    Region.MYOCARDIUM: ("septum_thick", "wall_thin"),
    Region.VALVES: ("valve_thick",),
    Region.PERICARDIUM: ("pericardial_fluid", "pericardium_thick"),
    Region.GREAT_VESSELS: ("aorta_wide", "pulmonary_artery_wide"),
}


# Ready reasons of a doctor: for signing against the table of consistency, for an urgent reading without an alert.
OVERRIDE_REASONS: Final = ("known", "treated", "minor", "meant")
NO_ALERT_REASONS: Final = ("told", "admitted", "known")


class Diagnosis(NamedTuple):
    """A reading template: phrases by region (every other region is normal) and the urgency of follow-up."""

    modality: str
    band: Band
    phrases: Mapping[Region, tuple[str, ...]] = {}


DIAGNOSES: Final[Mapping[str, Diagnosis]] = {
    "normal_chest": Diagnosis("chest_xray", Band.NO_ACTION),
    "pneumonia_right": Diagnosis("chest_xray", Band.SEE_DOCTOR, {Region.LUNGS: ("consolidation_right",)}),
    "pneumonia_left": Diagnosis("chest_xray", Band.SEE_DOCTOR, {Region.LUNGS: ("consolidation_left",)}),
    "viral": Diagnosis("chest_xray", Band.SEE_DOCTOR, {Region.LUNGS: ("opacity_both",)}),
    "tuberculosis": Diagnosis("chest_xray", Band.SEE_DOCTOR, {Region.LUNGS: ("upper_zone",)}),
    "effusion": Diagnosis("chest_xray", Band.SEE_DOCTOR, {Region.PLEURA: ("effusion_both",)}),
    "heart_failure": Diagnosis("chest_xray", Band.URGENT, {Region.HEART_MEDIASTINUM: ("heart_large", "congestion")}),
    "pneumothorax_right": Diagnosis("chest_xray", Band.URGENT, {Region.PLEURA: ("pneumothorax_right",)}),
    "pneumothorax_left": Diagnosis("chest_xray", Band.URGENT, {Region.PLEURA: ("pneumothorax_left",)}),
    "normal_heart": Diagnosis("cardiac_mri", Band.NO_ACTION),
    "dilated": Diagnosis("cardiac_mri", Band.SEE_DOCTOR, {Region.LEFT_VENTRICLE: ("lv_dilated",)}),
    "thickened": Diagnosis(
        "cardiac_mri", Band.SEE_DOCTOR, {Region.LEFT_VENTRICLE: ("lv_thick",), Region.MYOCARDIUM: ("septum_thick",)}
    ),
    "heart_fluid": Diagnosis("cardiac_mri", Band.URGENT, {Region.PERICARDIUM: ("pericardial_fluid",)}),
}


def diagnoses(modality: str) -> tuple[str, ...]:
    """Keys of the diagnoses of this modality, the normal one first."""
    return tuple(name for name, one in DIAGNOSES.items() if one.modality == modality)


def matches(name: str, regions: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the regions contain all phrases of the diagnosis; for a normal one, whether they are all normal."""
    phrases = DIAGNOSES[name].phrases
    if not phrases:
        return not any(finding.get("phrases") or finding.get("text") for finding in regions.values())
    return all(set(codes) <= set(regions.get(region, {}).get("phrases", ())) for region, codes in phrases.items())


def regions_for(name: str) -> dict[str, dict[str, list[str]]]:
    """The regions of a diagnosis in their stored form; a region without phrases is normal."""
    diagnosis = DIAGNOSES[name]
    return {region: {"phrases": list(diagnosis.phrases.get(region, ()))} for region in REGIONS[diagnosis.modality]}
