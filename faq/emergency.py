"""Words of danger: which of them together mean that somebody needs help now."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum, auto
from pathlib import Path
from typing import Final, NamedTuple, Self

from faq.lexicon import Families, Lexicon, read_families


class Danger(IntEnum):
    NONE = auto()
    TOPIC = auto()  # it is spoken of: a symptom asked about, an illness of long ago
    CASE = auto()  # somebody might come to have it ("what to do if I faint")
    CRY = auto()  # somebody has it


class Sign(NamedTuple):
    """Families that are an emergency when they stand within so many words of each other."""

    families: tuple[str, ...]
    within: int = 1


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
    Sign(("took", "number", "tablets"), 6),
    Sign(("took", "low", "tablets"), 6),  # "80" may be a low value of oxygen, too
    Sign(("attack",)),
    Sign(("droop",)),
    Sign(("dying",)),
    Sign(("throat",)),
)
LIFE: Final = Sign(("live", "unwanted"), 4)
DENIED: Final = 3  # "no chest pain", "without any chest pain": so near before a sign a "no" takes it away
BETWEEN: Final = frozenset({"any", "present", "tells", "inform"})  # … with words like these in between
DENIED_LAST: Final = 2  # so near behind it, where the verb comes last: "nenju vali enakku illa"
WHO: Final = frozenset({"i", "someone"})
ASKS: Final = frozenset({"asks", "inform"})
ASKS_FIRST: Final = frozenset({"asks_first", "present"})
BEGINS: Final = WHO | {"not", "now", "breathless"}  # after "and" something else begins to be told
GOES_ON: Final = frozenset({"i", "present", "tells", "not", "breathless"})  # "in 2019 I had covid I am breathless"

_SENTENCE_ENDS: Final = re.compile(r"[!?;\n।]+|\.(?=\s|$)")
_CLAUSE_ENDS: Final = re.compile(r",(?!\d)")


class Spoken(NamedTuple):
    """A word's family, and which sentence, part of it ("… but …") and clause of that ("…, …") it stands in."""

    family: str
    sentence: int
    part: int
    clause: int


class Frame(NamedTuple):
    """The families of a text, of each sentence and of each clause, gathered once: a hostile text has 600 signs."""

    text: set[str]
    sentences: Mapping[int, set[str]]
    clauses: Mapping[int, set[str]]

    @classmethod
    def of(cls, spoken: Iterable[Spoken]) -> Self:
        frame = cls(set(), defaultdict(set), defaultdict(set))
        for word in spoken:
            for families in (frame.text, frame.sentences[word.sentence], frame.clauses[word.clause]):
                families.add(word.family)
        return frame


class Siren:
    """Hears how near danger is in a text.

    A sign (above) alone is a cry: "chest pain" typed by a patient is meant. Each is judged where it stands, since a
    history is told in the same breath ("I had covid last year, I cannot breathe"). It is only spoken of when its clause
    denies it, or is figurative or long past, or when its sentence is a question that names nobody who has it ("what is
    chest pain a symptom of") or asks what a scan or the AI can show, unless it happens now. Suicidal words are a cry
    whatever stands around them, but for a question about the word that names nobody ("what is suicide prevention day").
    """

    def __init__(self, words: Families, plain: Families) -> None:
        """`plain` are words known to be harmless: they are not taken for a misspelt or misheard word of danger."""
        known = [m.rstrip("*") for families in plain.values() for members in families.values() for m in members]
        self._lexicon = Lexicon({**words, "plain": {"plain": [word for word in known if " " not in word]}})

    def hears(self, text: str) -> Danger:
        spoken = list(self._spoken(text))
        if _wants_to_die(spoken):
            return Danger.CRY
        frame = Frame.of(spoken)
        heard = (_nearness(spoken, frame, *place, sign) for sign in SIGNS for place in _places(spoken, sign))
        return max(heard, default=Danger.NONE)

    def _spoken(self, text: str) -> Iterator[Spoken]:
        part = clause = 0
        for sentence, words in enumerate(_SENTENCE_ENDS.split(text)):
            part += 1
            opening = False
            for said in _CLAUSE_ENDS.split(words):
                families = _counted([word.family for word in self._lexicon.words(said)])
                clause += not opening
                opening = _says_only_when(families)
                for family, following in zip(families, [*families, ""][1:], strict=True):
                    if _begins(family, following):
                        part, clause = part + 1, clause + 1
                    yield Spoken(family, sentence, part, clause)


def load_siren(folder: Path, plain: Families) -> Siren:
    return Siren(read_families(folder), plain)


def _begins(family: str, following: str) -> bool:
    """Whether something else is told from here, as in "… but …", "… and I …", "… I have …"."""
    return family == "but" or (family == "and" and following in BEGINS) or (family in WHO and following in GOES_ON)


def _counted(families: Sequence[str]) -> list[str]:
    around = ["", *families, ""]
    return [_count(family, {around[at], around[at + 2]}) for at, family in enumerate(families)]


def _count(family: str, beside: set[str]) -> str:
    """ "In 2019" is the past, the year of a birthday is not; a number of two digits may be too many tablets."""
    if family.isdecimal() and len(family) == 4 and family.startswith(("19", "20")) and "span" in beside:
        return "past"
    return "number" if family.isdecimal() and len(family) == 2 else family


def _says_only_when(families: Sequence[str]) -> bool:
    """As in "three years ago, …": what follows the comma belongs to it."""
    return "past" in families and set(families) <= {"past", "span", "number"}


def _places(spoken: Sequence[Spoken], sign: Sign) -> Iterator[tuple[int, int]]:
    """Where the sign begins and ends, wherever all its families stand close enough together; the narrowest of each."""
    behind = 0
    for end, word in enumerate(spoken):
        if word.family not in sign.families:
            continue
        for at in range(end, max(behind, end - sign.within + 1) - 1, -1):
            if set(sign.families) <= {one.family for one in spoken[at : end + 1]}:
                yield at, end
                behind = end + 1
                break


def _nearness(spoken: Sequence[Spoken], frame: Frame, at: int, end: int, sign: Sign) -> Danger:
    begins, ends = spoken[at], spoken[end]
    sentence = set().union(*(frame.sentences[number] for number in range(begins.sentence, ends.sentence + 1)))
    clause = frame.clauses[begins.clause] if begins.clause == ends.clause else sentence
    if _denied(spoken, at, end, sign) or "figure" in clause or "over" in sentence:
        return Danger.TOPIC
    if "past" in clause and "now" not in sentence:
        return Danger.TOPIC
    somebody, now = bool(frame.text & WHO), "now" in frame.text
    asks = _asks(sentence, spoken[0] if begins.sentence == 0 else None)
    if asks and not now and ("tool" in sentence or not somebody):
        return Danger.TOPIC
    if "if" in sentence:
        return Danger.CASE if somebody or now else Danger.TOPIC
    return Danger.CRY


def _denied(spoken: Sequence[Spoken], at: int, end: int, sign: Sign) -> bool:
    """As in "no chest pain", "no fever or chest pain", or where the verb comes last, "nenju vali ethuvum illa"."""
    before = spoken[max(0, at - DENIED) : at]
    near = [one.family for one in reversed(before) if one.clause == spoken[at].clause]
    if "no" in near and set(near[: near.index("no")]) <= {*BETWEEN, *sign.families}:
        return True
    if "or" in near and ("no", spoken[at].part) in {(one.family, one.part) for one in spoken[:at]}:
        return True
    after = [one.family for one in spoken[at : end + 1 + DENIED_LAST] if one.clause <= spoken[end].clause]
    if "there" in after:
        after = after[: after.index("there")]
    return "nothing" in after or ("none" in after and not {"none", "flow"} & set(sign.families))


def _asks(said: set[str], first: Spoken | None) -> bool:
    return bool(said & ASKS) or (first is not None and first.family in ASKS_FIRST)


def _wants_to_die(spoken: Sequence[Spoken]) -> bool:
    """Somebody speaks of it; a question about the word alone names nobody."""
    said = {one.family for one in spoken}
    if "suicide" in said or any(_places(spoken, LIFE)):
        return True
    return "suicide_word" in said and (bool(said & WHO) or not _asks(said, spoken[0]))
