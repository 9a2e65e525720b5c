"""Words of danger: which of them together mean that somebody needs help now."""

from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Final, NamedTuple

from faq.lexicon import Families, Lexicon, read_families


class Danger(Enum):
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


class Siren:
    """Hears how near danger is in a text.

    A sign (above) alone is a cry: "chest pain" typed by a patient is meant. It is only spoken of when it is denied,
    figurative, long past, or in a question that names nobody who has it ("what is chest pain a symptom of") or asks
    what a scan or the AI can show, unless it happens now. Suicidal words are a cry whatever stands around them, but
    for a question about the word that names nobody ("what is suicide prevention day").
    """

    def __init__(self, words: Families, plain: Families) -> None:
        """`plain` are words known to be harmless: they are not taken for a misspelt or misheard word of danger."""
        known = [m.rstrip("*") for families in plain.values() for members in families.values() for m in members]
        self._lexicon = Lexicon({**words, "plain": {"plain": [word for word in known if " " not in word]}})

    def hears(self, text: str) -> Danger:
        spoken = [_counted(word.family) for word in self._lexicon.words(text)]
        said = frozenset(spoken)
        asks = bool(said & {"asks", "inform"}) or spoken[:1] == ["asks_first"]
        if _wants_to_die(spoken, asks):
            return Danger.CRY
        heard = [(at, sign) for sign in SIGNS if (at := _place(spoken, sign)) is not None]
        if not heard:
            return Danger.NONE
        if all(_denied(spoken, at, sign) for at, sign in heard):
            return Danger.TOPIC
        return _nearness(said, asks)


def load_siren(folder: Path, plain: Families) -> Siren:
    return Siren(read_families(folder), plain)


def _counted(family: str) -> str:
    """A year is the past; another number of two digits may be too many tablets."""
    if not family.isdecimal():
        return family
    return "past" if len(family) == 4 and family.startswith(("19", "20")) else "number" if len(family) == 2 else family


def _place(spoken: Sequence[str], sign: Sign) -> int | None:
    """Where the sign begins, if all its families stand close enough together."""
    for at, family in enumerate(spoken):
        if family in sign.families and set(sign.families) <= set(spoken[at : at + sign.within]):
            return at
    return None


def _denied(spoken: Sequence[str], at: int, sign: Sign) -> bool:
    """As in "no chest pain", or where the verb comes last, "nenju vali illa", "nenju vali ethuvum illa"."""
    after = spoken[at : at + sign.within + 2]
    if "no" in spoken[max(0, at - DENIED) : at] or "nothing" in after:
        return True
    return "none" in after and not {"none", "flow"} & set(sign.families)


def _nearness(said: frozenset[str], asks: bool) -> Danger:
    somebody, now = bool(said & {"i", "someone"}), "now" in said
    if said & {"figure", "over"} or ("past" in said and not now):
        return Danger.TOPIC
    if asks and not now and ("tool" in said or not somebody):
        return Danger.TOPIC
    if "if" in said:
        return Danger.CASE if somebody or now else Danger.TOPIC
    return Danger.CRY


def _wants_to_die(spoken: Sequence[str], asks: bool) -> bool:
    """Somebody speaks of it; a question about the word alone names nobody."""
    if "suicide" in spoken or _place(spoken, LIFE) is not None:
        return True
    return "suicide_word" in spoken and not (asks and not {"i", "someone"} & set(spoken))
