"""Normalises what people type: scripts, digits, fractions, dots; and spells Tamil and Devanagari in Latin letters."""

import re
import unicodedata
from typing import Final

WORD_CHARACTERS: Final = r"\w\u0900-\u097f\u0b80-\u0bff"  # `\w` leaves out the vowel signs of both scripts
TOKEN: Final = re.compile(r"[\u0900-\u097f\u0b80-\u0bff]+|[^\W\d_]+|\d+(?:\.\d+)?")

_NUKTA: Final = "\u093c"
FRACTION: Final = "§"  # follows a number that was written as a fraction: half a tablet, never half a milligram
_FRACTIONS: Final = {"½": "0.5", "¼": "0.25", "¾": "0.75", "⅓": "0.33", "⅔": "0.67"}
_SAME: Final = str.maketrans(
    {
        "×": "x",
        "✕": "x",
        "–": "-",
        "—": "-",
        "−": "-",
        "‑": "-",
        "µ": "u",
        "μ": "u",
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
    }
)
_WRITTEN_FRACTIONS: Final = (("1/2", "0.5"), ("1/4", "0.25"), ("3/4", "0.75"))

_GLUED: Final = re.compile(
    r"(?<=\d)\s*(mg|mcg|gm|g|ml|iu)?(od|bd|bid|tds|tid|qid|qds|hs|sos|prn|stat|tab|tabs|cap)(x)?(?=[\s\d]|$)"
)
_PART_OF_DAY: Final = {"am": "morning", "pm": "evening"}
_UNITS_OF_DAY: Final = re.compile(r"(\d\s*(?:u|iu|units?))\s*-?\s*(am|pm)\b")
_CLOCK: Final = re.compile(r"(?<![\d.])(?:at\s*)?(?:0?[1-9]|1[0-2])(?:[:.][0-5]\d)?\s*(am|pm)\b")

_LETTERS: Final = {  # the letters of one sound; Devanagari, then Tamil
    "k": "कखக", "g": "गघ", "n": "ङञणनஙஞணநன", "s": "चछशषसசஷஸஜஶ", "j": "जझ", "t": "टठतथடத", "d": "डढदध",
    "p": "पப", "f": "फ", "b": "बभ", "m": "मம", "y": "यய", "r": "रரற", "l": "लळலளழ", "v": "वவ", "h": "हஹ",
}  # fmt: skip
_VOWEL_LETTERS: Final = {
    "a": "अआஅஆ", "i": "इईஇஈ", "u": "उऊஉஊ", "e": "एऍஎஏ", "ai": "ऐஐ", "o": "ओऑஒஓ", "au": "औஔ", "ri": "ऋ",
}  # fmt: skip
_SIGN_LETTERS: Final = {
    "a": "ाா", "i": "िीிீ", "u": "ुूுூ", "e": "ेॅெே", "ai": "ैை", "o": "ोॉொோ", "au": "ौௌ", "ri": "ृ",
}  # fmt: skip
_CONSONANTS: Final = {letter: sound for sound, letters in _LETTERS.items() for letter in letters}
_VOWELS: Final = {letter: sound for sound, letters in _VOWEL_LETTERS.items() for letter in letters}
_SIGNS: Final = {letter: sound for sound, letters in _SIGN_LETTERS.items() for letter in letters}
_VIRAMA: Final = "\u094d\u0bcd"
_NASAL: Final = "\u0902\u0901"
_AYTHAM: Final = "ஃ"


def normalise(text: str) -> str:
    """One line in lower case with ASCII digits, decimal fractions and plain dashes; "b.d." is "bd"."""
    for sign, decimal in _FRACTIONS.items():
        text = re.sub(rf"(\d)\s*{sign}", rf"\g<1>{decimal[1:]}{FRACTION}", text)
        text = text.replace(sign, decimal + FRACTION)
    text = unicodedata.normalize("NFKC", text).replace(_NUKTA, "").translate(_SAME).lower()
    text = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)
    for written, decimal in _WRITTEN_FRACTIONS:
        text = re.sub(rf"(?<![\d./-])(\d)\s+{written}(?![\d/])", rf"\g<1>{decimal[1:]}{FRACTION}", text)
        text = re.sub(rf"(?<![\d./]){written}(?![\d/.])", f"{decimal}{FRACTION}", text)
    text = re.sub(r"(?<=\d),(?=\d{2,3}(?:\D|$))(?=\d{3}|\d{2},\d{3})", "", text)
    text = re.sub(r"\b([a-z])\.((?:[a-z]\.)*)([a-z])\b\.?", lambda m: m.group(0).replace(".", ""), text)
    text = re.sub(r"\bo2\b", "oxygen", text)
    text = _UNITS_OF_DAY.sub(lambda m: f"{m.group(1)} {_PART_OF_DAY[m.group(2)]}", text)
    text = re.sub(r"(?<![\d.])\.(?=\d)", "0.", text)
    text = _CLOCK.sub(lambda match: f" {_PART_OF_DAY[match.group(1)]} ", text)
    text = _GLUED.sub(lambda match: f" {' '.join(part for part in match.groups() if part)} ", text)
    return " ".join(text.split())


def tokens(text: str) -> tuple[str, ...]:
    """Words and numbers of a normalised text; "akt4" and "akt-4" are both ("akt", "4")."""
    return tuple(_number(found) for found in TOKEN.findall(text))


def name_tokens(name: str) -> tuple[str, ...]:
    """The tokens of a medicine's name, as they are in a normalised line."""
    return tokens(name.lower() if name.isascii() else normalise(name))


def _number(token: str) -> str:
    return token.rstrip("0").rstrip(".") if "." in token and token[0].isdigit() else token


def in_latin(text: str) -> str:
    """Tamil and Devanagari spelt roughly in Latin letters; other characters as they are."""
    letters: list[str] = []
    pending = False  # a consonant waits for its vowel
    for character in text.replace(_NUKTA, ""):
        if character in _SIGNS:
            letters.append(_SIGNS[character])
            pending = False
            continue
        if character in _VIRAMA:
            pending = False
            continue
        if pending:
            letters.append("a")
        pending = character in _CONSONANTS
        if character in _NASAL:
            letters.append("n")
        elif character != _AYTHAM:
            letters.append(_CONSONANTS.get(character) or _VOWELS.get(character) or character)
    return re.sub(r"f?fp|fp", "f", "".join(letters))


_SOUNDS: Final = (
    ("ph", "p"), ("sch", "sk"), ("ch", "k"), ("sh", "s"), ("th", "t"), ("ck", "k"), ("qu", "k"), ("x", "ks"),
    ("z", "s"), ("j", "s"), ("g", "k"), ("d", "t"), ("b", "p"), ("f", "p"), ("w", "v"), ("q", "k"), ("m", "n"),
    ("h", ""), ("y", ""),
)  # fmt: skip


def sound(latin: str) -> str:
    """The consonants of a word as they sound in Tamil, which tells no b from p; its first vowel stands as "a"."""
    word = re.sub(r"[^a-z0-9]", "", latin.lower())
    word = re.sub(r"c(?=[eiy])", "s", word)
    word = re.sub(r"x(?=[a-z]?)", "ks", word)
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    word = word.replace("c", "k")
    key = ("a" if word[:1] in "aeiou" else "") + re.sub(r"[aeiou]", "", word)
    return re.sub(r"(.)\1+", r"\1", key)
