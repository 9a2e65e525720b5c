"""Tamil and Hindi on the PDF, compared with approved pictures.

After an intended change `python tests/reports/pdf/test_report_rasters.py` redraws those in
`approved/`: look at them.
"""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.vocabulary import Language
from reports.content.sample import draw_heatmap, sample
from reports.pdf.html import compose
from reports.pdf.render import draw

APPROVED = Path(__file__).parent / "approved"
LINE = 0.15  # measured: smoothed otherwise 0.09, one vowel sign of Hindi lost 0.25, a wrong conjunct 0.79 and more
PAGE = 0.35  # at a low resolution: smoothed otherwise 0.20, the fonts' features off 0.66
LINES = {
    "ta": "க்ஷேத்திரம் ஸ்ரீ கொடி கோயில் கௌரி பூ மூச்சு நுரையீரல் ரூபாய் ஃ",
    "hi": "क्षेत्र विज्ञान श्री मात्रा कर्म द्धि राष्ट्र किताब हृदय फेफड़ों की जाँच",
}
LOST = {"ta": "ே", "hi": "े"}  # a vowel sign
VIRAMAS = {"ta": "\u0bcd", "hi": "\u094d"}
FEATURES = ("akhn", "rphf", "half", "blwf", "cjct", "pres", "abvs", "blws", "psts", "haln")
OFF = ", ".join(f"'{feature}' 0" for feature in FEATURES)
Gray = NDArray[np.uint8]

pytestmark = pytest.mark.needs("pdftoppm")


def raster(pdf: bytes, dpi: int, fine: int = 1) -> Gray:
    """The first page, white 255; drawn `fine` times as large and scaled down, so that it is smoothed differently."""
    command = ["pdftoppm", "-r", str(dpi * fine), "-gray", "-png", "-f", "1", "-l", "1", "-"]
    png = subprocess.run(command, input=pdf, capture_output=True, check=True).stdout
    drawn = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(cv2.resize(drawn, None, fx=1 / fine, fy=1 / fine, interpolation=cv2.INTER_AREA), np.uint8)


def line(lang: str, text: str, fine: int = 1, style: str = "") -> Gray:
    """The top of the paper, as wide as a page: one line of text, two at most."""
    written = f'<html lang={lang}><title>.</title><p style="font-size: 13pt; {style}">{text}</html>'
    return raster(draw(written, {}), 100, fine)[60:150]


def page(lang: str, fine: int = 1, style: str = "") -> Gray:
    """The doctor's page of the sample."""
    document = sample(datetime(2026, 11, 22, 9, 30, tzinfo=UTC), Language(lang))
    written = compose(document).replace("<body ", f'<body style="{style}" ')
    return raster(draw(written, {"scan": document.scan, "heatmap": draw_heatmap()}), 45, fine)


def apart(one: Gray, other: Gray) -> float:
    """The largest difference in ink within any window of a letter's size, as a share of the darkest window's ink."""
    height, width = np.minimum(one.shape, other.shape)  # the white edge may be a pixel wider
    first, second = (cv2.GaussianBlur(255.0 - picture[:height, :width], (0, 0), 1) for picture in (one, other))
    moved, ink = (cv2.boxFilter(field, -1, (12, 12)) for field in (np.abs(first - second), first))
    return float(moved.max() / ink.max())


def approved(name: str) -> Gray:
    return np.asarray(cv2.imread(str(APPROVED / f"{name}.png"), cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.mark.parametrize("fine", [1, 2, 3])
@pytest.mark.parametrize("lang", LINES)
def test_a_line_is_shaped_as_approved_whatever_the_smoothing(lang: str, fine: int) -> None:
    assert apart(approved(f"line-{lang}"), line(lang, LINES[lang], fine)) < LINE


@pytest.mark.slow
@pytest.mark.parametrize("fine", [1, 2, 3])
@pytest.mark.parametrize("lang", LINES)
def test_a_whole_page_stands_as_approved_whatever_the_smoothing(lang: str, fine: int) -> None:
    assert apart(approved(f"page-{lang}"), page(lang, fine)) < PAGE


WRONG: dict[str, Callable[[str], Gray]] = {
    "joiners forbidden": lambda lang: line(lang, LINES[lang].replace(VIRAMAS[lang], VIRAMAS[lang] + "\u200c")),
    "one virama on a dotted circle": lambda lang: line(lang, LINES[lang].replace(" ", f" {VIRAMAS[lang]}", 1)),
    "features off": lambda lang: line(lang, LINES[lang], style=f"font-feature-settings: {OFF}"),
    "one vowel sign lost": lambda lang: line(lang, LINES[lang].replace(LOST[lang], "", 1)),
}


@pytest.mark.parametrize("lang", LINES)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_shaping_is_seen(wrong: str, lang: str) -> None:
    """Shows that the tests above can fail."""
    assert apart(approved(f"line-{lang}"), WRONG[wrong](lang)) > LINE


@pytest.mark.slow
@pytest.mark.parametrize("lang", LINES)
def test_a_page_without_the_fonts_features_is_seen(lang: str) -> None:
    assert apart(approved(f"page-{lang}"), page(lang, style=f"font-feature-settings: {OFF}")) > PAGE


if __name__ == "__main__":
    APPROVED.mkdir(exist_ok=True)
    for lang, text in LINES.items():
        cv2.imwrite(str(APPROVED / f"line-{lang}.png"), line(lang, text))
        cv2.imwrite(str(APPROVED / f"page-{lang}.png"), page(lang))
