"""Word families: words of all languages that mean the same at a scan desk."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from faq.words import phonetic_key, stem, tokens

Families = Mapping[str, Mapping[str, Sequence[str]]]  # kind -> family -> members

TYPO_SIMILARITY: Final = 0.8  # one letter wrong in five, or one of five left out
MIN_TYPO_LENGTH: Final = 4
OFF_TOPIC: Final = "foreign"  # kind whose words are found as they stand alone: else "move" is off-topic for "movie"
MAX_NAME_WORDS: Final = 5  # words in the longest member ("log in", "what are you able to")


class Word(NamedTuple):
    """A word of a question: its family (or its stem, when it is in none) and the confidence of that match (0–1)."""

    family: str
    confidence: float
    is_known: bool


class Lexicon:
    """Finds the family of a word: exact, by prefix ("upload*"), by stem, by phonetic key, then by edit distance."""

    def __init__(self, kinds: Families) -> None:
        self._families = kinds
        self.phrases: dict[str, frozenset[str]] = {}  # families of phrases, kept by the index
        self._kinds = {family: kind for kind, families in kinds.items() for family in families}
        self._whole: dict[tuple[str, ...], str] = {}
        self._beginnings: dict[str, str] = {}
        self._name_beginnings: dict[tuple[str, ...], dict[str, str]] = {}
        self._stems: dict[str, str] = {}
        self._by_phonetic_key: dict[str, str] = {}
        for families in kinds.values():
            for family, members in families.items():
                for member in members:
                    self._add(family, member)
        self._beginning_lengths = sorted({len(b) for b in self._beginnings}, reverse=True)
        self._spellings: dict[str, list[str]] = {}
        single = {word[0]: family for word, family in self._whole.items() if len(word) == 1}
        for spelling, family in {**self._beginnings, **single}.items():
            if self._kinds[family] != OFF_TOPIC:
                self._spellings.setdefault(spelling[0], []).append(spelling)
        self._find_cached = lru_cache(maxsize=4096)(self._find)

    def _add(self, family: str, member: str) -> None:
        words = tuple(tokens(member))
        if member.endswith("*"):
            ends = self._name_beginnings.setdefault(words[:-1], {}) if words[1:] else self._beginnings
            ends.setdefault(words[-1], family)
        self._whole.setdefault(words, family)
        if len(words) == 1:
            self._stems.setdefault(stem(words[0]), family)
            if words[0].isascii() and len(words[0]) >= MIN_TYPO_LENGTH and self._kinds[family] != OFF_TOPIC:
                self._by_phonetic_key.setdefault(phonetic_key(words[0]), family)

    @property
    def families(self) -> Families:
        """The families that this lexicon was built from."""
        return self._families

    def kind(self, family: str) -> str | None:
        return self._kinds.get(family)

    def words(self, text: str) -> list[Word]:
        """The words of a text in order; names of several words ("log in") count as one."""
        texts, found, at = tokens(text), [], 0
        while at < len(texts):
            size, word = self._longest_name(texts, at) or (1, self._find_cached(texts[at]))
            found.append(word)
            at += size
        return found

    def _longest_name(self, texts: list[str], at: int) -> tuple[int, Word] | None:
        for size in range(min(MAX_NAME_WORDS, len(texts) - at), 0, -1):
            name = tuple(texts[at : at + size])
            if family := self._whole.get(name) or self._find_name_by_prefix(name):
                return size, Word(family, 1.0, True)
        return None

    def _find_name_by_prefix(self, name: tuple[str, ...]) -> str | None:
        ends = self._name_beginnings.get(name[:-1], {})
        return next((family for end, family in ends.items() if name[-1].startswith(end)), None)

    def is_spelt(self, word: str) -> bool:
        """Whether one word is a member, a form of one or begins with one, without guessing at its spelling."""
        found = tokens(word)
        return tuple(found) in self._whole or (len(found) == 1 and self._find_spelt(found[0]) is not None)

    def _find_spelt(self, word: str) -> str | None:
        return self._whole.get((stem(word),)) or self._stems.get(stem(word)) or self._find_by_prefix(word)

    def _find(self, word: str) -> Word:
        if family := self._find_spelt(word):
            return Word(family, 1.0, True)
        if (
            word.isascii()
            and (family := self._by_phonetic_key.get(phonetic_key(word)))
            and len(word) >= MIN_TYPO_LENGTH
        ):
            return Word(family, 0.95, True)
        return self._find_by_typo(word) or Word(stem(word), 1.0, False)

    def _find_by_prefix(self, word: str) -> str | None:
        for length in self._beginning_lengths:
            if family := self._beginnings.get(word[:length]):
                return family
        return None

    def _find_by_typo(self, word: str) -> Word | None:
        """The nearest known spelling with the same first letter; short words and numbers are never corrected."""
        if len(word) < MIN_TYPO_LENGTH or word.isdigit():
            return None
        near = process.extractOne(
            word,
            self._spellings.get(word[0], ()),
            scorer=DamerauLevenshtein.normalized_similarity,
            score_cutoff=TYPO_SIMILARITY,
        )
        if near is None or len(near[0]) <= MIN_TYPO_LENGTH:
            return None
        family = self._whole.get((near[0],)) or self._beginnings[near[0]]
        return Word(family, near[1], True)


def words_beside(lexicon: Lexicon, families: Families) -> list[str]:
    """The single words of these families that the lexicon does not know as they are spelt."""
    known = (m.rstrip("*") for of in families.values() for members in of.values() for m in members)
    return [word for word in known if " " not in word and not lexicon.is_spelt(word)]


def read_words(folder: Path) -> dict[str, list[str]]:
    """All members by language code, without the star of a prefix."""
    words: dict[str, list[str]] = {}
    for file in sorted(folder.glob("*.toml")):
        kinds = tomllib.loads(file.read_text(encoding="utf-8")).values()
        words[file.stem] = [m.rstrip("*") for families in kinds for members in families.values() for m in members]
    return words


def read_families(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Members by kind and family, all languages together: a question in one language may borrow words of another."""
    kinds: dict[str, dict[str, list[str]]] = {}
    for file in sorted(folder.glob("*.toml")):
        for kind, families in tomllib.loads(file.read_text(encoding="utf-8")).items():
            for family, members in families.items():
                kinds.setdefault(kind, {}).setdefault(family, []).extend(members)
    return kinds
