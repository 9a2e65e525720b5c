"""Which topics a question is near to, and how near."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from faq.entries import Entry, Topic
from faq.lexicon import Lexicon, Word

LOUDNESS: Final = {
    "general": 0.65,
    "object": 0.6,
    "subject": 1.0,
    "taught": 1.0,
    "greeting": 1.0,
}  # of a word, by its kind
LOUDNESS_UNKNOWN: Final = 0.6  # of a word that stands in a phrase but in no family
FOREIGN: Final = 5.0  # what a word of another world (weather, cricket) weighs: more than the rarest of ours
ASTRAY: Final = 0.65  # and when it names something of another world
EMPTY: Final = 0.6  # what is left of a score when a question names no subject at all ("how do you do it")
TELLING: Final = frozenset({"subject", "object", "taught", "greeting"})
SILENT: Final = frozenset({"silent", "greeting"})
QUIET: Final = 0.3  # what a word that is at home in every topic still weighs
STRANGE: Final = 2.0  # what a word weighs that nothing here knows; the rarest known word weighs about 3.2
STRANGERS: Final = 2  # more of them than this make a long story no worse
PHRASE: Final = 0.7  # share of the nearest phrase in a score; the rest is the topic's whole vocabulary
OURS: Final = 0.7  # a phrase's word that the question lacks counts so much of a question's word that the phrase lacks


class Near(NamedTuple):
    topic: str
    score: float  # 0–1


class Phrase(NamedTuple):
    topic: str
    families: frozenset[str]
    weight: float


class Index:
    """Phrases and titles of all languages, by the families of their words."""

    def __init__(self, lexicon: Lexicon, entries: Iterable[Entry]) -> None:
        self._lexicon = lexicon
        spoken = [(e.topic, self._meant(text).keys()) for e in entries for text in (e.title, *e.phrases)]
        self._shares = _shares(spoken)
        self._weights = {
            family: _rarity(shares) * LOUDNESS.get(lexicon.kind(family) or "", LOUDNESS_UNKNOWN)
            for family, shares in self._shares.items()
        }
        self._phrases: dict[str, list[Phrase]] = defaultdict(list)
        for phrase in {self._phrase(topic, frozenset(families)) for topic, families in spoken}:
            for family in phrase.families:
                self._phrases[family].append(phrase)

    def nearest(self, text: str) -> list[Near]:
        """Topics that share a word with the text, nearest first."""
        asked = self._meant(text)
        total = self._total(asked)
        if not total:
            return []
        phrases, words = self._by_phrase(asked, total), self._by_vocabulary(asked, total)
        kinds = {self._lexicon.kind(family) for family in asked}
        trust = (1.0 if kinds & TELLING else EMPTY) * (ASTRAY if "foreign" in kinds else 1.0)
        near = [Near(t, trust * (PHRASE * phrases[t] + (1 - PHRASE) * words[t])) for t in words]
        return sorted(near, key=lambda n: (-n.score, n.topic))

    def says_nothing(self, text: str) -> bool:
        return not self._meant(text)

    def _meant(self, text: str) -> dict[str, Word]:
        """The words that say something, once each; a greeting says something only when nothing else does."""
        words = {word.family: word for word in self._lexicon.words(text)}
        kinds = {family: self._lexicon.kind(family) for family in words}
        silent = SILENT if set(kinds.values()) - SILENT - {"general"} else SILENT - {"greeting"}
        return {family: word for family, word in words.items() if kinds[family] not in silent}

    def _phrase(self, topic: str, families: frozenset[str]) -> Phrase:
        return Phrase(topic, families, sum(self._weights[family] for family in families))

    def _total(self, asked: Mapping[str, Word]) -> float:
        foreign = sum(self._lexicon.kind(family) == "foreign" for family in asked)
        strangers = sum(family not in self._weights for family in asked) - foreign
        known = sum(self._weights.get(family, 0.0) for family in asked)
        return known + FOREIGN * foreign + STRANGE * min(strangers, STRANGERS)

    def _by_phrase(self, asked: Mapping[str, Word], total: float) -> dict[str, float]:
        """For each topic its best phrase: weight shared, over the weights of both (the phrase's rest counts less)."""
        shared: Counter[Phrase] = Counter()
        for family, word in asked.items():
            for phrase in self._phrases.get(family, ()):
                shared[phrase] += self._weights[family] * word.sureness  # type: ignore[assignment]  # Counter of floats
        best: dict[str, float] = defaultdict(float)
        for phrase, weight in shared.items():
            best[phrase.topic] = max(best[phrase.topic], (1 + OURS) * weight / (total + OURS * phrase.weight))
        return best

    def _by_vocabulary(self, asked: Mapping[str, Word], total: float) -> dict[str, float]:
        """For each topic the part of the question's weight that speaks of it: a word is shared as phrases use it."""
        near: dict[str, float] = defaultdict(float)
        for family, word in asked.items():
            shares = self._shares.get(family, {})
            for topic, share in shares.items():
                near[topic] += self._weights[family] * word.sureness * share / max(shares.values()) / total
        return near


def _shares(spoken: Iterable[tuple[str, Iterable[str]]]) -> dict[str, dict[str, float]]:
    """For each family and topic the part of the topic's phrases that use it."""
    phrases: Counter[str] = Counter()
    uses: dict[str, Counter[str]] = defaultdict(Counter)
    for topic, families in spoken:
        phrases[topic] += 1
        for family in families:
            uses[family][topic] += 1
    return {family: {t: n / phrases[t] for t, n in topics.items()} for family, topics in uses.items()}


def _rarity(shares: Mapping[str, float]) -> float:
    """The fewer topics a word is at home in, the more it says: the logarithm of all topics over those."""
    homes = sum(shares.values()) / max(shares.values())
    return max(QUIET, math.log(len(Topic) / homes))
