"""Words of a sentence, in one spelling, whatever the script."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 4096  # characters of a message; Telegram sends no longer one, and time stays bounded
LONGEST_QUESTION: Final = 600  # of them are read to find an answer; words of danger are heard in all

_APOSTROPHES: Final = str.maketrans("", "", "'’‘ʼ`´\u200b\u200c\u200d\ufeff")
_NO_WORD: Final = re.compile(
    "[^\\w\u0900-\u0963\u0b82\u0bbe-\u0bcd\u0bd7]|_"
)  # vowel signs of Indian scripts are no \\w
_INITIALS: Final = re.compile(r"\b((?:[a-z]\.){2,}[a-z]?)(?![a-z])")
_JOINED: Final = re.compile(r"\b(x|e|எக்ஸ்|एक्स)[\s-]+(rays?|mail|ரே|रे)")
_HYPHEN: Final = re.compile(r"(?<=[^\W\da-z])-(?=[^\W\da-z])")
_ONE_SPELLING: Final = str.maketrans(
    {"ँ": "ं", "ी": "ि", "ू": "ु", "ऑ": "आ", "ॉ": "ा", "़": None}
    | {"ே": "ெ", "ோ": "ொ", "ீ": "ி", "ூ": "ு", "ண": "ன", "ந": "ன", "ற": "ர", "ள": "ல"}
)
_ENDINGS: Final = (
    ("ies", "y"), ("sses", "ss"), ("ings", ""), ("ing", ""), ("edly", ""), ("ed", ""), ("es", ""), ("s", ""),
    ("ly", ""),
)  # fmt: skip
_SOUNDS: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^ye(?=[a-z])", "e"), (r"zh", "l"), (r"sh", "s"), (r"ch", "s"), (r"ph", "f"), (r"ck", "k"), (r"x", "ks"),
        (r"q", "k"), (r"w", "v"), (r"z", "j"), (r"([bdgjkt])h", r"\1"), (r"[ei]{1,2}", "i"), (r"[ou]{1,2}", "u"),
        (r"y", "i"),
        (r"([a-z])\1+", r"\1"), (r"(?<=[a-z]{2})h(?=[aiu]|$)", ""), (r"(?<=[a-z]{3})[aiu]$", ""),
    )
)  # fmt: skip


_HALF_NASAL: Final = re.compile("(?:न्|म्)(?=[क-म])")


def normalise(text: str) -> str:
    """One spelling for one thing: NFKC, lower case, no apostrophes, "M.R.I." as "mri", else a space.

    Where Indian spellings waver (nukta, nasal signs, long and short vowels, the three n of Tamil) one is taken for all.
    """
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).casefold().translate(_APOSTROPHES)
    folded = _INITIALS.sub(lambda found: found[1].replace(".", ""), folded)
    folded = _HYPHEN.sub("", _JOINED.sub(r"\1\2", folded))
    folded = _HALF_NASAL.sub("ं", folded.translate(_ONE_SPELLING))
    return " ".join(_NO_WORD.sub(" ", folded).split())


def tokens(text: str) -> list[str]:
    return normalise(text).split()


def stem(word: str) -> str:
    """An English word without its ending, by rule and not by dictionary; words of other scripts stay."""
    if not word.isascii() or len(word) < 4:
        return word
    for ending, instead in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and not word.endswith(("ss", "us", "is")):
            return _undouble(rest + instead)
    return word.removesuffix("e") if len(word) > 4 else word


def _undouble(word: str) -> str:
    """ "submitted" and "submit" meet, and "sending" and "send"; a last e goes as it does in `stem`."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        return word[:-1]
    return word.removesuffix("e") if len(word) > 4 else word


def sound(word: str) -> str:
    """How a word in Latin letters is heard, so that "eppadi" and "yeppadi", "kaise" and "kayse" are one."""
    for pattern, heard in _SOUNDS:
        word = pattern.sub(heard, word)
    return word
