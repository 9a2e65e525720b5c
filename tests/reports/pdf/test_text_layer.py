"""Programs that read a report aloud, search or copy it find the words that stand on its pages, in each script."""

import re
import subprocess
from collections import Counter
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from models.vocabulary import Language
from reports.content.document import Document
from reports.pdf.html import compose
from reports.pdf.render import draw, render

pytestmark = pytest.mark.needs("pdftotext")
NOT_SHOWN = re.compile(r"<(head|style|title)\b.*?</\1>|<[^>]+>", re.DOTALL)
INDIC = re.compile(r"[\u0900-\u0dff]")
NAME = "லக்ஷ்மி श्रीकृष्ण கௌரி"


def words(text: str) -> Counter[str]:
    """Words with a letter of an Indic script, without the signs around them."""
    return Counter(word.strip(".,;:()·–—-|“”/?!") for word in text.split() if INDIC.search(word))


def extracted(pdf: bytes, folder: Path) -> str:
    """The text of the PDF as `pdftotext` finds it."""
    (folder / "report.pdf").write_bytes(pdf)
    command = ["pdftotext", "-layout", str(folder / "report.pdf"), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # a fixed program


@pytest.mark.slow
@pytest.mark.parametrize("language", [Language.TAMIL, Language.HINDI])
def test_the_text_of_the_pdf_is_the_text_of_its_pages_word_by_word(
    full: Document, language: Language, tmp_path: Path
) -> None:
    document = replace(full, language=language, patient=replace(full.patient, name=NAME))
    written = words(unescape(NOT_SHOWN.sub(" ", compose(document))))
    found = words(extracted(render(document), tmp_path))
    assert len(written) > 100
    assert {word: count for word, count in written.items() if found[word] < count} == {}
    assert set(found) - set(written) == set()


@pytest.mark.parametrize(
    "text", ["பொருட்கள் கொடுங்கள்", "रिपोर्ट में हृदय की स्थिति", "(கை) \\ 5 mg", "க்‌ஷ क्‍ष", "श्री 108 தமிழ் mixed हिंदी"]
)
def test_hard_syllables_and_mixed_scripts(text: str, tmp_path: Path) -> None:
    pdf = draw(f"<html lang=ta><title>.</title><p>{text}</p></html>", {})
    assert extracted(pdf, tmp_path).split() == text.split()
