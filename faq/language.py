"""Which language a text is in: by its script, and in Latin letters by its words."""

from collections.abc import Iterable, Mapping
from typing import Final

from faq.words import sound, tokens

SCRIPTS: Final = {"ta": ("\u0b80", "\u0bff"), "hi": ("\u0900", "\u097f")}
ENDINGS: Final = {
    "ta": ("uthu", "udhu", "athu", "anum", "anga", "inga", "uku", "ukku", "uchu", "oren", "aru", "aran", "uran", "ala"),
    "hi": ("unga", "enge", "egi", "ega", "iye", "kar", "ata", "ati"),
}
DEFAULT: Final = "en"


def script_language(text: str) -> str | None:
    """The language whose script most letters belong to; None for Latin letters alone."""
    counts = {name: sum(first <= c <= last for c in text) for name, (first, last) in SCRIPTS.items()}
    name = max(counts, key=lambda n: counts[n])
    return name if counts[name] else None


class Ear:
    """Tells Latin-letter Tamil and Hindi from English by the words and endings that only one of them uses."""

    def __init__(self, texts: Mapping[str, Iterable[str]]) -> None:
        """`texts`: whatever is known of each language."""
        words = {name: {w for text in spoken for w in tokens(text) if w.isascii()} for name, spoken in texts.items()}
        self._english = words.pop(DEFAULT, set())
        self._own = {name: _without(said, [o for n, o in words.items() if n != name]) for name, said in words.items()}
        self._heard = {name: {sound(word) for word in own if len(word) > 4} for name, own in self._own.items()}

    def language(self, text: str) -> str:
        """The language of the script, else the one that half of the words have that are not English.

        A quarter of all words is enough ("password change pannanum"): English words are at home in all three.
        """
        if named := script_language(text):
            return named
        spoken = tokens(text)
        strange = [word for word in spoken if word not in self._english]
        counts = {name: sum(self._is_of(name, word) for word in strange) for name in self._own}
        most = max(counts, key=lambda n: counts[n], default=DEFAULT)
        enough = max(len(strange) / 2, len(spoken) / 4, 1)
        return most if counts.get(most, 0) >= enough else DEFAULT

    def _is_of(self, name: str, word: str) -> bool:
        if word in self._own[name] or (len(word) > 4 and sound(word) in self._heard[name]):
            return True
        return len(word) > 5 and word.endswith(ENDINGS.get(name, ()))


def _without(words: set[str], others: Iterable[set[str]]) -> set[str]:
    return words.difference(*others) if others else words
