"""Words of an unanswered question that may be kept: none of them is a name or an illness."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from faq.lexicon import Families
from faq.words import normalise, stem, tokens

MIN_BEGINNING: Final = 3  # letters of a beginning in an Indian script, which takes listed endings only
LETTERS_ALONE: Final = frozenset("iau")  # other single letters may spell a word


class KeptWords:
    """Words of the scan desk and of every day, found exactly, by their English stem, or inflected in Indian scripts."""

    def __init__(self, families: Families, choice: dict[str, Any]) -> None:
        """`choice` is the content of `kept_words.toml`."""
        private = set(choice["private"]["families"])
        members = [(m, name in private) for kind in families.values() for name, of in kind.items() for m in of]
        everyday = [word for words in choice["everyday"].values() for word in words]
        refused = {word for m, is_private in members if is_private for word in _single(m)}
        never = {normalise(word) for word in choice["private"]["words"]}
        known = {word for m, is_private in members if not is_private for word in tokens(m.rstrip("*"))} - refused
        self._words = (known | {normalise(word) for word in everyday}) - never
        self._stems = {stem(word) for word in self._words if word.isascii()} - refused - never
        self._refused = (refused | never) - self._words
        beginnings = (normalise(m) for m, is_private in members if not is_private and m.endswith("*"))
        self._beginnings = {b for b in beginnings if len(b) >= MIN_BEGINNING and " " not in b and not b.isascii()}
        self._endings = {normalise(ending) for endings in choice["endings"].values() for ending in endings}

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and all(self._is_kept(one) for one in tokens(word)) and bool(tokens(word))

    def _is_kept(self, word: str) -> bool:
        if word.isdecimal():
            return len(word) < 3
        if len(word) == 1 and word.isascii():
            return word in LETTERS_ALONE
        if word in self._refused:
            return False
        if word in self._words or (word.isascii() and len(word) > 3 and stem(word) in self._stems):
            return True
        cuts = range(MIN_BEGINNING, len(word))
        return any(word[:cut] in self._beginnings and word[cut:] in self._endings for cut in cuts)


def load_kept_words(file: Path, families: Families) -> KeptWords:
    return KeptWords(families, tomllib.loads(file.read_text(encoding="utf-8")))


def _single(member: str) -> Iterator[str]:
    """The word of a member that has one."""
    words = tokens(member.rstrip("*"))
    if len(words) == 1:
        yield words[0]
