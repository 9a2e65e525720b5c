"""A question without whom it came from: names, addresses, numbers and whatever may be a password are left out."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from faq.words import LONGEST_QUESTION, normalise

GAP: Final = "…"
FEWEST_WORDS: Final = 2  # a single word is a name or a password as often as a question

_ADDRESSES: Final = re.compile(r"\S+@\S*|@\S+|(?:https?://|www\.)\S+", re.IGNORECASE)
_NUMBERS: Final = re.compile(r"[#+(]*\d(?:[\s().+/:-]*\d){2,}|#\s*\d+")
_MIXED: Final = re.compile(
    r"(?=[^\s-]*\d[^\s-]*\d)(?=[^\s-]*[^\W\d_])[^\s-]{5,}|[^\W\d]+\d[\d\w]*[^\W\d]|\S*(?:[!@#$%^&*_=+{}\\|~<>]\S*){2,}"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?[\u0900-\u0963\u0b82\u0bbe-\u0bcd\u0bd7\w]*")
_GAPS: Final = re.compile(rf"{GAP}(?:[\s,.]*{GAP})+")


def nameless(text: str, names: Iterable[str], is_known: Callable[[str], bool]) -> str | None:
    """The question without the given names, and without what looks like one: a word with a capital letter inside a
    sentence that nobody here knows. None: too little is left to be a question."""
    known_names = {word for name in names for word in normalise(name).split() if len(word) > 2}
    left = text[:LONGEST_QUESTION]
    for pattern in (_ADDRESSES, _MIXED, _NUMBERS):
        left = pattern.sub(GAP, left)
    left = _WORD.sub(lambda word: GAP if _is_name(word, known_names, is_known) else word[0], left)
    left = _GAPS.sub(GAP, " ".join(left.split()))
    return left if len(normalise(left).split()) >= FEWEST_WORDS else None


def unknown_words(text: str, is_known: Callable[[str], bool]) -> list[str]:
    """Words that may be somebody's name."""
    return [word for word in normalise(text).split() if len(word) > 2 and word.isalpha() and not is_known(word)]


def _is_name(word: re.Match[str], names: set[str], is_known: Callable[[str], bool]) -> bool:
    if set(normalise(word[0]).split()) & names:
        return True
    before = word.string[: word.start()].rstrip()
    inside = bool(before) and before[-1] not in ".!?"
    return inside and word[0][0].isupper() and not word[0].isupper() and not is_known(word[0])
