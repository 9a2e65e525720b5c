"""De-identification of a question: names, addresses, numbers and possible passwords are replaced by a gap."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from faq.words import MAX_QUESTION, normalise

GAP: Final = "…"
FEWEST_WORDS: Final = 2  # a single word is a name or a password as often as a question

_ADDRESSES: Final = re.compile(r"\S+@\S*|@\S+|(?:https?://|www\.)\S+", re.IGNORECASE)
_NUMBERS: Final = re.compile(r"[#+(]*\d(?:[\s().+/:-]*\d){2,}|#\s*\d+")
_MIXED: Final = re.compile(
    r"(?=[^\s-]*\d[^\s-]*\d)(?=[^\s-]*[^\W\d_])[^\s-]{5,}|[^\W\d]+\d[\d\w]*[^\W\d]|\S*(?:[!@#$%^&*_=+{}\\|~<>]\S*){2,}"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?[\u0900-\u0963\u0b82\u0bbe-\u0bcd\u0bd7\w]*")
_GAPS: Final = re.compile(rf"{GAP}(?:[\s,.]*{GAP})+")


def deidentify(text: str, names: Iterable[str], is_known: Callable[[str], bool]) -> str | None:
    """The question without the given names, addresses and numbers, and without unknown capitalised words inside a
    sentence. None when too little is left to be a question."""
    known_names = {word for name in names for word in normalise(name).split() if len(word) > 2}
    left = text[:MAX_QUESTION]
    for pattern in (_ADDRESSES, _MIXED, _NUMBERS):
        left = pattern.sub(GAP, left)
    left = _WORD.sub(lambda word: GAP if _is_name(word, known_names, is_known) else word[0], left)
    left = _GAPS.sub(GAP, " ".join(left.split()))
    return left if len(normalise(left).split()) >= FEWEST_WORDS else None


def unknown_words(text: str, is_known: Callable[[str], bool]) -> list[str]:
    """Unknown words, each of which may be a name."""
    words = normalise(text[:MAX_QUESTION]).split()
    return [word for word in words if len(word) > 2 and word.isalpha() and not is_known(word)]


def _is_name(word: re.Match[str], names: set[str], is_known: Callable[[str], bool]) -> bool:
    if set(normalise(word[0]).split()) & names:
        return True
    before = word.string[: word.start()].rstrip()
    inside = bool(before) and before[-1] not in ".!?"
    return inside and word[0][0].isupper() and not word[0].isupper() and not is_known(word[0])
