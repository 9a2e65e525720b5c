"""The three catalogues have the same keys, and the fonts can print them."""

from datetime import date, datetime
from importlib.resources import files
from io import BytesIO
from string import Formatter

import pytest
from fontTools.ttLib import TTFont

from models.vocabulary import Band, Language, Modality, ReportStatus, Risk, Sex
from reports.content.reading import Region
from reports.pdf.words import ReportTexts, catalogue

OTHERS = [Language.TAMIL, Language.HINDI]


def entries(language):
    return {f"{section}.{key}": text for section, keys in catalogue(language).items() for key, text in keys.items()}


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_keys_and_placeholders(language):
    english, other = entries(Language.ENGLISH), entries(language)

    assert other.keys() == english.keys()
    assert {key: placeholders(text) for key, text in other.items()} == {
        key: placeholders(text) for key, text in english.items()
    }


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_was_left_in_english(language):
    english, other = entries(Language.ENGLISH), entries(language)

    assert [key for key in english if english[key] == other[key]] == []
    assert [key for key, text in other.items() if text.isascii()] == []


@pytest.mark.parametrize("language", Language)
def test_every_value_that_a_report_can_hold_has_its_word(language):
    words = catalogue(language)

    assert {*ReportStatus} == {*words["status"]}
    assert {*Region} == {*words["region"]}
    assert {*Risk} - {Risk.UNCLEAR} == {*words["risk"]}
    assert {*Modality} == {*words["modality"]}
    assert {*Sex} - {Sex.UNKNOWN} == {*words["sex"]}
    assert {*Band} <= {*words["summary"]}
    assert {"COVID", "Lung_Opacity", "NIH_MERGED", "Normal", "Sick", "Viral_Pneumonia"} == {*words["label"]}


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
def test_the_shipped_fonts_hold_every_character_of_every_catalogue(weight):
    folder = files("reports") / "fonts"
    names = ("NotoSans", "NotoSansTamil", "NotoSansDevanagari")
    fonts = [TTFont(BytesIO((folder / f"{name}-{weight}.woff2").read_bytes())) for name in names]
    held = {code for font in fonts for code in font.getBestCmap()}
    characters = {ord(letter) for language in Language for text in entries(language).values() for letter in text}

    assert {chr(code) for code in characters - held} == set()


def test_a_page_counter_comes_before_the_number_of_pages_in_every_language():
    for language in Language:
        text = catalogue(language)["foot"]["page"]
        assert 0 <= text.index("{page}") < text.index("{pages}")


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "12 March 1978", "22 Nov 2026, 15:00"),
        ("ta", "12 மார்ச் 1978", "22 நவ. 2026, 15:00"),
        ("hi", "12 मार्च 1978", "22 नव॰ 2026, 15:00"),
    ],
)
def test_dates_are_written_as_the_language_writes_them_by_the_clinics_clock(language, day, moment, now: datetime, zone):
    words = ReportTexts(Language(language), zone)

    assert words.day(date(1978, 3, 12)) == day
    assert words.moment(now) == moment
    assert words.offset(now) == "+05:30"


@pytest.mark.parametrize(
    ("share", "shown"), [(0.7499, "74.9%"), (0.75, "75.0%"), (0.29, "29.0%"), (1.0, "100.0%"), (0.0, "0.0%")]
)
def test_a_share_is_cut_so_that_it_never_reads_as_more_than_it_is(share, shown, zone):
    assert ReportTexts(Language.ENGLISH, zone).percent(share) == shown


def test_a_class_that_nobody_translated_is_shown_as_the_model_calls_it(zone):
    assert ReportTexts(Language.HINDI, zone).label("New_Finding") == "New Finding"
