"""The parts that a clinic may add: summary page, regions, comparison, critical result, code, and the record inside."""

from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
import pytest
from pypdf import PdfReader

from models.vocabulary import Band, Modality, ReportStatus
from reports.content.canonical import canonical
from reports.content.document import AmendmentSection
from reports.content.reading import REGIONS, CriticalResultSection, Opinion, ReadingSection, RegionFinding
from reports.pdf.qr import draw_qr
from reports.pdf.render import render
from tests.support.pdf import pages


@pytest.fixture(scope="module")
def sheet(full) -> list[str]:
    return pages(render(full))


def test_the_plain_summary_is_the_first_page_and_shows_no_class_of_the_computer(full, sheet):
    assert "Your result in plain words" in sheet[0]
    assert "See your doctor" in sheet[0]
    assert "Start the tablets today" in sheet[0]
    assert "Read by Dr Kavya Rao" in sheet[0]
    for word in ("Lung opacity", "82.7%", "Computer assistance", "MobileNetV2"):
        assert word not in sheet[0]
    assert "Chest X-ray report" in sheet[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("band", "word"),
    [(Band.NO_ACTION, "No action needed"), (Band.SEE_DOCTOR, "See your doctor"), (Band.URGENT, "Urgent")],
)
def test_each_band_says_in_words_what_its_colour_says(full, band, word):
    first = pages(render(replace(full, summary=replace(full.summary, band=band))))[0]

    assert word in first
    assert sum(other in first for other in ("No action needed", "Please talk about this result", "Do not wait")) == 1


def test_regions_are_listed_with_what_was_seen_or_the_word_normal(sheet):
    assert "Lungs Ill-defined opacity" in sheet[1]
    assert "Pleura Normal" in sheet[1]
    assert "Tubes and devices None seen." in sheet[1]


@pytest.mark.slow
def test_the_heart_has_regions_of_its_own(full):
    heart = tuple(RegionFinding(region=region) for region in REGIONS[Modality.CARDIAC_MRI])
    amended = replace(
        full,
        technique=replace(full.technique, modality=Modality.CARDIAC_MRI),
        reading=ReadingSection(regions=heart),
        summary=None,
    )
    first = pages(render(amended))[0]

    assert "Left ventricle Normal" in first
    assert "Lungs" not in first


@pytest.mark.slow
def test_a_heart_shows_its_outlines_in_place_of_a_heat_map(full):
    """The caption names the three colours."""
    outlined = replace(full.assistance, heatmap=None, outlines=full.assistance.heatmap)
    printed = pages(render(replace(full, assistance=outlined)))

    assert any("right ventricle blue, muscle orange, left ventricle yellow" in page for page in printed)
    assert not any("Heat map" in page for page in printed)


def test_earlier_scans_are_compared_by_date(sheet):
    assert "Comparison 2 March 2026, Chest X-ray: No active disease." in sheet[1]


@pytest.mark.slow
def test_a_critical_result_names_its_recipient_and_the_acknowledgement(full, sheet):
    assert "Reported to Dr Leela Menon. Told at 22 Nov 2026, 14:30. Acknowledged 22 Nov 2026, 14:35." in sheet[1]
    waiting = replace(
        full, reading=replace(full.reading, critical=CriticalResultSection(finding="Tension pneumothorax"))
    )
    assert "Not yet acknowledged" in pages(render(waiting))[1]


@pytest.mark.slow
def test_the_doctors_opinion_of_the_computer_is_told_with_its_reason(full, sheet):
    assert "agrees with the computer's suggestion. The warm area" in sheet[1]
    against = replace(
        full, reading=replace(full.reading, opinion=Opinion(agrees=False, reason="It is a nipple shadow."))
    )
    assert "does not agree with the computer's suggestion. It is a nipple shadow." in pages(render(against))[1]


@pytest.mark.slow
def test_an_addendum_adds_and_does_not_say_that_it_changed(full):
    added = replace(
        full, status=ReportStatus.ADDENDUM, amendment=AmendmentSection(replaces=1, reason="An earlier film was found.")
    )
    second = pages(render(added))[1]

    assert "Added to version 1 An earlier film was found." in second
    assert "was changed" not in second


@pytest.mark.slow
def test_a_preliminary_report_warns_that_the_final_may_differ(amina):
    first = pages(render(replace(amina, status=ReportStatus.PRELIMINARY)))[0]

    assert "The final report takes its place and may differ" in first


def test_the_code_leads_to_the_address_that_is_also_printed(full, sheet):
    side, path = draw_qr(full.stamp.verify_url)
    modules = np.full((side, side), 255, np.uint8)
    for module in path.removeprefix("M").removesuffix("h1v1h-1z").split("h1v1h-1zM"):
        column, row = map(int, module.split(","))
        modules[row, column] = 0
    large = cv2.copyMakeBorder(cv2.resize(modules, None, fx=8, fy=8, interpolation=0), *[32] * 4, 0, value=(255,))

    assert cv2.QRCodeDetector().detectAndDecode(large)[0] == full.stamp.verify_url
    assert any(full.stamp.verify_url in page for page in sheet)


def test_a_report_without_an_address_has_no_code(amina):
    assert "Check this report" not in "".join(pages(render(amina)))


@pytest.mark.slow
def test_the_canonical_record_travels_inside_the_file_byte_for_byte(full):
    reader = PdfReader(BytesIO(render(full)))

    assert reader.attachments["report.json"] == [canonical(full)]
