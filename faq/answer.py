"""The hospital's FAQ: a question in, an answer out.

Scoring. The question is normalised and split into words; each word is replaced by its family ("upload", "send",
"अपलोड" are one), found exactly, by prefix or stem, by phonetic key, or by edit distance (rapidfuzz; a typo costs a
little). A word weighs more the fewer topics use it: "opacity" weighs much, "how" little, an unknown word a fixed
amount. Seven tenths of a topic's score come from its best phrase (shared weight over the weight of both), three tenths
from its vocabulary (the share of the question's weight that the topic uses). Whole words decide, never substrings, and
off-topic words lower every score. Below MIN_SCORE the answer is the fallback; below SURE_SCORE, or with a second topic
within MIN_LEAD, the answer offers the three best topics.

Emergencies come first: see `faq.emergency`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from faq.emergency import Emergency, EmergencyDetector, is_suicidal, load_detector
from faq.entries import Contacts, Entry, Topic, read_entries
from faq.index import Index, Match, terms_of
from faq.kept_words import KeptWords, load_kept_words
from faq.language import DEFAULT, LanguageDetector
from faq.lexicon import OFF_TOPIC, Lexicon, Word, read_families, read_words
from faq.urgency import Urgency, UrgencyRules, load_urgency_rules
from faq.words import MAX_QUESTION, normalise, tokens

FOLDER: Final = Path(__file__).parent / "data"
MIN_SCORE: Final = 0.4
MIN_SCORE_NEAR_EMERGENCY: Final = (
    0.85  # a symptom in the question makes it a question about the scan desk only if the match is strong
)
SURE_SCORE: Final = 0.6
MIN_LEAD: Final = 0.05
MAX_SUGGESTIONS: Final = 3
CONTACT_FACTS: Final = frozenset({"hours", "place", "email", "complain", "when", "where", "who", "what", "why"})
TAUGHT: Final = "taught"  # the kind of words added with an administrator's own topic
DEFAULT_SUGGESTIONS: Final = (Topic.UPLOAD, Topic.STATUS, Topic.CONTACT)  # when no topic matches


class Answer(NamedTuple):
    topic: str
    score: float  # 0–1, of the best topic; 1 for an emergency
    text: str  # plain text in `language`, ready to send
    suggestions: tuple[str, ...]  # at most three, best first
    sure: bool  # False: offer the suggestions
    emergency: bool  # somebody needs help now, without doubt
    language: str
    wants_person: bool = False  # asks to talk to a person
    urgency: Urgency = Urgency.NONE  # ASK: may be an emergency or an ordinary complaint


class LearnedPhrase(NamedTuple):
    """A phrase that an administrator added to a topic."""

    topic: str
    locale: str
    phrase: str


class Faq:
    """The loaded entries and their index. Immutable: a question changes no state."""

    def __init__(
        self,
        entries: Iterable[Entry],
        lexicon: Lexicon,
        detector: EmergencyDetector,
        urgency: UrgencyRules,
        languages: LanguageDetector,
        kept_words: KeptWords,
    ) -> None:
        self.kept_words = kept_words
        self._entries = {(entry.topic, entry.locale): entry for entry in entries}
        self._index = Index(lexicon, [e for e in self._entries.values() if e.topic != Topic.FALLBACK])
        self.lexicon = lexicon
        self._by_text = {normalise(p): e.topic for e in self._entries.values() for p in (e.title, *e.phrases)}
        self.detector = detector
        self._urgency = urgency
        self._languages = languages

    @property
    def topics(self) -> tuple[str, ...]:
        """The built-in topics in their order, then those that administrators added."""
        names = dict.fromkeys((*Topic, *(topic for topic, _ in self._entries)))
        return tuple(topic for topic in names if self._entry(topic, DEFAULT))

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted({locale for _, locale in self._entries}))

    def entry(self, topic: str, language: str = DEFAULT) -> Entry:
        """The entry in that language, else in English, else in any. Raises ValueError for an unknown topic."""
        found = self._entry(topic, language)
        if found is None:
            raise ValueError(f"{topic!r} is no topic")
        return found

    def _entry(self, topic: str, language: str) -> Entry | None:
        places = ((topic, language), (topic, DEFAULT), *((topic, other) for other in self.languages))
        return next((self._entries[place] for place in places if place in self._entries), None)

    def learn(self, learned: Iterable[LearnedPhrase] = (), entries: Iterable[Entry] = ()) -> "Faq":
        """A copy of this FAQ with taught phrases and entries added.

        Words of a new topic become on-topic words. Emergency detection does not change."""
        taught = _with_phrases([*self._entries.values(), *entries], learned)
        own = [text for entry in taught if entry.topic not in set(Topic) for text in (entry.title, *entry.phrases)]
        return Faq(taught, self._with_words(own), self.detector, self._urgency, self._languages, self.kept_words)

    def _with_words(self, texts: Iterable[str]) -> Lexicon:
        """A lexicon in which unknown or off-topic words of these texts are subjects."""
        kind = self.lexicon.kind
        found = {token: self.lexicon.words(token) for text in texts for token in tokens(text) if not token.isdecimal()}
        new = {t for t, words in found.items() if any(not w.is_known or kind(w.family) == OFF_TOPIC for w in words)}
        if not new:
            return self.lexicon
        known = dict(self.lexicon.families)
        taught = {**known.pop(TAUGHT, {}), **{f"{TAUGHT} {token}": [token] for token in sorted(new)}}
        return Lexicon({TAUGHT: taught, **known})

    def detect_emergency(self, text: str) -> Emergency:
        return self.detector.detect(text)

    def is_empty(self, text: str) -> bool:
        """Whether the text holds no meaningful word ("is it so")."""
        return not terms_of(self.lexicon, text)

    def language(self, question: str, otherwise: str = DEFAULT) -> str:
        """Tamil or Hindi when the question is in one of them, in its own script or romanised; else `otherwise`."""
        detected = self._languages.detect(question)
        return otherwise if detected == DEFAULT else detected

    def answer(self, question: str, language: str | None = None, *, complaint: bool = False) -> Answer:
        """The best answer, in the given language or else in the question's; `complaint`: typed into that form."""
        language = language or self.language(question)
        emergency, signs = self.detector.find(question)
        if emergency in {Emergency.PRESENT, Emergency.HYPOTHETICAL}:
            answer = self._answer_with(Topic.EMERGENCY, [Match(Topic.EMERGENCY, 1.0)], language)
            urgency = self._urgency.rate(question, signs, complaint=complaint)
            text = answer.text if is_suicidal(signs) or urgency is Urgency.NONE else _without_suicide_line(answer.text)
            return answer._replace(text=text, emergency=urgency is Urgency.NOW, urgency=urgency)
        question = question[:MAX_QUESTION]
        near = self._nearest(question, terms_of(self.lexicon, question))
        topic = _topic(near, emergency)
        return self._answer_with(topic, near, language)._replace(
            wants_person=topic == Topic.CONTACT and self._wants_person(question)
        )

    def topic_of(self, question: str, terms: Mapping[str, Word], emergency: Emergency) -> str:
        """The topic that `answer` finds for a question without an emergency to answer, from its terms in `lexicon`."""
        return _topic(self._nearest(question[:MAX_QUESTION], terms), emergency)

    def _nearest(self, question: str, terms: Mapping[str, Word]) -> list[Match]:
        """The best topics; a question equal to a phrase of an entry scores 1 for that entry."""
        near = self._index.nearest(terms)
        if topic := self._by_text.get(normalise(question)):
            near = [Match(topic, 1.0), *(one for one in near if one.topic != topic)]
        return near[:MAX_SUGGESTIONS]

    def _wants_person(self, question: str) -> bool:
        """Whether the question names a person of the staff and asks for no contact fact (number, hours, place)."""
        families = {word.family for word in self.lexicon.words(question)}
        return "human" in families and not families & CONTACT_FACTS

    def _answer_with(self, topic: str, near: Sequence[Match], language: str) -> Answer:
        entry = self.entry(topic, language)
        return Answer(
            topic=topic,
            score=round(near[0].score, 3) if near else 0.0,
            text=entry.text,
            suggestions=tuple(n.topic for n in near) or DEFAULT_SUGGESTIONS,
            sure=topic != Topic.FALLBACK and _is_clear(near),
            emergency=False,
            language=entry.locale,
        )


def load(contacts: Contacts | None = None, learned: Sequence[LearnedPhrase] = (), folder: Path = FOLDER) -> Faq:
    """Read entries and words from files (about half a second).

    Raises faq.entries.BadEntry for a broken file.
    """
    entries = list(read_entries(folder / "entries", contacts or Contacts()))
    words = read_families(folder / "families")
    faq = Faq(
        entries,
        Lexicon(words),
        load_detector(folder / "emergencies", words),
        load_urgency_rules(folder / "urgency"),
        LanguageDetector(_texts_by_language(entries, folder)),
        load_kept_words(folder / "kept_words.toml", words),
    )
    return faq.learn(learned) if learned else faq


def _with_phrases(entries: Sequence[Entry], learned: Iterable[LearnedPhrase]) -> list[Entry]:
    """Entries with the taught phrases added, in the phrase's language or, where the topic lacks it, in any."""
    homes: dict[str, str] = {}
    for entry in entries:
        homes.setdefault(entry.topic, entry.locale)
    places = {(entry.topic, entry.locale) for entry in entries}
    phrases: dict[tuple[str, str | None], list[str]] = {}
    for topic, locale, phrase in learned:
        home = locale if (topic, locale) in places else homes.get(topic)
        phrases.setdefault((topic, home), []).append(phrase)
    return [replace(one, phrases=(*one.phrases, *phrases.get((one.topic, one.locale), ()))) for one in entries]


def _without_suicide_line(text: str) -> str:
    """The emergency answer without its last line, which is for suicidal words alone."""
    return text.rstrip().rsplit("\n", 1)[0]


def _topic(near: Sequence[Match], emergency: Emergency) -> str:
    floor = MIN_SCORE if emergency is Emergency.NONE else MIN_SCORE_NEAR_EMERGENCY
    return near[0].topic if near and near[0].score >= floor else Topic.FALLBACK


def _is_clear(near: Sequence[Match]) -> bool:
    behind = near[1].score if len(near) > 1 else 0.0
    return near[0].score >= SURE_SCORE and near[0].score - behind >= MIN_LEAD


def _texts_by_language(entries: Iterable[Entry], folder: Path) -> dict[str, list[str]]:
    """All texts by language: entries and word lists."""
    texts: dict[str, list[str]] = {}
    for entry in entries:
        texts.setdefault(entry.locale, []).extend((entry.title, *entry.phrases, entry.text))
    for words in (read_words(folder / "families"), read_words(folder / "emergencies")):
        for language, members in words.items():
            texts.setdefault(language, []).extend(members)
    return texts
