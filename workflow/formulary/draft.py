"""A line while it is read: what is understood is taken out of it, so that what is left over is seen."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from workflow.formulary.load import Formulary
from workflow.formulary.text import FRACTION, WORD_CHARACTERS, normalise

TAKEN: Final = " ¦ "
_FORM_FIRST: Final = re.compile(r"(?:tabs?|caps?|syp|syr|inj|t|c)\b[. ]")
NUMBER: Final = rf"\d+(?:\.\d+)?{FRACTION}?"


class Draft:
    """The text that is not yet understood, and doubts about what is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.doubtful = False

    def take(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """Every match of the pattern, taken out of the text."""
        found = list(pattern.finditer(self.text))
        if found:
            self.text = pattern.sub(TAKEN, self.text)
        return found

    def take_words(self, words: "Vocabulary") -> list[str]:
        """The meanings of the vocabulary's phrases in the text, taken out."""
        return [words.meaning[match.group(0)] for match in self.take(words.pattern)]


class Vocabulary:
    """Phrases with a meaning, found as whole words, the longest first."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        self.meaning = {normalise(phrase): meaning for phrase, meaning in meanings.items()}
        self.pattern = whole_words(self.meaning)


def whole_words(phrases: Iterable[str]) -> re.Pattern[str]:
    """A pattern of any of the phrases as whole words."""
    longest_first = sorted(phrases, key=len, reverse=True)
    body = "|".join(re.escape(phrase) for phrase in longest_first) or "(?!)"
    return re.compile(rf"(?<![{WORD_CHARACTERS}])(?:{body})(?![{WORD_CHARACTERS}])")


_CLAUSE: Final = re.compile(r"[,;.]\s|[,;]|\bbut\b|\bexcept\b|\bonly\b")
_DENIED: Final = re.compile(
    r"\b(?:unknown|not known|not sure|ruled out|excluded|negative|family|father|mother's|sister|brother)\b"
    r"|\bmother\s+(?:is|was|has|had|asthmatic|diabetic|allergic)|[:-]\s*(?:no|nil|none|nahi)\s*$"
)
_NOT: Final = re.compile(r"\bnon[\s-]+\w+|\b(?:no|not|never|denies|denied|without|nil)\b.*$")


def affirmed(written: str) -> str:
    """A normalised text of the patient's facts without what it denies, leaves open, or says of the family.

    "non alcoholic cirrhosis" stays cirrhosis; "no asthma" and "pregnancy unknown" say nothing.
    """
    clauses = (clause for clause in _CLAUSE.split(written) if not _DENIED.search(clause))
    return ", ".join(_NOT.sub(" ", clause) for clause in clauses)


@cache
def vocabulary(formulary: Formulary, section: str) -> Vocabulary:
    """A section of words.toml: meaning -> phrases, turned round."""
    table = formulary.words[section]
    if section == "translate":
        return Vocabulary(table)
    return Vocabulary({phrase: meaning for meaning, phrases in table.items() for phrase in phrases})


@cache
def known_words(formulary: Formulary) -> frozenset[str]:
    """Single words that need no explanation."""
    words = formulary.words
    lists = [
        words["noise"]["words"],
        words["noise"]["benign_suffix"],
        words["noise"]["salts"],
        words["noise"]["tapered"],
    ]
    lists += [phrases for section in ("forms", "routes", "units", "times") for phrases in words[section].values()]
    lists += [words["needed"]["words"], words["advice"]["words"]]
    return frozenset(word for phrases in lists for phrase in phrases for word in phrase.split())


@cache
def first_words(formulary: Formulary) -> frozenset[str]:
    """The words that a phrase of the translated languages begins with, none of them a product's suffix."""
    return frozenset(normalise(phrase).split()[0] for phrase in formulary.words["translate"])


@cache
def phrases(formulary: Formulary, section: str, key: str) -> re.Pattern[str]:
    """A list of words.toml as a pattern."""
    return whole_words(normalise(phrase) for phrase in formulary.words[section][key])


def is_question(written: str, formulary: Formulary) -> bool:
    """A normalised line asks; one that begins with a form is a line with a doubt."""
    if _FORM_FIRST.match(written):
        return False
    return "?" in written or phrases(formulary, "question", "start").match(written) is not None


def is_cancelled(written: str, formulary: Formulary) -> bool:
    """A normalised text says that its medicine is not given, or no longer."""
    return phrases(formulary, "advice", "cancelled").search(written) is not None
