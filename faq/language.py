"""Which language a text is in: by its script, and in Latin letters by its words."""

from collections.abc import Iterable, Mapping
from typing import Final

from faq.words import sound, tokens

SCRIPTS: Final = {"ta": ("\u0b80", "\u0bff"), "hi": ("\u0900", "\u097f")}
DEFAULT: Final = "en"


def script_language(text: str) -> str | None:
    """The language whose script most letters belong to; None for Latin letters alone."""
    counts = {name: sum(first <= c <= last for c in text) for name, (first, last) in SCRIPTS.items()}
    name = max(counts, key=lambda n: counts[n])
    return name if counts[name] else None


class Ear:
    """Tells Latin-letter Tamil and Hindi from English by words that only one of them uses."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        heard = {
            name: {sound(w) for text in texts for w in tokens(text) if w.isascii()} for name, texts in phrases.items()
        }
        self._own = {
            name: sounds.difference(*(others for other, others in heard.items() if other != name))
            for name, sounds in heard.items()
        }

    def language(self, text: str) -> str:
        """The language of the script, else the one with the most words of its own in the text, English on a draw."""
        if named := script_language(text):
            return named
        heard = [sound(word) for word in tokens(text)]
        counts = {name: sum(word in own for word in heard) for name, own in self._own.items()}
        most = max(counts.values(), default=0)
        return DEFAULT if counts.get(DEFAULT, 0) == most else max(counts, key=lambda n: counts[n])
