"""Structured reporting: phrases for each region, and diagnoses that fill in a complete reading.

Codes are stored; their texts are in the catalogues of each language."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from models.vocabulary import Band
from reports.content.reading import REGIONS, Region
from reports.content.ready import FAMILIES, Family

COMMON_PHRASES: Final[Mapping[Region, tuple[str, ...]]] = {
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


def _own_phrases(region: Region) -> tuple[str, ...]:
    own = (one for one in FAMILIES.values() if one.region is region and one.phrase is None)
    return tuple(code for one in own for code in one.codes)


# every phrase that a region may have: the common ones, and those of the ready readings
PHRASES: Final[Mapping[Region, tuple[str, ...]]] = {
    region: (*codes, *_own_phrases(region)) for region, codes in COMMON_PHRASES.items()
}


# Ready reasons of a doctor: for signing against the table of consistency, for an urgent reading without an alert.
OVERRIDE_REASONS: Final = ("known", "treated", "minor", "meant")
NO_ALERT_REASONS: Final = ("told", "admitted", "known")


# a ready reading does not call these normal: bones have to be looked at one by one, and most films show no device
NOT_FILLED_IN: Final = frozenset({Region.BONES, Region.DEVICES})


class Diagnosis(NamedTuple):
    """A reading template: phrases by region and the urgency of follow-up.

    Every other region that is always looked at is normal, unless the reading is `partial`."""

    modality: str
    band: Band
    phrases: Mapping[Region, tuple[str, ...]] = {}
    adults: bool = False  # not for children
    partial: bool = False


COMMON_DIAGNOSES: Final[Mapping[str, Diagnosis]] = {
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


def _diagnosis(family: Family, code: str) -> Diagnosis:
    modality = next(one for one, regions in REGIONS.items() if family.region in regions)
    phrases = {family.region: (family.phrase or code,)}
    return Diagnosis(modality, family.band, phrases, family.adults, family.partial)


DIAGNOSES: Final[Mapping[str, Diagnosis]] = {
    **COMMON_DIAGNOSES,
    **{code: _diagnosis(family, code) for family in FAMILIES.values() for code in family.codes},
}


def diagnoses(modality: str, child: bool = False) -> tuple[str, ...]:
    """Keys of the diagnoses of this modality, the normal one first; for a child without those of adults only."""
    return tuple(name for name, one in DIAGNOSES.items() if one.modality == modality and not (child and one.adults))


def names_in(diagnosis: str | None) -> tuple[str, ...]:
    """The keys of a stored diagnosis; several ready readings are joined by "+"."""
    return tuple(diagnosis.split("+")) if diagnosis else ()


def matches(name: str, regions: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the regions contain all phrases of the diagnosis; for a normal one, whether they are all normal."""
    phrases = DIAGNOSES[name].phrases
    if not phrases:
        return not any(finding.get("phrases") or finding.get("text") for finding in regions.values())
    return all(set(codes) <= set(regions.get(region, {}).get("phrases", ())) for region, codes in phrases.items())


def regions_for(name: str) -> dict[str, dict[str, list[str]]]:
    """The regions of a diagnosis in their stored form; a region without phrases is normal.

    Bones and devices are only there where the diagnosis is about them."""
    diagnosis = DIAGNOSES[name]
    always = () if diagnosis.partial else [one for one in REGIONS[diagnosis.modality] if one not in NOT_FILLED_IN]
    return {
        region: {"phrases": list(diagnosis.phrases.get(region, ()))}
        for region in REGIONS[diagnosis.modality]
        if region in always or region in diagnosis.phrases
    }


def merged(regions: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """These regions with the phrases of one more diagnosis; what is recorded already stays."""
    both: dict[str, dict[str, Any]] = {region: dict(found) for region, found in regions.items()}
    for region, codes in DIAGNOSES[name].phrases.items():
        before = both.get(region, {})
        both[region] = {**before, "phrases": list(dict.fromkeys([*before.get("phrases", ()), *codes]))}
    return both
