"""Names compared by sound: Latin, Tamil and Devanagari spellings of one name are close."""

import re
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

from faq.words import phonetic_key, tokens

SIMILAR: Final = 75.0  # least similarity of a match, of 100
MIN_PREFIX: Final = 3  # letters of a key that may stand for the beginning of a name
PREFIX_SIMILARITY: Final = 92.0
_VIRAMAS: Final = "\u094d\u0bcd"


def _sounds(letters: str, sounds: str) -> dict[str, str]:
    return dict(zip(letters, sounds.split(), strict=True))


_CONSONANTS: Final = {
    **_sounds(
        "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहळ",
        "k kh g gh n ch ch j j n t t d d n t t d d n p ph b b m y r l v sh sh s h l",
    ),
    **_sounds("கஙசஞடணதநபமயரலவழளறனஜஷஸஹஶ", "k n s n t n t n p m y r l v l l r n j sh s h sh"),
}
_VOWELS: Final = {
    **_sounds("अआइईउऊऋएऐओऔ", "a a i i u u ri e ai o au"),
    **_sounds("அஆஇஈஉஊஎஏஐஒஓஔ", "a a i i u u e e ai o o au"),
}
_SIGNS: Final = {
    **_sounds("ािीुूृेैोौ", "a i i u u ri e ai o au"),
    **_sounds("ாிீுூெேைொோௌ", "a i i u u e e ai o o au"),
    **dict.fromkeys(_VIRAMAS, ""),
}
_NASALS: Final = {"ं": "n", "ः": "h", "ஃ": "h"}
_ONE_SOUND: Final = str.maketrans("gdbjzwc", "ktpssvs")  # Tamil writes voiced and unvoiced consonants alike
_DOUBLED: Final = re.compile(r"(.)\1+")


def similarity(typed: str, name: str) -> float:
    """How well a typed name fits a person's name, of 100: the mean over the typed words, each with its best fit."""
    wanted, known = _keys(typed), _keys(name)
    if not wanted or not known:
        return 0.0
    return sum(max(_word_similarity(one, other) for other in known) for one in wanted) / len(wanted)


def _word_similarity(typed: str, known: str) -> float:
    whole = fuzz.ratio(typed, known)
    begins = len(typed) >= MIN_PREFIX and known.startswith(typed)
    return max(whole, PREFIX_SIMILARITY) if begins else whole


@lru_cache(maxsize=20_000)
def _keys(name: str) -> tuple[str, ...]:
    """One key of its sound for each word of the name."""
    words = (phonetic_key(_in_latin_letters(word)).translate(_ONE_SOUND) for word in tokens(name))
    return tuple(_DOUBLED.sub(r"\1", word) for word in words if word)


def _in_latin_letters(word: str) -> str:
    """Tamil and Devanagari letters by sound; a consonant without a vowel sign carries an "a", except at the end."""
    letters, word = [], word.replace("ட்ச", "க்ஷ")  # Lakshmi is written லட்சுமி
    for at, letter in enumerate(word):
        following = word[at + 1 : at + 2]
        if letter in _CONSONANTS:
            bare = following in _SIGNS or not following
            letters.append(_CONSONANTS[letter] + ("" if bare else "a"))
        else:
            letters.append(_VOWELS.get(letter) or _SIGNS.get(letter, _NASALS.get(letter, letter)))
    return "".join(letters)
