"""Normalisation of text: tokens, stems and phonetic keys, for all three scripts."""

import re
import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 4096  # characters; the longest message of Telegram, which also bounds the time
MAX_QUESTION: Final = 600  # characters read to find an answer; emergencies are detected in the whole text

_APOSTROPHES: Final = str.maketrans("", "", "'’‘ʼ`´\u200b\u200c\u200d\ufeff")
_NON_WORD: Final = re.compile(
    "[^\\w\u0900-\u0963\u0b82\u0bbe-\u0bcd\u0bd7]|_"
)  # vowel signs of Indian scripts are not in \\w
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
_PHONETIC_RULES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"^ye(?=[a-z])", "e"), (r"zh", "l"), (r"sh", "s"), (r"ch", "s"), (r"ph", "f"), (r"ck", "k"), (r"x", "ks"),
        (r"q", "k"), (r"w", "v"), (r"z", "j"), (r"([bdgjkt])h", r"\1"), (r"[ei]{1,2}", "i"), (r"[ou]{1,2}", "u"),
        (r"y", "i"),
        (r"([a-z])\1+", r"\1"), (r"(?<=[a-z]{2})h(?=[aiu]|$)", ""), (r"(?<=[a-z]{3})[aiu]$", ""),
    )
)  # fmt: skip


_HALF_NASAL: Final = re.compile("(?:न्|म्)(?=[क-म])")


def normalise(text: str) -> str:
    """NFKC, case-folded, without apostrophes, "M.R.I." as "mri", every other sign a space.

    Cut before and after folding: NFKC makes up to 18 characters of one.

    Spelling variants of Indian scripts (nukta, nasal signs, long and short vowels, the three n of Tamil) become one.
    """
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).casefold()[:MAX_CHARACTERS].translate(_APOSTROPHES)
    folded = _INITIALS.sub(lambda found: found[1].replace(".", ""), folded)
    folded = _HYPHEN.sub("", _JOINED.sub(r"\1\2", folded))
    folded = _HALF_NASAL.sub("ं", folded.translate(_ONE_SPELLING))
    return " ".join(_NON_WORD.sub(" ", folded).split())


def tokens(text: str) -> list[str]:
    return normalise(text).split()


def stem(word: str) -> str:
    """An English word without its ending, by rule; words in other scripts are returned unchanged."""
    if not word.isascii() or len(word) < 4:
        return word
    for ending, instead in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and not word.endswith(("ss", "us", "is")):
            return _undouble(rest + instead)
    return word.removesuffix("e") if len(word) > 4 else word


def _undouble(word: str) -> str:
    """Reduce a doubled last consonant ("submitt" to "submit"); drop a last e as `stem` does."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        return word[:-1]
    return word.removesuffix("e") if len(word) > 4 else word


def phonetic_key(word: str) -> str:
    """Phonetic key of a word in Latin letters: "eppadi" and "yeppadi", "kaise" and "kayse" share one."""
    for pattern, replacement in _PHONETIC_RULES:
        word = pattern.sub(replacement, word)
    return word
