"""Emergency detection: which word families, close together, mean that somebody needs help now."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum, auto
from pathlib import Path
from typing import Final, NamedTuple, Self

from faq.lexicon import Families, Lexicon, read_families, words_beside


class Emergency(IntEnum):
    NONE = auto()
    MENTIONED = auto()  # a symptom asked about, or an illness of long ago
    HYPOTHETICAL = auto()  # it may happen to somebody ("what to do if I faint")
    PRESENT = auto()  # it happens to somebody


class Sign(NamedTuple):
    """Word families that mean an emergency when they occur within `within` words of each other."""

    families: tuple[str, ...]
    within: int = 1


class Found(NamedTuple):
    emergency: Emergency
    signs: frozenset[tuple[str, ...]]  # the families of each sign that is present


SIGNS: Final = (
    Sign(("breathless",)),
    Sign(("breath", "not"), 6),
    Sign(("breath", "none"), 4),
    Sign(("breath", "hard"), 6),
    Sign(("breath", "now"), 3),
    Sign(("breath", "block"), 5),
    Sign(("chest", "pain"), 7),
    Sign(("chest", "block"), 5),
    Sign(("heart", "pain"), 5),
    Sign(("cough", "blood"), 6),
    Sign(("mouth", "blood"), 7),
    Sign(("bleed", "flow"), 6),
    Sign(("bleed", "hard"), 5),
    Sign(("bleed", "pain"), 4),
    Sign(("bleed", "now"), 4),
    Sign(("blood", "flow"), 5),
    Sign(("blue", "lips"), 6),
    Sign(("blue", "limb"), 5),
    Sign(("blue", "someone", "now"), 6),
    Sign(("oxygen", "low"), 7),
    Sign(("faint",)),
    Sign(("fits", "someone"), 9),
    Sign(("move", "not", "limb"), 8),
    Sign(("numb", "limb"), 6),
    Sign(("numb", "lips"), 6),
    Sign(("poison",)),
    *(Sign(("took", "number", what), 6) for what in ("tablets", "remedy")),
    Sign(("took", "low", "tablets"), 6),  # "80" may be a low value of oxygen, too
    Sign(("attack",)),
    Sign(("droop",)),
    Sign(("dying",)),
    Sign(("throat",)),
    Sign(("scald",)),
    Sign(("armpain", "sweat"), 9),
    Sign(("limb", "pain", "sweat"), 9),
    Sign(("headache", "worst"), 10),
    Sign(("headache", "now"), 4),
    Sign(("head", "pain", "worst"), 8),
    Sign(("pregnant", "bleed"), 10),
    Sign(("pregnant", "blood"), 10),
    Sign(("took", "object"), 5),
    Sign(("gullet", "object", "stuck"), 8),
    Sign(("drowsy",)),
)
SUICIDE: Final = Sign(("live", "unwanted"), 4)
DENIAL_BEFORE: Final = 3  # a "no" at most so many words before a sign denies it: "without any chest pain"
DENIAL_FILLERS: Final = frozenset({"any", "present", "tells", "inform"})  # allowed between the "no" and the sign
DENIAL_AFTER: Final = 2  # so many words after it, in languages whose verb comes last: "nenju vali enakku illa"
PERSONS: Final = frozenset({"i", "someone"})
QUESTION_WORDS: Final = frozenset({"asks", "inform"})
QUESTION_OPENERS: Final = frozenset({"asks_first", "present"})
CLAUSE_OPENERS: Final = PERSONS | {"not", "now", "breathless"}  # after "and" these start a new clause
PREDICATES: Final = frozenset({"i", "present", "tells", "not", "breathless"})  # "in 2019 I had covid I am breathless"

_SENTENCE_ENDS: Final = re.compile(r"[!?;\n।]+|\.(?=\s|$)")
_CLAUSE_ENDS: Final = re.compile(r",(?!\d)")


class Token(NamedTuple):
    """A word's family with its sentence, part of the sentence ("… but …") and clause ("…, …"), counted from 0."""

    family: str
    sentence: int
    part: int
    clause: int


class Context(NamedTuple):
    """The families of the text, of each sentence and of each clause, collected once: a hostile text holds 600 signs."""

    text: set[str]
    sentences: Mapping[int, set[str]]
    clauses: Mapping[int, set[str]]

    @classmethod
    def of(cls, tokens: Iterable[Token]) -> Self:
        context = cls(set(), defaultdict(set), defaultdict(set))
        for word in tokens:
            for families in (context.text, context.sentences[word.sentence], context.clauses[word.clause]):
                families.add(word.family)
        return context


class EmergencyDetector:
    """Detects emergencies in a text of up to 4,096 characters, in English, Tamil and Hindi.

    One sign is enough: "chest pain" typed by a patient is present. Each sign is judged in its own clause, because a
    history often shares the sentence ("I had covid last year, I cannot breathe"). A sign is only mentioned when its
    clause denies it, is figurative or long past, or when its sentence is a question that names no sick person ("what
    is chest pain a symptom of") or asks what a scan or the AI can show, unless it happens now. Suicidal words are
    present in any context except a question about the word that names nobody ("what is suicide prevention day").
    """

    def __init__(self, words: Families, plain: Families) -> None:
        """Harmless words (`plain`) are not misspelt emergency words; those that begin like one still are that one."""
        self._lexicon = Lexicon({**words, "plain": {"plain": words_beside(Lexicon(words), plain)}})

    def detect(self, text: str) -> Emergency:
        return self.find(text).emergency

    def find(self, text: str) -> Found:
        """The emergency in the text, and the families of every sign of it that is present."""
        tokens = list(self._tokenize(text))
        if _is_suicidal(tokens):
            return Found(Emergency.PRESENT, frozenset({SUICIDE.families}))
        context = Context.of(tokens)
        found = [
            (_classify(tokens, context, *match, sign), sign.families)
            for sign in SIGNS
            for match in _matches(tokens, sign)
        ]
        present = frozenset(families for emergency, families in found if emergency is Emergency.PRESENT)
        return Found(max((emergency for emergency, _ in found), default=Emergency.NONE), present)

    def _tokenize(self, text: str) -> Iterator[Token]:
        part = clause = 0
        for sentence, words in enumerate(_SENTENCE_ENDS.split(text)):
            part += 1
            opening = False
            for clause_text in _CLAUSE_ENDS.split(words):
                families = _classify_numbers([word.family for word in self._lexicon.words(clause_text)])
                clause += not opening
                opening = _is_time_only(families)
                for family, following in zip(families, [*families, ""][1:], strict=True):
                    if _starts_clause(family, following):
                        part, clause = part + 1, clause + 1
                    yield Token(family, sentence, part, clause)


def is_suicidal(signs: Collection[tuple[str, ...]]) -> bool:
    return SUICIDE.families in signs


def load_detector(folder: Path, plain: Families) -> EmergencyDetector:
    return EmergencyDetector(read_families(folder), plain)


def _starts_clause(family: str, following: str) -> bool:
    """Whether a new clause starts here, as in "… but …", "… and I …", "… I have …"."""
    return (
        family == "but"
        or (family == "and" and following in CLAUSE_OPENERS)
        or (family in PERSONS and following in PREDICATES)
    )


def _classify_numbers(families: Sequence[str]) -> list[str]:
    around = ["", *families, ""]
    return [_classify_number(family, {around[at], around[at + 2]}) for at, family in enumerate(families)]


def _classify_number(family: str, beside: set[str]) -> str:
    """The family of a number: "in 2019" is the past, a year of birth is not; two digits may be a count of tablets."""
    if family.isdecimal() and len(family) == 4 and family.startswith(("19", "20")) and "span" in beside:
        return "past"
    return "number" if family.isdecimal() and len(family) == 2 else family


def _is_time_only(families: Sequence[str]) -> bool:
    """Whether a clause gives only a time ("three years ago, …"), so that the next one continues it."""
    return "past" in families and set(families) <= {"past", "span", "number"}


def _matches(tokens: Sequence[Token], sign: Sign) -> Iterator[tuple[int, int]]:
    """Start and end index of each narrowest run of tokens that holds all families of the sign."""
    behind = 0
    for end, word in enumerate(tokens):
        if word.family not in sign.families:
            continue
        for at in range(end, max(behind, end - sign.within + 1) - 1, -1):
            if set(sign.families) <= {one.family for one in tokens[at : end + 1]}:
                yield at, end
                behind = end + 1
                break


def _classify(tokens: Sequence[Token], context: Context, at: int, end: int, sign: Sign) -> Emergency:
    begins, ends = tokens[at], tokens[end]
    sentence = set().union(*(context.sentences[number] for number in range(begins.sentence, ends.sentence + 1)))
    clause = context.clauses[begins.clause] if begins.clause == ends.clause else sentence
    if _is_denied(tokens, at, end, sign) or "figure" in clause or "over" in sentence:
        return Emergency.MENTIONED
    if "past" in clause and not {"now", "recent"} & sentence:
        return Emergency.MENTIONED
    has_person, now = bool(context.text & PERSONS), "now" in context.text
    asks = _is_question(sentence, tokens[0] if begins.sentence == 0 else None)
    if asks and not now and ("tool" in sentence or not has_person):
        return Emergency.MENTIONED
    if "if" in sentence:
        return Emergency.HYPOTHETICAL if has_person or now else Emergency.MENTIONED
    return Emergency.PRESENT


def _is_denied(tokens: Sequence[Token], at: int, end: int, sign: Sign) -> bool:
    """Whether the sign is denied: "no chest pain", "no fever or chest pain", "nenju vali ethuvum illa"."""
    before = tokens[max(0, at - DENIAL_BEFORE) : at]
    near = [one.family for one in reversed(before) if one.clause == tokens[at].clause]
    if "no" in near and set(near[: near.index("no")]) <= {*DENIAL_FILLERS, *sign.families}:
        return True
    if "or" in near and ("no", tokens[at].part) in {(one.family, one.part) for one in tokens[:at]}:
        return True
    after = [one.family for one in tokens[at : end + 1 + DENIAL_AFTER] if one.clause <= tokens[end].clause]
    if "there" in after:
        after = after[: after.index("there")]
    return "nothing" in after or ("none" in after and not {"none", "flow"} & set(sign.families))


def _is_question(families: set[str], first: Token | None) -> bool:
    return bool(families & QUESTION_WORDS) or (first is not None and first.family in QUESTION_OPENERS)


def _is_suicidal(tokens: Sequence[Token]) -> bool:
    """Whether somebody means it; a question about the word alone names nobody."""
    families = {one.family for one in tokens}
    if "suicide" in families or any(_matches(tokens, SUICIDE)):
        return True
    return "suicide_word" in families and (bool(families & PERSONS) or not _is_question(families, tokens[0]))
