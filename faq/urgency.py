"""Urgency of a text that describes an emergency: certain, or worth the question whether it is bad right now."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from faq.lexicon import Families, read_families
from faq.words import normalise


class Urgency(StrEnum):
    NONE = "none"
    ASK = "ask"  # the same words describe an ordinary complaint: ask whether it is bad right now
    NOW = "now"


# Signs that ordinary complaints share: they stay certain unless the text gives them days or an ordinary cause.
SHARED_SIGNS: Final = frozenset(
    {
        *(("breathless",), ("breath", "not"), ("breath", "none"), ("breath", "hard"), ("breath", "now")),
        *(("breath", "block"), ("chest", "pain"), ("chest", "block"), ("heart", "pain"), ("cough", "blood")),
        *(("mouth", "blood"), ("numb", "limb"), ("numb", "lips"), ("move", "not", "limb"), ("attack",)),
        *(("limb", "pain", "sweat"), ("headache", "worst"), ("headache", "now")),
        *(("head", "pain", "worst"), ("took", "object")),
    }
)
# Those of them that answer "why is this picture taken" as often as they cry for help.
COMPLAINTS: Final = frozenset(
    {("breathless",), ("breath", "hard"), ("chest", "pain"), ("heart", "pain"), ("cough", "blood"), ("numb", "limb")}
)


class UrgencyRules:
    """Tells certain emergencies from words that may describe an ordinary complaint."""

    def __init__(self, words: Families) -> None:
        families = words["urgency"]
        self._acute = _pattern(families["acute"])
        self._longstanding = _pattern(families["longstanding"])
        self._ages = _pattern(families["ages"])

    def rate(self, text: str, signs: Iterable[Sequence[str]], *, complaint: bool = False) -> Urgency:
        """The urgency of a text with these signs of a present emergency; `complaint`: the text answers the form."""
        found = {tuple(sign) for sign in signs}
        if not found:
            return Urgency.NONE
        normalised = f" {normalise(text).replace(' ', '  ')} "
        if not found <= SHARED_SIGNS or self._acute.search(normalised):
            return Urgency.NOW
        if self._longstanding.search(self._ages.sub(" ", normalised)) or (complaint and found <= COMPLAINTS):
            return Urgency.ASK
        return Urgency.NOW


def load_urgency_rules(folder: Path) -> UrgencyRules:
    return UrgencyRules(read_families(folder))


def _pattern(members: Iterable[str]) -> re.Pattern[str]:
    """A pattern of whole words in normalised text whose words stand between two spaces each; "word*" is a beginning."""
    choices = (
        re.escape(normalise(m.rstrip("*"))).replace(r"\ ", "  ") + (r"\S*" if m.endswith("*") else "") for m in members
    )
    return re.compile(" (?:" + "|".join(sorted(choices, key=len, reverse=True)) + ") ")
