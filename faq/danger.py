"""Words of danger: which of them together mean that somebody needs help now."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from faq.lexicon import Lexicon, read_families


class Sign(NamedTuple):
    """Families that are an emergency when they stand within so many words of each other."""

    families: tuple[str, ...]
    within: int = 1


SIGNS: Final = (
    Sign(("suicide",)),
    Sign(("breathless",)),
    Sign(("breath", "not"), 6),
    Sign(("breath", "hard"), 5),
    Sign(("chest", "pain"), 6),
    Sign(("heart", "pain"), 5),
    Sign(("cough", "blood"), 5),
    Sign(("blood", "heavy_flow"), 6),
    Sign(("blue", "lips"), 5),
    Sign(("faint",)),
    Sign(("poison",)),
    Sign(("attack",)),
    Sign(("droop",)),
    Sign(("dying",)),
    Sign(("throat",)),
    Sign(("call_help",)),
)
ALWAYS: Final = frozenset({"suicide"})
NEAR_NO: Final = 3  # "no chest pain": the word before the sign takes it away


class Danger:
    """Hears an emergency in a text.

    A sign (above) alone is one: "chest pain" typed by a patient is meant. It is none when the text asks about the sign
    ("what is chest pain a symptom of"), tells of the past or denies it, unless somebody is said to have it now ("I have
    chest pain, what does it mean"). Suicidal words are always heard.
    """

    def __init__(self, families: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._lexicon = Lexicon(families)

    def hears(self, text: str) -> bool:
        spoken = [word.family for word in self._lexicon.words(text)]
        signs = [(sign, at) for sign in SIGNS if (at := _place(spoken, sign)) is not None]
        if any(ALWAYS & set(sign.families) for sign, _ in signs):
            return True
        signs = [(sign, at) for sign, at in signs if not _denied(spoken, at)]
        return bool(signs) and (_somebody_now(spoken) or not _harmless(spoken))


def load_danger(folder: Path) -> Danger:
    return Danger(read_families(folder))


def _place(spoken: Sequence[str], sign: Sign) -> int | None:
    """Where the sign begins, if all its families stand close enough together."""
    for at, family in enumerate(spoken):
        if family in sign.families and set(sign.families) <= set(spoken[at : at + sign.within]):
            return at
    return None


def _denied(spoken: Sequence[str], at: int) -> bool:
    return "no" in spoken[max(0, at - NEAR_NO) : at]


def _harmless(spoken: Sequence[str]) -> bool:
    return bool({"inform", "past", "if"} & set(spoken))


def _somebody_now(spoken: Sequence[str]) -> bool:
    """Somebody who has it, and no "if" and no past: then a question about it is a cry for help all the same."""
    words = set(spoken)
    return bool({"i", "someone"} & words) and bool({"present", "not"} & words) and not {"if", "past"} & words
