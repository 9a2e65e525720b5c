"""The printed content, read back from the PDF."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from models.vocabulary import Language, ReportStatus
from reports.content.canonical import content_hash
from reports.content.document import (
    AmendmentSection,
    Dosage,
    IncompleteReport,
    Indication,
    Medicine,
    PrescriptionSection,
    Stamp,
    UnreadablePicture,
)
from reports.pdf.render import render
from reports.pdf.words import catalogue
from tests.support.pdf import Sheet, pages, pictures_in

LONG = "There is a patchy opacity in the right lower zone, with air bronchograms and a blurred diaphragm. " * 40


@pytest.fixture(scope="module")
def sheet(amina) -> list[str]:
    return pages(render(amina))


def test_an_ordinary_report_has_two_pages_and_names_them(sheet):
    assert len(sheet) == 2
    assert "Page 1 of 2" in sheet[0]
    assert "Page 2 of 2" in sheet[1]


@pytest.mark.slow
@pytest.mark.parametrize("language", [Language.TAMIL, Language.HINDI])
def test_two_pages_are_enough_in_every_language(unsure, language):
    assert len(pages(render(replace(unsure, language=language)))) == 2


def test_the_doctors_page_says_everything_in_the_order_of_a_reading(sheet):
    expected = [
        "Sample District Hospital",
        "Chest X-ray report",
        "Amina Sundaram",
        "12 March 1978 (48 years)",
        "P-000123",
        "Cough with fever, since five days",
        "Dr Leela Menon",
        "Single frontal view",
        "Findings",
        "Ill-defined opacity",
        "Impression",
        "Right lower zone consolidation",
        "Recommendations",
        "Prescription",
        "Amoxicillin",
        "500 mg",
        "Dr Kavya Rao",
    ]
    places = [sheet[0].find(words) for words in expected]

    assert -1 not in places, expected[places.index(-1)]
    assert places == sorted(places)


def test_three_people_answer_for_the_report_with_the_clinics_time(sheet):
    for who, when in (("Dr Kavya Rao", "14:20"), ("Joseph Mathew", "14:42"), ("Nandini Krishnan", "15:00")):
        assert who in sheet[0]
        assert f"22 Nov 2026, {when}" in sheet[0]
    assert "Times: Asia/Kolkata (UTC+05:30)" in sheet[0]


def test_the_computer_speaks_only_inside_its_frame_on_the_second_page(sheet):
    assert "Lung opacity" not in sheet[0]
    assert "Computer assistance" not in sheet[0]
    assert sheet[1].find("Not a diagnosis") < sheet[1].find("Lung opacity")
    for shown in ("82.7%", "Other chest finding", "7.2%", "Risk level", "High", "MobileNetV2 sample", "000000000000"):
        assert shown in sheet[1]


def test_every_page_carries_number_version_and_disclaimer_and_the_second_the_patient(sheet):
    for page in sheet:
        assert "SAMPLE-2026-0007 · Version 1 · Final" in page
        assert "does not replace an examination by a doctor" in page
    assert "Amina Sundaram · P-000123" in sheet[1]


def test_the_content_hash_is_printed_whole(amina, sheet):
    assert content_hash(amina) in sheet[0]


@pytest.mark.slow
def test_an_unsure_computer_makes_no_suggestion_and_the_doctors_own_reading_stands_above(unsure):
    first, second = pages(render(unsure))

    assert "This is the doctor's own reading." in first
    assert "Suggestion\nUncertain" in second
    assert "not sure enough" in second


def test_an_abstaining_computer_gives_its_reason_and_no_confidence(unsure):
    abstained = replace(unsure.assistance, label=None, confidence=0.0, abstention="The picture is too dark")
    second = pages(render(replace(unsure, assistance=abstained)))[1]

    assert "The picture is too dark" in second
    assert "Confidence" not in second
    assert "made no suggestion" in second


def test_a_computer_that_was_switched_off_leaves_no_empty_chart(unsure):
    off = replace(unsure.assistance, label=None, probabilities=(), heatmap=None, abstention="It is switched off")
    second = pages(render(replace(unsure, assistance=off)))[1]

    assert "Reason: It is switched off" in second
    assert "How likely" not in second
    assert "Dashed line" not in second


def test_a_class_that_is_never_sure_says_so_instead_of_a_threshold_of_100_percent(unsure):
    second = pages(render(replace(unsure, assistance=replace(unsure.assistance, threshold=1.0))))[1]

    assert "never sure" in second
    assert "100%" not in second
    assert "Dashed line" not in second


def test_absent_fields_leave_no_heading_behind(bare):
    text = Sheet("".join(pages(render(bare))))
    english = catalogue(Language.ENGLISH)
    absent = [
        *(english["identity"][key] for key in ("born", "sex")),
        *(
            english["examination"][key]
            for key in ("indication", "referrer", "technique", "quality", "received", "comparison")
        ),
        *(english["reading"][key] for key in ("impression", "recommendations")),
        *(english["computer"][key] for key in ("heading", "suggestion", "confidence")),
        *(english["prescription"][key] for key in ("drug", "dose", "frequency")),
    ]

    assert [heading for heading in absent if heading in text] == []
    assert "None" not in text
    assert "No medicine needed." in text


def test_a_prescription_typed_freely_is_a_list_without_empty_columns(amina):
    typed = PrescriptionSection(
        lines=(Medicine(drug="Paracetamol 650 mg at night"), Medicine(drug="Steam twice a day"))
    )
    first = pages(render(replace(amina, prescription=typed)))[0]

    assert "Paracetamol 650 mg at night" in first
    assert "Dose" not in first
    assert "How often" not in first


def test_a_long_prescription_begins_under_the_reading_and_leaves_no_page_half_empty(amina):
    typed = PrescriptionSection(lines=tuple(Medicine(drug=f"Medicine {number}") for number in range(40)))
    sheets = pages(render(replace(amina, prescription=typed)))

    assert "Recommendations" in sheets[0]
    assert "Medicine 9" in sheets[0]
    assert "Medicine 39" in sheets[1]


def test_line_breaks_stay_where_the_doctor_put_them(amina):
    typed = replace(amina.reading, findings="First line\nSecond line")
    text = PdfReader(BytesIO(render(replace(amina, reading=typed)))).pages[0].extract_text()

    assert re.search(r"First line\s*\n\s*Second line", text)


def test_long_findings_flow_on_and_lose_no_word(amina):
    sheets = pages(render(replace(amina, reading=replace(amina.reading, findings=LONG))))

    assert len(sheets) == 3
    assert Sheet("".join(sheets)).count("patchy") == 40


def test_a_draft_says_so_on_every_page_and_may_be_incomplete(amina):
    draft = replace(amina, doctor=None, administrator=None, prescription=None, reading=None, stamp=Stamp(draft=True))
    sheets = pages(render(draft))

    assert all("DRAFT" in page for page in sheets)
    assert not any("Final" in page for page in sheets)
    assert "Do not use for treatment" in sheets[0]
    assert sheets[0].count("Not yet signed") == 2


def test_a_preliminary_report_is_marked_on_every_page_and_needs_the_doctors_part_only(amina):
    early = replace(amina, status=ReportStatus.PRELIMINARY, pharmacist=None, administrator=None, prescription=None)
    sheets = pages(render(early))

    assert all("Version 1 · Preliminary" in page and page.count("Preliminary") > 1 for page in sheets)
    assert "Signed electronically" not in "".join(sheets)
    assert replace(early, doctor=None, reading=None).missing_parts() == ("doctor", "reading")


def test_an_incomplete_report_is_refused_with_the_names_of_what_lacks(amina):
    with pytest.raises(IncompleteReport) as refusal:
        render(replace(amina, administrator=None, prescription=None))

    assert refusal.value.args == ("administrator", "prescription")


def test_an_amended_version_gives_its_reason(amina):
    amended = replace(
        amina,
        version=2,
        status=ReportStatus.AMENDED,
        amendment=AmendmentSection(replaces=1, reason="The side was mixed up."),
    )
    first = pages(render(amended))[0]

    assert "Amended Version 2" in first
    assert "Version 1 was changed" in first
    assert "The side was mixed up." in first


@pytest.mark.parametrize("broken", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_a_broken_scan_stops_the_report(amina, broken):
    with pytest.raises(UnreadablePicture, match="scan"):
        render(replace(amina, scan=broken))


def test_half_a_jpeg_stops_the_report(amina):
    half = replace(amina.assistance, heatmap=amina.assistance.heatmap[: len(amina.assistance.heatmap) // 2])

    with pytest.raises(UnreadablePicture, match="heatmap"):
        render(replace(amina, assistance=half))


def test_the_file_is_a_tagged_pdf_a_with_title_language_and_author(amina):
    reader = PdfReader(BytesIO(render(replace(amina, language=Language.TAMIL, stamp=Stamp(draft=True)))))
    catalog = reader.trailer["/Root"]

    assert reader.metadata.title == "நெஞ்சு எக்ஸ்ரே அறிக்கை SAMPLE-2026-0007"
    assert reader.metadata.author == "Sample District Hospital"
    assert catalog["/Lang"] == "ta"
    assert catalog["/MarkInfo"]["/Marked"]
    assert b'pdfaid:part="3" pdfaid:conformance="B"' in catalog["/Metadata"].get_data()


def test_both_pictures_are_jpegs_and_the_file_stays_small(amina):
    pdf = render(amina)

    assert len(pdf) < 250_000
    assert [name.rpartition(".")[2] for name in pictures_in(pdf)] == ["jpg", "jpg"]


def drawn(kind: str, size: tuple[int, int], mode: str = "RGB") -> bytes:
    logo = BytesIO()
    Image.new(mode, size, "teal").save(logo, kind)
    return logo.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "size", "mode"),
    [("JPEG", (60, 40), "RGB"), ("PNG", (60, 40), "RGB"), ("PNG", (4000, 100), "RGBA"), ("PNG", (90, 3000), "LA")],
)
def test_a_logo_may_be_a_jpeg_or_a_png_of_any_shape_and_keeps_to_its_place(full, kind, size, mode):
    """The report grows by no page."""
    plain = len(pages(render(full)))
    pdf = render(replace(full, hospital=replace(full.hospital, logo=drawn(kind, size, mode))))

    assert len(pages(pdf)) == plain
    assert len(pictures_in(pdf)) == 3


def test_a_reason_without_a_date_has_no_dangling_comma(amina):
    first = pages(render(replace(amina, indication=Indication(symptoms="Cough"))))[0]

    assert "Reason for the scan Cough Technique" in first


def test_a_chest_report_names_no_class_of_hearts(sheet):
    assert not any("Diseased heart" in page for page in sheet)


def test_the_patients_page_shows_when_to_take_the_medicines_and_whom_to_call(full):
    dosage = Dosage(parts=(1, 0, 0, 1), amount=1, unit="tablet", times=2, days=5)
    prescribed = PrescriptionSection(lines=(Medicine(drug="Amoxicillin 500 mg", dosage=dosage),))
    first, *others = pages(render(replace(full, prescription=prescribed)))
    for shown in (
        "Your medicines",
        "Amoxicillin 500 mg",
        "Morning",
        "Night",
        "for 5 days",
        "Call the hospital: +91 452",
    ):
        assert shown in first
    assert any("Amoxicillin 500 mg" in page for page in others)
