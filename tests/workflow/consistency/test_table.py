"""The table of consistency restated by hand, and what it finds in readings. A doctor can read and approve this page."""

from functools import reduce

import pytest

from models.tables.scans import AiFinding, Reading, Scan
from models.vocabulary import Band, Language
from reports.content.phrases import COMMON_DIAGNOSES, COMMON_PHRASES, DIAGNOSES, merged, names_in, regions_for
from reports.content.ready import FAMILIES
from reports.pdf.words import catalogue
from tests.support.rows import a_finding
from workflow.consistency.checks import Check, conflicts, model_differs, open_conflicts, require_consistent
from workflow.consistency.table import table
from workflow.consistency.typed import mentions, says_normal
from workflow.errors import ConflictRefused, DifferenceUnseen, ReasonMissing

GREEN, YELLOW, RED = Band.NO_ACTION, Band.SEE_DOCTOR, Band.URGENT
LEAST_OF_DIAGNOSES = {
    "normal_chest": GREEN,
    "pneumonia_right": YELLOW,
    "pneumonia_left": YELLOW,
    "viral": YELLOW,
    "tuberculosis": YELLOW,
    "effusion": YELLOW,
    "heart_failure": RED,
    "pneumothorax_right": RED,
    "pneumothorax_left": RED,
    "normal_heart": GREEN,
    "dilated": YELLOW,
    "thickened": YELLOW,
    "heart_fluid": RED,
}
LEAST_OF_PHRASES = {
    GREEN: "degenerative device_in_place pacemaker",
    YELLOW: "opacity_right opacity_left opacity_both consolidation_right consolidation_left upper_zone nodule "
    "hyperinflated effusion_right effusion_left effusion_both heart_large congestion hilum_large rib_fracture "
    "lv_dilated lv_thick rv_dilated rv_thick left_atrium_large right_atrium_large septum_thick wall_thin valve_thick "
    "pericardial_fluid pericardium_thick aorta_wide pulmonary_artery_wide",
    RED: "pneumothorax_right pneumothorax_left mediastinum_wide device_misplaced",
}
LEAST_OF_READINGS = {
    GREEN: "granuloma long_aorta healed_rib spine_wear tube_good line_good drain_good pacing sternal_wires no_change",
    YELLOW: "nodule nodules mass old_tuberculosis cavity fibrosis bronchiectasis hyperinflation collapse bands "
    "small_effusion thick_pleura cardiomegaly congested hilar raised_diaphragm broken_rib broken_collarbone scoliosis "
    "limited right_dilated wide_aorta",
    RED: "large_effusion hydropneumothorax wide_mediastinum free_air tube_deep line_wrong",
}
LEAST_OF_CRITICAL_FINDINGS = {  # as typed; each is found and carries this band
    "Tension pneumothorax.": RED,
    "Small right pneumothorax.": RED,
    "Free air under the diaphragm.": RED,
    "Large left pleural effusion.": RED,
    "Widened mediastinum.": RED,
    "Acute pulmonary oedema.": RED,
    "Cardiac tamponade.": RED,
    "The tube is misplaced.": RED,
    "Tuberculosis must be ruled out.": YELLOW,
    "A mass in the right upper lobe.": YELLOW,
    "Nodule, 8 mm.": YELLOW,
    "Small effusion on the left.": YELLOW,
}


def draft(**facts: object) -> Reading:
    return Reading(scan_id=1, doctor_id=1, **{"findings": "", "band": YELLOW.value} | facts)


def diagnosed(name: str, band: Band | None = None, **facts: object) -> Reading:
    first, *more = names_in(name)
    regions = reduce(merged, more, regions_for(first))
    values = {"diagnosis": name, "regions": regions, "band": (band or DIAGNOSES[first].band).value}
    return draft(**values | facts)


def keys(reading: Reading) -> list[str]:
    return [one.key for one in conflicts(reading)]


def test_each_ready_diagnosis_has_its_least_band_and_starts_without_a_contradiction() -> None:
    assert {name: table().of_diagnosis(name).least for name in COMMON_DIAGNOSES} == LEAST_OF_DIAGNOSES
    assert {name: keys(diagnosed(name)) for name in DIAGNOSES} == {name: [] for name in DIAGNOSES}


def test_each_ready_reading_has_its_least_band_on_every_side() -> None:
    expected = {name: band for band, names in LEAST_OF_READINGS.items() for name in names.split()}
    found = {(name, table().of_diagnosis(code).least) for name, one in FAMILIES.items() for code in one.codes}
    assert found == {*expected.items()}


def test_each_phrase_has_its_least_band() -> None:
    expected = {code: band for band, codes in LEAST_OF_PHRASES.items() for code in codes.split()}
    assert {code: table().of_phrase(code).least for codes in COMMON_PHRASES.values() for code in codes} == expected


@pytest.mark.parametrize(("text", "least"), LEAST_OF_CRITICAL_FINDINGS.items())
def test_a_critical_finding_in_words_has_its_least_band(text: str, least: Band) -> None:
    below = GREEN if least is YELLOW else YELLOW
    assert [one.check for one in conflicts(draft(impression=text, band=below.value))] == ["band"]
    assert keys(draft(impression=text, band=least.value)) == []


@pytest.mark.parametrize("language", Language)
def test_each_finding_and_each_contradiction_has_its_words(language: Language) -> None:
    words = catalogue(language)
    assert {*words["finding"]} == {*table().findings, "region"}
    assert {*words["conflict"]} == {*Check}


def test_each_row_of_the_table_has_a_source() -> None:
    assert [row.name for row in table().findings.values() if len(row.source) < 20] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No pneumothorax or effusion. Left consolidation.", [("consolidation", "left")]),
        ("Right pleural effusion, small.", [("effusion", "right")]),
        ("Large effusion on the left.", [("large_effusion", "left")]),
        ("Pericardial effusion.", [("pericardial_effusion", None)]),
        ("No change of the right pneumothorax.", [("pneumothorax", "right")]),
        ("Dilated left ventricle.", [("heart_chambers", None)]),
        ("No signs of tuberculosis.", []),
        ("Tuberculosis must be ruled out.", [("tuberculosis", None)]),
        ("Massive cardiomegaly.", [("large_heart", None)]),
        ("வலது நியூமோதோராக்ஸ்.", [("pneumothorax", "right")]),
        ("நியூமோதோராக்ஸ் இல்லை.", []),
        ("बाईं ओर न्यूमोथोरैक्स।", [("pneumothorax", "left")]),
        ("न्यूमोथोरैक्स नहीं है।", []),
    ],
)
def test_findings_and_sides_are_read_from_typed_text(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert mentions(text) == expected


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Normal chest.", True),
        ("No acute finding.", True),
        ("Clear lungs.", True),
        ("Study within normal limits", True),
        ("No active disease in the chest.", True),
        ("மார்பு இயல்பு", True),
        ("छाती में कोई सक्रिय बीमारी नहीं।", True),
        ("Heart size normal, patchy changes below.", False),
        ("Not normal.", False),
        ("Infection.", False),
    ],
)
def test_a_statement_of_normality_is_recognised(text: str, normal: bool) -> None:
    assert says_normal(text) is normal


CONTRADICTIONS: dict[str, tuple[Reading, list[str]]] = {
    "pneumothorax with green": (diagnosed("pneumothorax_right", GREEN), ["band:pneumothorax"]),
    "pneumothorax with yellow": (diagnosed("pneumothorax_right", YELLOW), ["band:pneumothorax"]),
    "tuberculosis with green": (diagnosed("tuberculosis", GREEN), ["band:tuberculosis"]),
    "a region's pneumothorax with the band of a typed draft": (
        draft(regions={"pleura": {"phrases": ["pneumothorax_left"]}}),
        ["band:pneumothorax"],
    ),
    "normal beside a nodule": (
        draft(regions={"lungs": {"phrases": ["nodule"]}}, impression="Normal chest."),
        ["normal:nodule"],
    ),
    "normal beside a region in words": (
        draft(regions={"lungs": {"text": "A shadow at the base."}}, impression="Normal."),
        ["normal:region"],
    ),
    "normal beside a clear region": (draft(regions={"lungs": {"text": "Clear."}}, impression="Normal."), []),
    "left in the conclusion, right in the region": (
        draft(
            regions={"pleura": {"phrases": ["pneumothorax_right"]}},
            impression="Pneumothorax on the left.",
            band="urgent",
        ),
        ["side:pneumothorax"],
    ),
    "ready diagnosis of the right, regions of both sides": (
        diagnosed("pneumonia_right", regions={"lungs": {"phrases": ["consolidation_right", "consolidation_left"]}}),
        ["side:consolidation"],
    ),
    "several ready readings, one on each side": (
        diagnosed("cavity_left+small_effusion_right", GREEN),
        ["band:tuberculosis", "band:effusion"],
    ),
    "a large effusion with yellow beside a nodule": (
        diagnosed("nodule_left+large_effusion_left", YELLOW),
        ["band:large_effusion"],
    ),
    "another finding on the other side": (
        diagnosed(
            "pneumonia_right",
            regions={"lungs": {"phrases": ["consolidation_right"]}, "pleura": {"phrases": ["effusion_left"]}},
        ),
        [],
    ),
    "green with an emergency": (
        draft(impression="Old scars.", recommendations="Admit at once.", band="no_action"),
        ["advice:recommendation"],
    ),
    "green with a follow-up": (
        draft(impression="Old scars.", recommendations="Repeat film in six weeks.", band="no_action"),
        ["advice:recommendation"],
    ),
    "green with a safety net": (
        draft(impression="Old scars.", recommendations="Come back at once if it gets worse.", band="no_action"),
        [],
    ),
    "red with no follow-up": (
        draft(impression="Pneumothorax.", recommendations="No further imaging.", band="urgent"),
        ["advice:recommendation"],
    ),
    "red with the advice of a normal chest": (diagnosed("normal_chest", RED), ["advice:normal"]),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_reading_that_contradicts_itself_is_found(case: str) -> None:
    reading, expected = CONTRADICTIONS[case]
    assert keys(reading) == expected


def test_green_beside_a_coded_urgent_finding_is_refused_whatever_the_reason() -> None:
    every = {"checks": ["band:pneumothorax"], "reason": "Seen before."}
    refused = a_scan(diagnosed("pneumothorax_left", GREEN, override=every))
    with pytest.raises(ConflictRefused):
        require_consistent(refused)
    yellow = diagnosed("pneumothorax_left", YELLOW)
    with pytest.raises(ReasonMissing):
        require_consistent(a_scan(yellow))
    yellow.override = every
    require_consistent(a_scan(yellow))
    assert keys(yellow) == ["band:pneumothorax"]


def test_a_reason_covers_only_the_contradictions_for_which_it_was_given() -> None:
    reading = draft(impression="Nodule.", band="no_action", override={"checks": ["band:mass"], "reason": "Old."})
    assert [one.key for one in open_conflicts(reading)] == ["band:nodule"]


SURE, WELL = {"label": "COVID", "abnormal": 0.97}, {"label": "Normal", "abnormal": 0.03}
DIFFERENCES: dict[str, tuple[dict[str, object], Reading, bool]] = {
    "sure of disease, ready normal": (SURE, diagnosed("normal_chest"), True),
    "sure of disease, typed normal": (SURE, draft(impression="Normal chest."), True),
    "sure of disease, green": (SURE, draft(impression="Nothing for today.", band="no_action"), True),
    "sure of disease, pneumonia": (SURE, diagnosed("pneumonia_left"), False),
    "less sure, normal": ({"label": "COVID", "abnormal": 0.85}, diagnosed("normal_chest"), False),
    "uncertain, normal": (SURE | {"uncertain": True}, diagnosed("normal_chest"), False),
    "sure of normal, pneumothorax": (WELL, diagnosed("pneumothorax_left"), True),
    "sure of normal, typed mass": (WELL, draft(impression="A mass on the left."), True),
    "sure of normal, normal": (WELL, diagnosed("normal_chest"), False),
    "less sure of normal, mass": ({"label": "Normal", "abnormal": 0.2}, draft(impression="A mass."), False),
    "switched off": ({"label": None, "uncertain": True}, diagnosed("normal_chest"), False),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_a_grave_difference_from_the_model_is_found_and_asks_to_be_seen(case: str) -> None:
    facts, reading, expected = DIFFERENCES[case]
    scan = a_scan(reading, a_finding(1, **facts))
    assert model_differs(scan) is expected
    if expected:
        with pytest.raises(DifferenceUnseen):
            require_consistent(scan)
        reading.difference_seen = True
    require_consistent(scan)


def a_scan(reading: Reading, finding: AiFinding | None = None) -> Scan:
    return Scan(id=1, reading=reading, finding=finding)
