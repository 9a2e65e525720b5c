"""De-identification of a question: only known words are kept, everything else becomes a gap."""

import re
from collections.abc import Container, Iterable
from typing import Final

from faq.words import MAX_QUESTION, normalise

GAP: Final = "…"
FEWEST_WORDS: Final = 2  # a single word is a name or a password as often as a question

_ADDRESSES: Final = re.compile(r"\S+@\S*|@\S+|(?:https?://|www\.)\S+", re.IGNORECASE)
_NUMBERS: Final = re.compile(r"[#+(]*\d(?:[\s().+/:-]*\d){2,}|#\s*\d+")
_LETTERS: Final = "\\w\u0900-\u0963\u0b82\u0bbe-\u0bcd\u0bd7'’‘ʼ\u200c\u200d-"
_MIXED: Final = re.compile(rf"(?=[{_LETTERS}]*\d)(?=[{_LETTERS}]*[^\W\d])[{_LETTERS}]+")
_PIECES: Final = re.compile(rf"[{_LETTERS}]+|[^\s{_LETTERS}]+")
_PUNCTUATION: Final = frozenset(".,;:!?()/।…")
_GAPS: Final = re.compile(rf"{GAP}(?:[\s,.]*{GAP})+")


def deidentify(text: str, names: Iterable[str], kept: Container[str]) -> str | None:
    """The question with a gap for each word that is not among the kept ones, for these names, addresses and numbers.

    None when too little is left to be a question."""
    refused = {word for name in names for word in normalise(name).split() if len(word) > 2}
    left = text[:MAX_QUESTION]
    for pattern in (_ADDRESSES, _MIXED, _NUMBERS):
        left = pattern.sub(GAP, left)
    left = _PIECES.sub(lambda piece: _or_gap(piece[0], refused, kept), left)
    left = _GAPS.sub(GAP, " ".join(left.split()))
    return left if len(normalise(left).split()) >= FEWEST_WORDS else None


def _or_gap(piece: str, refused: set[str], kept: Container[str]) -> str:
    if _PUNCTUATION.issuperset(piece):
        return piece
    return piece if piece in kept and not refused.intersection(normalise(piece).split()) else GAP
