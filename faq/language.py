"""Language detection: by script, and for Latin letters by words and endings."""

from collections.abc import Iterable, Mapping
from typing import Final

from faq.words import phonetic_key, tokens

SCRIPTS: Final = {"ta": ("\u0b80", "\u0bff"), "hi": ("\u0900", "\u097f")}
ENDINGS: Final = {
    "ta": ("uthu", "udhu", "athu", "anum", "anga", "inga", "uku", "ukku", "uchu", "oren", "aru", "aran", "uran", "ala"),
    "hi": ("unga", "enge", "egi", "ega", "iye", "kar", "ata", "ati"),
}
DEFAULT: Final = "en"


def script_language(text: str) -> str | None:
    """The language whose script most letters belong to; None when all letters are Latin."""
    counts = {name: sum(first <= c <= last for c in text) for name, (first, last) in SCRIPTS.items()}
    name = max(counts, key=lambda n: counts[n])
    return name if counts[name] else None


class LanguageDetector:
    """Separates romanised Tamil and Hindi from English by the words and endings that only one of them uses."""

    def __init__(self, texts: Mapping[str, Iterable[str]]) -> None:
        """`texts` holds all known texts of each language code."""
        words = {name: {w for text in spoken for w in tokens(text) if w.isascii()} for name, spoken in texts.items()}
        self._english = words.pop(DEFAULT, set())
        self._own = {name: _without(said, [o for n, o in words.items() if n != name]) for name, said in words.items()}
        self._phonetic = {
            name: {phonetic_key(word) for word in own if len(word) > 4} for name, own in self._own.items()
        }

    def detect(self, text: str) -> str:
        """The language of the script, else the one that half of the non-English words belong to.

        A quarter of all words is enough ("password change pannanum"): all three languages use English words.
        """
        if by_script := script_language(text):
            return by_script
        words = tokens(text)
        foreign = [word for word in words if word not in self._english]
        counts = {name: sum(self._is_of(name, word) for word in foreign) for name in self._own}
        most = max(counts, key=lambda n: counts[n], default=DEFAULT)
        enough = max(len(foreign) / 2, len(words) / 4, 1)
        return most if counts.get(most, 0) >= enough else DEFAULT

    def _is_of(self, name: str, word: str) -> bool:
        if word in self._own[name] or (len(word) > 4 and phonetic_key(word) in self._phonetic[name]):
            return True
        return len(word) > 5 and word.endswith(ENDINGS.get(name, ()))


def _without(words: set[str], others: Iterable[set[str]]) -> set[str]:
    return words.difference(*others) if others else words
