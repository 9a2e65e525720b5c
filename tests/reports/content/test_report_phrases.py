"""Every button of a structured reading has a text in every language, and every diagnosis follows from its regions."""

import pytest

from models.vocabulary import Language
from reports.content.phrases import (
    COMMON_DIAGNOSES,
    DIAGNOSES,
    NO_ALERT_REASONS,
    OVERRIDE_REASONS,
    PHRASES,
    diagnoses,
    matches,
    merged,
    regions_for,
)
from reports.content.reading import REGIONS, Region
from reports.content.ready import FAMILIES
from reports.pdf.words import catalogue

CODES = {code for codes in PHRASES.values() for code in codes}

# Diagnoses whose impression is a likeness, not a statement; the patient's page must not turn it into one.
LIKENESSES = ("pneumonia_right", "pneumonia_left", "viral", "heart_failure")
IN_KEEPING_WITH = {"en": "in keeping with", "ta": "போல் தெரிகிறது", "hi": "जैसा लगता"}
LOOKS_LIKE = {
    "en": ("looks like", "often makes"),
    "ta": ("போல் தெரிகிறது", "தெரிவது உண்டு"),
    "hi": ("जैसा लगता", "जैसे अक्सर"),
}


@pytest.mark.parametrize("language", Language)
def test_a_likeness_stays_one_in_plain_words(language):
    words = catalogue(language)

    assert tuple(name for name in DIAGNOSES if IN_KEEPING_WITH[language] in words["impression"][name]) == LIKENESSES
    sure = [name for name in LIKENESSES if not any(like in words["plain"][name] for like in LOOKS_LIKE[language])]
    assert sure == []


@pytest.mark.parametrize("language", Language)
def test_a_ready_reading_names_its_side_in_every_text(language):
    words = catalogue(language)
    sided = [(family, code, side) for family in FAMILIES.values() for code, side in family.codes.items() if side]

    assert len(sided) > 20
    for family, code, side in sided:
        texts = [words[section][code] for section in ("diagnosis", "impression", "plain")]
        texts += [words["phrase"][code]] if family.phrase is None else []
        assert all(words["side"][side].lower() in text.lower() for text in texts), texts


def test_there_are_at_least_forty_ready_readings_without_counting_sides():
    common = {name.removesuffix("_right").removesuffix("_left") for name in COMMON_DIAGNOSES}

    assert len(common | {*FAMILIES}) >= 40


def test_a_child_is_not_offered_what_comes_with_age():
    missing = {*diagnoses("chest_xray")} - {*diagnoses("chest_xray", child=True)}

    assert missing == {"hyperinflation", "long_aorta", "spine_wear"}


def test_a_reading_added_to_others_leaves_their_regions_alone():
    typed = {"lungs": {"phrases": ["nodule_right"], "text": "Near the hilum."}, "bones": {}}

    assert merged(typed, "mass_left") == {
        "lungs": {"phrases": ["nodule_right", "mass_left"], "text": "Near the hilum."},
        "bones": {},
    }


@pytest.mark.parametrize("language", Language)
def test_every_ready_reason_has_its_words(language):
    words = catalogue(language)

    assert ({*words["override"]}, {*words["no_alert"]}) == ({*OVERRIDE_REASONS}, {*NO_ALERT_REASONS})


@pytest.mark.parametrize("language", Language)
def test_every_code_has_its_words(language):
    words = catalogue(language)

    assert {*words["phrase"]} == CODES
    assert all({*words[section]} == {*DIAGNOSES} for section in ("diagnosis", "impression", "advice", "plain"))


def test_every_region_of_every_scan_has_phrases():
    assert {*PHRASES} == {*Region}
    assert {region for regions in REGIONS.values() for region in regions} == {*Region}


@pytest.mark.parametrize("name", DIAGNOSES)
def test_a_diagnosis_fills_in_the_regions_always_looked_at_and_fits_them(name):
    regions = regions_for(name)

    whole = {*REGIONS[DIAGNOSES[name].modality]} - {Region.BONES, Region.DEVICES}
    assert {*regions} == {*DIAGNOSES[name].phrases} | (set() if DIAGNOSES[name].partial else whole)
    assert all(code in PHRASES[Region(region)] for region, seen in regions.items() for code in seen["phrases"])
    assert matches(name, regions)


@pytest.mark.parametrize("modality", REGIONS)
def test_the_first_diagnosis_of_each_scan_is_the_normal_one_and_fits_nothing_else(modality):
    normal, *others = diagnoses(modality)

    assert not DIAGNOSES[normal].phrases
    assert not any(matches(normal, regions_for(other)) or matches(other, regions_for(normal)) for other in others)


def test_words_in_a_region_take_a_normal_reading_back():
    regions = regions_for("normal_chest") | {"lungs": {"phrases": [], "text": "A shadow."}}

    assert not matches("normal_chest", regions)


def test_a_ready_reading_says_nothing_about_bones_and_devices_that_it_is_not_about() -> None:
    """Nobody pressed "normal" for tubes, devices or bones: the report must not say that they are."""
    for name in diagnoses("chest_xray"):
        about = set(DIAGNOSES[name].phrases)
        assert set(regions_for(name)) & {Region.BONES, Region.DEVICES} <= about, name
    assert set(regions_for("normal_chest")) == {Region.LUNGS, Region.PLEURA, Region.HEART_MEDIASTINUM}
