"""How a medicine is taken, by pictures of the day with a text alternative and in the patient's words."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from models.vocabulary import Language
from reports.content.canonical import canonical, content_hash
from reports.content.document import Document, Dosage, Medicine, PrescriptionSection
from reports.pdf.dosage import DosageTexts
from reports.pdf.html import compose
from reports.pdf.render import render
from reports.pdf.words import ReportTexts
from tests.support.pdf import pages

TWICE = Dosage(parts=(1, 0, 0, 1), amount=1, unit="tablet", times=2, days=5, route="oral", food="after")
SAID = {
    Language.ENGLISH: ["1 tablet, 2 times a day", "by mouth, after food", "for 5 days"],
    Language.TAMIL: ["1 மாத்திரை, ஒரு நாளில் 2 முறை", "வாய்வழியாக, உணவுக்குப் பின்", "5 நாள்"],
    Language.HINDI: ["1 गोली, दिन में 2 बार", "मुँह से, खाने के बाद", "5 दिन"],
}
WORDS = [
    (Dosage(amount=2, unit="tablet", as_needed=True, times=3), ["2 tablets, only if needed, 3 times a day"]),
    (Dosage(amount=1, unit="tablet", hours=6, times=4, days=1), ["1 tablet, every 6 hours", "for 1 day"]),
    (Dosage(amount=2.5, unit="mg", times=0.143), ["2.5 mg, once a week"]),
    (Dosage(amount=1, unit="g", single=True), ["1 g, one single time"]),
    (Dosage(amount=0.5, unit="tablet", times=1), ["½ tablet, once a day"]),
]


def _with(document: Document, *lines: Medicine) -> Document:
    return replace(document, prescription=PrescriptionSection(lines=lines))


def _alternatives(pdf: bytes) -> list[str]:
    """The text alternatives of all figures, in the order of the structure tree."""
    found: list[str] = []

    def walk(node: object) -> None:
        node = node.get_object() if isinstance(node, IndirectObject) else node
        if isinstance(node, ArrayObject):
            for kid in node:
                walk(kid)
        elif isinstance(node, DictionaryObject):
            if node.get("/S") == "/Figure" and "/Alt" in node:
                found.append(str(node["/Alt"]))
            walk(node.get("/K"))

    walk(PdfReader(BytesIO(pdf)).trailer["/Root"]["/StructTreeRoot"])
    return found


@pytest.mark.parametrize("language", Language)
def test_how_a_line_is_taken_is_said_in_the_patients_language(language: Language, amina: Document) -> None:
    assert DosageTexts(ReportTexts(language, amina.zone)).words(TWICE) == SAID[language]


@pytest.mark.parametrize(("dosage", "said"), WORDS)
def test_what_has_no_picture_is_said_in_words(dosage: Dosage, said: list[str], amina: Document) -> None:
    assert DosageTexts(ReportTexts(Language.ENGLISH, amina.zone)).words(dosage) == said
    assert 'class="day' not in compose(_with(amina, Medicine(drug="Dolo", dosage=dosage)))


def test_each_picture_has_its_text_alternative(amina: Document) -> None:
    found = _alternatives(render(_with(amina, Medicine(drug="Dolo 650", dosage=TWICE))))
    assert [one for one in found if re.match("Morning|Noon|Evening|Night", one)] == [
        "Morning: 1 tablet",
        "Noon: none",
        "Evening: none",
        "Night: 1 tablet",
    ]


def test_a_measured_amount_is_never_printed_as_a_number_of_tablets(amina: Document) -> None:
    spoon = Dosage(parts=(5, 0, 0, 5), amount=5, unit="ml", times=2)
    assert compose(_with(amina, Medicine(drug="Syrup", dosage=spoon))).count("<br>5 ml</td>") == 2


@pytest.mark.slow
def test_a_ready_line_keeps_its_own_words_beside_the_picture(amina: Document) -> None:
    ready = Medicine(drug="Amoxicillin 500 mg", frequency="3 times a day", duration="7 days", dosage=TWICE)
    first = "".join(pages(render(_with(amina, ready))))
    assert "3timesaday,7days" in first
    assert "2timesaday" not in first


def test_a_line_that_was_not_read_stays_as_text_and_says_so(amina: Document) -> None:
    first = "".join(pages(render(_with(amina, Medicine(drug="Zyxoflurane 20 od", by_hand=True)))))
    assert "Zyxoflurane20od" in first
    assert "aswrittenbyhand" in first


def test_the_dosage_is_content_and_its_absence_changes_no_older_hash(amina: Document) -> None:
    plain, dosed = _with(amina, Medicine(drug="Dolo")), _with(amina, Medicine(drug="Dolo", dosage=TWICE))
    assert b'"lines":[{"drug":"Dolo"}]' in canonical(plain)
    more = replace(TWICE, parts=(1, 0, 0, 2))
    hashes = {content_hash(one) for one in (plain, dosed, _with(amina, Medicine(drug="Dolo", dosage=more)))}
    assert len(hashes) == 3
