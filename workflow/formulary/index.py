"""Finds medicines by name: as written, in three scripts, and misspelt. A name that is not clearly one is no name."""

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Final, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from workflow.formulary.load import Formulary
from workflow.formulary.records import Product
from workflow.formulary.text import in_latin, name_tokens, sound, tokens

LONGEST_NAME: Final = 7  # tokens
SHORTEST_NAME: Final = 3  # characters of a name that stands alone; shorter ones are initials
SHORTEST_TYPO: Final = 5
SHORTEST_BRAND: Final = 7  # letters of a misspelt brand
PREFIX: Final = 4
SHORTEST_SOUND: Final = 3
CLEARLY_SPELT: Final = 0.3
CLOSE_SPELLING: Final = 0.5  # of the letters of a name that is found by its sound
SUFFIX: Final = 2
LONG_WORD: Final = 8
ALIKE: Final = 0.9  # of Jaro-Winkler similarity, where more than one letter is wrong
CLEARLY: Final = 0.04  # of Jaro-Winkler similarity
UNKNOWN: Final = "unknown"  # the pack of a medicine of which only the name is known
GAP: Final = 2  # letters that the next nearest substance has to be farther away


class Found(NamedTuple):
    """A medicine's name at tokens `start` to `end` of a line. `sure`: no other medicine has this name or a near one."""

    product: Product
    start: int
    end: int
    exact: bool


class Index:
    """All names of a formulary."""

    def __init__(self, formulary: Formulary) -> None:
        self._exact: dict[tuple[str, ...], Product] = {}
        self._ambiguous: set[tuple[str, ...]] = set()
        for product in formulary.products:
            self._learn(product)
        for name in formulary.words["known_only"]["names"]:
            self._learn(Product(name, (name,), {}, UNKNOWN))
        self._spellings: dict[str, Product] = {}
        for key, product in self._exact.items():
            spelling = "".join(key)
            suffixed = len(key) > 1 and len(key[-1]) <= SUFFIX  # "Losar-A" is no spelling of losartan
            if spelling.isascii() and len(spelling) >= SHORTEST_TYPO - 1 and not spelling.isdigit() and not suffixed:
                self._spellings.setdefault(spelling, product)

    @cached_property
    def _sounds(self) -> Mapping[str, Sequence[Product]]:
        found: dict[str, list[Product]] = {}
        for spelling, product in self._spellings.items():
            found.setdefault(sound(spelling), []).append(product)
        return found

    def _learn(self, product: Product) -> None:
        key = name_tokens(product.name)
        known = self._exact.setdefault(key, product)
        if set(known.substances) != set(product.substances):
            self._ambiguous.add(key)

    def exact(self, words: Sequence[str], start: int) -> Found | None:
        """The longest name that begins at token `start`, as it is written."""
        for end in range(min(len(words), start + LONGEST_NAME), start, -1):
            key = tuple(words[start:end])
            if len("".join(key)) < SHORTEST_NAME or key in self._ambiguous:
                continue
            product = self._exact.get(key)
            if product is not None:
                return Found(product, start, end, True)
        return None

    def suffixed(self, product: Product, suffix: str) -> Product | None:
        """The product whose name is this product's, without a strength in it, and a suffix."""
        tokens_of = name_tokens(product.name)
        key = (*(tokens_of[:-1] if tokens_of[-1][0].isdigit() else tokens_of), suffix)
        return None if key in self._ambiguous else self._exact.get(key)

    def is_suffix(self, word: str) -> bool:
        """Some product is told by this last part of its name ("H", "AM", "CT")."""
        return word in self._suffixes

    @cached_property
    def _suffixes(self) -> frozenset[str]:
        named = (key for key, product in self._exact.items() if len(product.substances) > 1 and len(key) > 1)
        return frozenset(key[-1] for key in named if len(key[-1]) <= SUFFIX + 1 and key[-1].isalpha())

    def similar(self, word: str) -> Product | None:
        """The medicine that a misspelt word clearly is: within few letters, and no other substance near."""
        if not word.isascii():
            return self._by_sound(in_latin(word))
        allowed = _allowed(len(word))
        if not allowed:
            return None
        near = process.extract(word, list(self._spellings), scorer=OSA.distance, score_cutoff=allowed + GAP, limit=40)
        ranked = sorted((int(distance), name) for name, distance, _ in near)
        wrong, name = next((pair for pair in ranked if _begins_alike(word, *pair)), (allowed + 1, ""))
        if wrong > allowed or not self._is_typo(word, name, wrong):
            return None
        product = self._spellings[name]
        rivals = [pair for pair in ranked if set(self._spellings[pair[1]].substances) != set(product.substances)]
        if any(far - wrong < GAP and not _is_less_like(word, name, rival, far - wrong) for far, rival in rivals):
            return None
        return product

    def _is_typo(self, word: str, name: str, wrong: int) -> bool:
        product = self._spellings[name]
        if product.pack == UNKNOWN:
            return False
        return _is_typo_of_brand(word, name) if product.brand else _is_typo_of_generic(word, name, wrong)

    def _by_sound(self, latin: str) -> Product | None:
        """The medicine that alone sounds so; of several the one that is spelt clearly more like it."""
        key = sound(latin)
        if len(key) < SHORTEST_SOUND:
            return None
        alike = [(_spelt(latin, one), one) for one in self._sounds.get(key, [])]
        likeness, best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
        if best is None:
            return None
        rivals = [spelt for spelt, one in alike if set(one.substances) != set(best.substances)]
        if rivals and likeness - max(rivals) < CLEARLY_SPELT:
            return None
        return best if likeness >= CLOSE_SPELLING else None


def _spelt(latin: str, product: Product) -> float:
    return float(OSA.normalized_similarity(latin, "".join(name_tokens(product.name))))


def _allowed(length: int) -> int:
    """How many letters may be wrong in a name of this length."""
    if length < SHORTEST_TYPO:
        return 0
    if length < 8:
        return 1
    return 2 if length < 12 else 3


def _is_typo_of_generic(word: str, name: str, wrong: int) -> bool:
    """Not a longer relative ("arformoterol", "fosphenytoin"), and much alike where several letters are wrong."""
    if abs(len(word) - len(name)) > 1 and word[:PREFIX] != name[:PREFIX]:
        return False
    return wrong == 1 or JaroWinkler.similarity(word, name) >= ALIKE


def _is_typo_of_brand(word: str, name: str) -> bool:
    """Brands are short and many, and their endings tell the class ("-cef", "-mox"): the ending has to be right."""
    return min(len(word), len(name)) >= SHORTEST_BRAND and (word[-2:] == name[-2:] or sound(word) == sound(name))


def _is_less_like(word: str, name: str, rival: str, farther: int) -> bool:
    """The rival is farther away in letters, and a long word begins and runs clearly less like it."""
    likeness = JaroWinkler.similarity(word, name) - JaroWinkler.similarity(word, rival)
    return farther > 0 and len(word) >= LONG_WORD and likeness >= CLEARLY


def _begins_alike(word: str, wrong: int, name: str) -> bool:
    """The first letter sounds the same; it may itself be the one that is wrong."""
    return sound(word)[:1] == sound(name)[:1] or (wrong == 1 and word[1:3] == name[1:3])


def one_medicine(products: Sequence[Product], formulary: Formulary) -> tuple[str, ...]:
    """The substances, when the names are of one medicine: a known combination, or a brand with its generic names."""
    together = tuple(dict.fromkeys(name for product in products for name in product.substances))
    largest = max(products, key=lambda product: len(product.substances))
    if set(largest.substances) == set(together):
        return largest.substances
    return together if frozenset(together) in formulary.combinations else ()


def names_in(written: str, formulary: Formulary) -> tuple[str, ...]:
    """The substances that a normalised text names as they are written."""
    words, index = tokens(written), index_of(formulary)
    found = (index.exact(words, at) for at in range(len(words)))
    return tuple(dict.fromkeys(name for one in found if one is not None for name in one.product.substances))


@cache
def index_of(formulary: Formulary) -> Index:
    """The index of a formulary, built once."""
    return Index(formulary)
