"""Every button of a reading has its words in every language, and every diagnosis bears itself out."""

import pytest

from reports.content.document import Language
from reports.content.phrases import DIAGNOSES, PHRASES, diagnoses, filled, fits
from reports.content.reading import REGIONS, Region
from reports.pdf.words import catalogue

CODES = {code for codes in PHRASES.values() for code in codes}


@pytest.mark.parametrize("language", Language)
def test_every_code_has_its_words(language):
    words = catalogue(language)

    assert {*words["phrase"]} == CODES
    assert all({*words[section]} == {*DIAGNOSES} for section in ("diagnosis", "impression", "advice", "plain"))


def test_every_region_of_every_scan_has_phrases():
    assert {*PHRASES} == {*Region}
    assert {region for regions in REGIONS.values() for region in regions} == {*Region}


@pytest.mark.parametrize("name", DIAGNOSES)
def test_a_diagnosis_fills_in_all_regions_of_its_scan_and_fits_them(name):
    regions = filled(name)

    assert {*regions} == {*REGIONS[DIAGNOSES[name].modality]}
    assert all(code in PHRASES[Region(region)] for region, seen in regions.items() for code in seen["phrases"])
    assert fits(name, regions)


@pytest.mark.parametrize("modality", REGIONS)
def test_the_first_diagnosis_of_each_scan_is_the_normal_one_and_fits_nothing_else(modality):
    normal, *others = diagnoses(modality)

    assert not DIAGNOSES[normal].finds
    assert not any(fits(normal, filled(other)) or fits(other, filled(normal)) for other in others)


def test_words_in_a_region_take_a_normal_reading_back():
    regions = filled("normal_chest") | {"lungs": {"phrases": [], "text": "A shadow."}}

    assert not fits("normal_chest", regions)
