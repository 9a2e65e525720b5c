"""Scores of topics for a question: an inverted index over the word families of all phrases."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from faq.entries import Entry, Topic
from faq.lexicon import OFF_TOPIC, Lexicon, Word

KIND_WEIGHTS: Final = {
    "general": 0.65,
    "object": 0.6,
    "subject": 1.0,
    "taught": 1.0,
    "greeting": 1.0,
}  # weight of a word, by its kind; all figures here were tuned on faq/data/questions/tune.txt
UNKNOWN_KIND_WEIGHT: Final = 0.6  # weight of a word that occurs in a phrase but in no family
OFF_TOPIC_WEIGHT: Final = 5.0  # weight of an off-topic word (weather, cricket): more than the rarest on-topic word
OFF_TOPIC_PENALTY: Final = 0.6  # factor on every score when the question has an off-topic word
NO_SUBJECT_PENALTY: Final = 0.6  # factor when the question names no subject ("how do you do it")
SUBJECT_KINDS: Final = frozenset({"subject", "object", "taught", "greeting"})
IGNORED_KINDS: Final = frozenset({"silent", "greeting"})
MIN_TERM_WEIGHT: Final = 0.3  # weight of a word that every topic uses
UNKNOWN_TERM_WEIGHT: Final = 2.0  # weight of an unknown word; the rarest known word weighs about 3.2
MAX_UNKNOWN_TERMS: Final = 2  # further unknown words are not counted
PHRASE_SHARE: Final = 0.7  # share of the best phrase in a score; the rest is the topic's vocabulary
PHRASE_REST_WEIGHT: Final = 0.7  # weight of a phrase's word that the question lacks; a question's own counts 1


class Match(NamedTuple):
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
        texts = [(e.topic, _families_of(lexicon, text)) for e in entries for text in (e.title, *e.phrases)]
        all_shares = _shares(texts)
        self._weights = {
            family: _rarity(shares) * KIND_WEIGHTS.get(lexicon.kind(family) or "", UNKNOWN_KIND_WEIGHT)
            for family, shares in all_shares.items()
        }
        # an off-topic word in a phrase never matches one in a question
        self._shares = {family: shares for family, shares in all_shares.items() if lexicon.kind(family) != OFF_TOPIC}
        self._most = {family: max(shares.values()) for family, shares in self._shares.items()}
        phrases = sorted({self._phrase(topic, families) for topic, families in texts}, key=lambda p: p.topic)
        self._phrase_weights = np.array([phrase.weight for phrase in phrases])
        places = defaultdict[str, list[int]](list)
        for place, phrase in enumerate(phrases):
            for family in phrase.families & self._shares.keys():
                places[family].append(place)
        self._places = {family: np.array(found) for family, found in places.items()}
        topics = [phrase.topic for phrase in phrases]
        self._topics = list(dict.fromkeys(topics))
        self._starts = np.array([topics.index(topic) for topic in self._topics], dtype=np.intp)

    def nearest(self, asked: Mapping[str, Word]) -> list[Match]:
        """Topics that share a word with these terms, best first."""
        total = self._total(asked)
        if not total:
            return []
        phrases, words = self._by_phrase(asked, total), self._by_vocabulary(asked, total)
        kinds = {self._lexicon.kind(family) for family in asked}
        trust = (1.0 if kinds & SUBJECT_KINDS else NO_SUBJECT_PENALTY) * (
            OFF_TOPIC_PENALTY if OFF_TOPIC in kinds else 1.0
        )
        near = [Match(t, trust * (PHRASE_SHARE * phrases[t] + (1 - PHRASE_SHARE) * words[t])) for t in words]
        return sorted(near, key=lambda n: (-n.score, n.topic))

    def _phrase(self, topic: str, families: frozenset[str]) -> Phrase:
        return Phrase(topic, families, sum(self._weights[family] for family in families))

    def _total(self, asked: Mapping[str, Word]) -> float:
        foreign = sum(self._lexicon.kind(family) == OFF_TOPIC for family in asked)
        unknown = sum(family not in self._weights for family in asked) - foreign
        known = sum(self._weights.get(family, 0.0) for family in asked)
        return known + OFF_TOPIC_WEIGHT * foreign + UNKNOWN_TERM_WEIGHT * min(unknown, MAX_UNKNOWN_TERMS)

    def _by_phrase(self, asked: Mapping[str, Word], total: float) -> dict[str, float]:
        """The best phrase of each topic: shared weight over the weights of both (the phrase's rest counts less)."""
        shared: npt.NDArray[np.float64] = np.zeros(len(self._phrase_weights))
        for family, word in asked.items():
            if (places := self._places.get(family)) is not None:
                shared[places] += self._weights[family] * word.confidence
        scores = (1 + PHRASE_REST_WEIGHT) * shared / (total + PHRASE_REST_WEIGHT * self._phrase_weights)
        return dict(zip(self._topics, np.maximum.reduceat(scores, self._starts).tolist(), strict=True))

    def _by_vocabulary(self, asked: Mapping[str, Word], total: float) -> dict[str, float]:
        """The share of the question's weight that each topic uses, in proportion to its phrases that use the word."""
        near: dict[str, float] = defaultdict(float)
        for family, word in asked.items():
            if family in self._shares:
                weight, most = self._weights[family] * word.confidence, self._most[family]
                for topic, share in self._shares[family].items():
                    near[topic] += weight * share / most / total
        return near


def terms_of(lexicon: Lexicon, text: str) -> dict[str, Word]:
    """The meaningful words of a text by family, once each; a greeting counts only when there is no other."""
    words = {word.family: word for word in lexicon.words(text)}
    kinds = {family: lexicon.kind(family) for family in words}
    silent = IGNORED_KINDS if set(kinds.values()) - IGNORED_KINDS - {"general"} else IGNORED_KINDS - {"greeting"}
    return {family: word for family, word in words.items() if kinds[family] not in silent}


def _families_of(lexicon: Lexicon, phrase: str) -> frozenset[str]:
    """The families of an entry's phrase, read once for each lexicon; of questions nothing is kept."""
    if phrase not in lexicon.phrases:
        lexicon.phrases[phrase] = frozenset(terms_of(lexicon, phrase))
    return lexicon.phrases[phrase]


def _shares(texts: Iterable[tuple[str, Iterable[str]]]) -> dict[str, dict[str, float]]:
    """By family and topic, the share of the topic's phrases that use the family."""
    phrases: Counter[str] = Counter()
    uses: dict[str, Counter[str]] = defaultdict(Counter)
    for topic, families in texts:
        phrases[topic] += 1
        for family in families:
            uses[family][topic] += 1
    return {family: {t: n / phrases[t] for t, n in topics.items()} for family, topics in uses.items()}


def _rarity(shares: Mapping[str, float]) -> float:
    """Inverse topic frequency of a word: the logarithm of the number of topics over those that use it."""
    homes = sum(shares.values()) / max(shares.values())
    return max(MIN_TERM_WEIGHT, math.log(len(Topic) / homes))
