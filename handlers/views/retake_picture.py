"""Two small pictures, drawn here, that show a good and a bad photograph of a film."""

from functools import cache
from io import BytesIO
from math import cos, pi, sin
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from handlers.ui.texts import Texts

SIDE: Final = 320  # pixels of one of the two squares
LABEL: Final = 56  # pixels of the strip below it
FILM: Final = (200, 240)  # pixels
FONTS: Final = Path(__file__).parents[2] / "reports" / "fonts"
FONT_OF: Final = {"ta": "NotoSansTamil-Bold.woff2", "hi": "NotoSansDevanagari-Bold.woff2"}
LATIN: Final = "NotoSans-Bold.woff2"
LIGHT, DARK, GOOD, BAD, INK = "#f4f7fb", "#2b2b30", "#1b7f3b", "#b3261e", "#1b1b1f"


def how_to_photograph(texts: Texts) -> bytes:
    """A PNG of both photographs, with labels in the reader's language."""
    return draw(texts.plain("retake.good"), texts.plain("retake.bad"), texts.language)


@cache
def draw(good: str, bad: str, language: str) -> bytes:
    """A PNG of both photographs side by side, with a tick and a cross and these labels in `language`."""
    picture = Image.new("RGB", (2 * SIDE, SIDE + LABEL), "white")
    font = ImageFont.truetype(FONTS / FONT_OF.get(language, LATIN), 21)
    for at, photograph, label, colour in ((0, _good(), good, GOOD), (SIDE, _bad(), bad, BAD)):
        picture.paste(photograph, (at, 0))
        pen = ImageDraw.Draw(picture)
        pen.rectangle((at, 0, at + SIDE - 1, SIDE + LABEL - 1), outline=colour, width=5)
        pen.text((at + 72, SIDE + LABEL // 2), label, font=font, fill=INK, anchor="lm")
        _sign(pen, at + 40, SIDE + LABEL // 2, colour, right=colour is GOOD)
    written = BytesIO()
    picture.quantize(64).save(written, "PNG", optimize=True)
    return written.getvalue()


def _sign(pen: ImageDraw.ImageDraw, x: int, y: int, colour: str, *, right: bool) -> None:
    """A tick, or a cross."""
    strokes = [((-14, 0), (-4, 12), (16, -14))] if right else [((-12, -12), (12, 12)), ((-12, 12), (12, -12))]
    for stroke in strokes:
        pen.line([(x + dx, y + dy) for dx, dy in stroke], fill=colour, width=7, joint="curve")


def _good() -> Image.Image:
    """The whole film, straight, against a bright window."""
    photograph = Image.new("RGB", (SIDE, SIDE), LIGHT)
    photograph.paste(_film(), ((SIDE - FILM[0]) // 2, (SIDE - FILM[1]) // 2))
    return photograph


def _bad() -> Image.Image:
    """A film on a dark table: tilted, cut off, blurred, with the light of a flash on it."""
    photograph = Image.new("RGB", (SIDE, SIDE), DARK)
    film = _film().convert("RGBA").rotate(24, expand=True, resample=Image.Resampling.BICUBIC)
    photograph.paste(film, (70, 60), film)
    flash = Image.new("RGBA", (SIDE, SIDE))
    ImageDraw.Draw(flash).ellipse((150, 90, 260, 200), fill=(255, 255, 255, 230))
    flash = flash.filter(ImageFilter.GaussianBlur(14))
    photograph.paste(flash, (0, 0), flash)
    return photograph.filter(ImageFilter.GaussianBlur(2))


def _film() -> Image.Image:
    """A chest in a few strokes: lungs, ribs, spine and heart."""
    width, height = FILM
    film = Image.new("RGB", FILM, "#15181d")
    pen = ImageDraw.Draw(film)
    pen.ellipse((18, 16, width - 18, height - 6), fill="#8d949d")
    for left in (42, 108):
        pen.ellipse((left, 38, left + 50, 190), fill="#30363d")
    for number in range(6):
        for side in (-1, 1):
            steps = [pi * one / 12 for one in range(13)]
            arch = [
                (width / 2 + side * (6 + 62 * sin(one / 2)), 46 + 24 * number + 12 * (1 - cos(one))) for one in steps
            ]
            pen.line(arch, fill="#6b737c", width=4)
    pen.line((width / 2, 14, width / 2, height - 10), fill="#c9ced4", width=12)
    pen.ellipse((84, 118, 146, 190), fill="#b7bdc4")
    return film
