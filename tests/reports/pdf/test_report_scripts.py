"""Tamil and Hindi are shaped, not drawn letter by letter; checked on the glyphs."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from reports.pdf.render import draw, render

ZWNJ = "\u200c"


def glyphs(word: str, lang: str = "en") -> list[int]:
    """The ids of the glyphs that a word is drawn with, in one font."""
    pdf = draw(f"<html lang={lang}><title>.</title><p>{word}</p></html>", {})
    stream = PdfReader(BytesIO(pdf)).pages[0].get_contents().get_data()
    drawn = b"".join(re.findall(rb"<([0-9a-fA-F]+)>", re.sub(rb"/ActualText <\w+>", b"", stream)))
    return [int(drawn[at : at + 4], 16) for at in range(0, len(drawn), 4)]


@pytest.mark.parametrize("conjunct", ["க்ஷ", "ஸ்ரீ", "क्ष", "त्र", "ज्ञ", "द्ध", "ट्र"])
def test_a_conjunct_is_one_glyph_even_in_an_english_report(conjunct):
    [glyph] = glyphs(conjunct)

    assert glyph != 0


@pytest.mark.parametrize("conjunct", ["க்ஷ", "क्ष", "द्ध"])
def test_a_joiner_forbidden_splits_the_conjunct_so_that_the_test_above_can_fail(conjunct):
    split = conjunct[:2] + ZWNJ + conjunct[2:]

    assert len(glyphs(split)) > 1


@pytest.mark.parametrize(("syllable", "left"), [("கொ", "கெ"), ("கோ", "கே"), ("கௌ", "கெ")])
def test_a_tamil_vowel_stands_on_both_sides_of_its_letter(syllable, left):
    drawn = glyphs(syllable)

    assert len(drawn) == 3
    assert drawn[:2] == glyphs(left)


def test_a_hindi_short_i_is_drawn_before_the_letter_that_it_follows_in_writing():
    ka = glyphs("क")

    assert glyphs("कि")[-1:] == ka
    assert glyphs("की")[:1] == ka


@pytest.mark.parametrize("sign", ["≤", "≥", "≈", "→", "°", "µ", "½", "₹", "β", "é", "ṭ"])
def test_signs_that_doctors_write_are_in_the_fonts(sign):
    assert 0 not in glyphs(sign)


def test_a_patients_name_in_any_of_the_three_scripts_uses_the_shipped_fonts_only(amina):
    named = replace(amina, patient=replace(amina.patient, name="லக்ஷ்மி स्त्री Müller"))
    fonts = {
        str(font["/BaseFont"])
        for page in PdfReader(BytesIO(render(named))).pages
        for font in (entry.get_object() for entry in page["/Resources"]["/Font"].values())
    }

    assert fonts
    assert all("+Report" in name for name in fonts), fonts
