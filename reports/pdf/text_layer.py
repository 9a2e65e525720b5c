"""Gives the PDF's text in Indic scripts as it is written: shaped glyphs do not tell their letters.

A glyph may stand for several letters, stand before the letter that it follows, or be shared by words; the mapping from
glyphs to letters (ToUnicode) cannot hold that. Each line of such text is marked with its letters instead (`ActualText`,
ISO 32000-1 section 14.9.4), which text extraction, search and screen readers take."""

import re
from typing import Any, Final

from weasyprint.draw import text as drawing

SHAPED: Final = re.compile(r"[\u0900-\u0dff\u200c\u200d]")  # scripts of India and their joiners
draw_glyphs = drawing.draw_first_line


def draw_with_letters(stream: Any, textbox: Any, *options: Any) -> Any:  # noqa: ANN401  # WeasyPrint carries no types
    """Draw a line of text as WeasyPrint does; where its script is shaped, mark it with its letters."""
    if not SHAPED.search(textbox.text):
        return draw_glyphs(stream, textbox, *options)
    letters = textbox.text.encode("utf-16-be").hex()
    stream.begin_marked_content("Span", f"<</ActualText <feff{letters}>>>".encode())
    emojis = draw_glyphs(stream, textbox, *options)
    stream.end_marked_content()
    return emojis


def install() -> None:
    """Make WeasyPrint draw with letters, in this process. Idempotent."""
    drawing.draw_first_line = draw_with_letters
