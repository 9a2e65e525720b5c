"""Words that somebody else reads: what is invisible, turns text round or begins a line of its own is taken out."""

from typing import Final
from unicodedata import category

JOINERS: Final = "\u200c\u200d"  # zero-width non-joiner and joiner
LINE_MARK: Final = " / "  # between what was typed in several lines


def visible(text: str) -> str:
    """The text in one line, without controls, direction overrides and other invisible signs; joiners stay, which Indic
    letters need."""
    kept = (one for one in text if one in JOINERS or one.isspace() or category(one)[0] != "C")
    return " ".join("".join(kept).split())


def one_line(text: str) -> str:
    """A patient's words, visible and in one line: a line of their own could look like one of the bot's or of staff."""
    return LINE_MARK.join(filter(None, map(visible, text.splitlines())))
