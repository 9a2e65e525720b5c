"""Findings, sides and statements of normality in typed text, in English, Tamil and Hindi.

Recognised by the words of the table; what is recognised leads to a question to the doctor, never to a change."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple

from workflow.consistency.table import Row, table


def _compile(pattern: str) -> re.Pattern[str]:
    """A pattern in the Unicode normal form of the sentences."""
    return re.compile(unicodedata.normalize("NFC", pattern))


SENTENCE: Final = re.compile(r"[.;!?\n।]+|\bbut\b|\bhowever\b|\balthough\b")
MAX_SENTENCES: Final = 100  # the rest of a longer text counts as one sentence
NOT_BEFORE: Final = re.compile(r"\b(?:no|not|without|nor|never|negative for|free of|rather than|absence of)\b")
NOT_AFTER: Final = _compile(r"\bis absent\b|\bnot seen\b|இல்லை|ில்லை|இன்றி|नहीं|के बिना")
REWORDED: Final = {  # negations that deny no finding
    "காசநோய் இல்லை என உறுதி": "காசநோய்",
    "no change": " ",
    "no significant change": " ",
    "no interval change": " ",
    "not only": " ",
}
ANATOMY: Final = re.compile(r"\b(?:left|right)[ -](?:ventric|atri|heart|main|border)\w*")
SIDES: Final = {
    "both": ("both", "bilateral", "இரு ", "இருபுற", "दोनों"),
    "right": ("right", "rt", "வலது", "दाहिन", "दाएँ", "दाईं", "दायाँ"),
    "left": ("left", "lt", "இடது", "बाएँ", "बाईं", "बायाँ"),
}
NORMAL: Final = _compile(
    r"^(?:(?:the|a|impression|this|is|study|chest|heart|lungs?|scan|x[- ]?ray|film|radiograph|cxr|mri|slice|"
    r"examination|appearances?|looks?|completely|essentially|grossly|of|within|limits)[\s:,-]*)*"
    r"(?:normal|unremarkable|nad)"
    r"(?:[\s,-]*(?:chest|heart|lungs?|study|scan|x[- ]?ray|film|radiograph|cxr|mri|examination|limits|for age))*$"
    r"|^no (?:(?:acute|active|significant|focal|evidence of|other|definite|cardiopulmonary|lung|pulmonary) ?)*"
    r"(?:abnormalit|disease|finding|lesion|patholog|cardiopulmonary)\w*(?: in the (?:chest|heart|lungs?))?"
    r"(?: seen| detected)?$"
    r"|^nothing (?:wrong|abnormal)\b.*$|^(?:clear lungs?|lungs? (?:are )?clear)$"
    r"|^.*இயல்பு(?:தான்)?$|^.*இயல்பாக (?:உள்ளது|உள்ளன)$|^.*(?:குறை|நோய்) (?:எதுவும் )?(?:இல்லை|தெரியவில்லை)$"
    r"|^.*सामान्य(?: है| हैं)?$|^.*कोई (?:गड़बड़ी|बीमारी|सक्रिय बीमारी) नहीं(?: है)?$"
)
CLEAR: Final = _compile(r"\b(?:normal|clear|unremarkable|nad)\b|இயல்பு|सामान्य")
NOT_CLEAR: Final = _compile(r"\b(?:not|un|ab)[ -]?(?:normal|clear)|இயல்பாக இல்லை|सामान्य नहीं")


class Mention(NamedTuple):
    """A finding that a text affirms, with its side: left, right, both, or None."""

    finding: str
    side: str | None


def mentions(*texts: str | None) -> Sequence[Mention]:
    """The findings that the texts affirm; negated ones ("no pneumothorax") are left out."""
    return [mention for text in texts if text for sentence in sentences(text) for mention in _in_sentence(sentence)]


def sentences(text: str) -> Sequence[str]:
    """Sentences in lower case and Unicode normal form, without hyphens and without "no change"."""
    plain = unicodedata.normalize("NFC", text).lower().replace("-", " ")
    for words, instead in REWORDED.items():
        plain = plain.replace(unicodedata.normalize("NFC", words), instead)
    return [" ".join(part.split()) for part in SENTENCE.split(plain, MAX_SENTENCES) if part.strip()]


def says_normal(text: str | None) -> bool:
    """Whether a sentence of the text states that the whole scan is normal."""
    return any(NORMAL.match(sentence.strip(" ,:")) for sentence in sentences(text or ""))


def is_unremarkable(text: str) -> bool:
    """Whether every sentence of a region's text states something normal or the absence of something."""
    return all(_is_clear(sentence) for sentence in sentences(text))


def has_words(sentence: str, words: Iterable[str]) -> bool:
    """Whether one of the words, or a word beginning with it, is in the sentence."""
    return any(pattern.search(sentence) for pattern in map(_pattern, words))


def _is_clear(sentence: str) -> bool:
    denied = NOT_BEFORE.match(sentence) or NOT_AFTER.search(sentence)
    return bool(denied or (CLEAR.search(sentence) and not NOT_CLEAR.search(sentence)))


def _in_sentence(sentence: str) -> Iterable[Mention]:
    if NOT_AFTER.search(sentence):
        return
    taken: list[tuple[int, int]] = []
    denied, sides = NOT_BEFORE.search(sentence), _named_sides(sentence)
    found = [(match, row) for row in table().findings.values() for match in _matches(sentence, row)]
    for match, row in sorted(found, key=lambda one: one[0].start() - one[0].end()):  # the longest words first
        inside = any(begin <= match.start() < end for begin, end in taken)
        if inside or (denied is not None and denied.end() <= match.start()):
            continue
        taken.append(match.span())
        yield Mention(row.name, _side(sides, match.span()))


def _matches(sentence: str, row: Row) -> Iterable[re.Match[str]]:
    return (match for words in row.words for match in _pattern(words).finditer(sentence))


def _named_sides(sentence: str) -> Sequence[tuple[int, int, str]]:
    """Start and end of every side that the sentence names, and the side."""
    bare = ANATOMY.sub(lambda match: " " * len(match.group()), sentence)
    return [
        (*match.span(), side)
        for side, words in SIDES.items()
        for word in words
        for match in _pattern(word).finditer(bare)
    ]


def _side(named: Sequence[tuple[int, int, str]], span: tuple[int, int]) -> str | None:
    """The named side that is nearest to these words."""
    near = [(min(abs(end - span[0]), abs(start - span[1])), side) for start, end, side in named]
    return min(near)[1] if near else None


@cache
def _pattern(words: str) -> re.Pattern[str]:
    """Beginnings of consecutive words. Words of at most four letters are whole: "tb", "mass", "left"."""
    plain = unicodedata.normalize("NFC", words).lower()
    if not plain.isascii():
        return re.compile(re.escape(plain))
    whole = r"\b" if len(plain) <= 4 else ""
    return re.compile(r"\b" + r"\w* ".join(map(re.escape, plain.split())) + whole)
