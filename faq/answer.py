"""Questions in, answers out: the hospital's FAQ.

How a score is made. The question is brought to one spelling and cut into words; each word is replaced by its family
("upload", "send", "अपलोड" are one), found as written, by its beginning or stem, by its sound in Latin letters, or by
its nearest spelling (rapidfuzz; a typo costs a little). A word weighs the more the fewer topics use it: "opacity"
weighs much, "how" little, a word that no topic knows a fixed middling amount. Seven tenths of a topic's score are its
best phrase (the weight that question and phrase share, over the weight of both), three its vocabulary (how much of the
question's weight is words at home in the topic). So whole words decide and never substrings, and whatever else a
question says pulls every score down: below FLOOR we say that we do not know; between FLOOR and SURE, or with a second
topic close behind, the answer comes with the three nearest topics to choose from.

Words of danger come before all that; `faq.emergency` says which.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from faq.emergency import Danger, Siren, load_siren
from faq.entries import Contacts, Entry, Topic, read_entries
from faq.index import Index, Near
from faq.language import DEFAULT, Ear
from faq.lexicon import Lexicon, read_families, read_words
from faq.words import LONGEST_QUESTION, normalise, tokens

FOLDER: Final = Path(__file__).parent / "data"
FLOOR: Final = 0.45
FLOOR_NEAR_DANGER: Final = 0.85  # a symptom asked about is no question about the scan desk, unless it surely is
SURE: Final = 0.6
CLOSE_BEHIND: Final = 0.05
SUGGESTED: Final = 3
FACTS: Final = frozenset({"hours", "place", "email", "complain", "when", "where", "who", "what", "why"})
TAUGHT: Final = "taught"  # the kind of the words that came with an administrator's own topic
OFFERED: Final = (Topic.UPLOAD, Topic.STATUS, Topic.CONTACT)  # when nothing is near


class Answer(NamedTuple):
    topic: str
    score: float  # 0–1, of the nearest topic; 1 for an emergency
    text: str  # plain text in `language`, ready to send
    suggestions: tuple[str, ...]  # at most three, nearest first
    sure: bool  # False: offer the suggestions
    emergency: bool  # somebody needs help now
    language: str
    person: bool = False  # somebody wants to talk to a person


class Learned(NamedTuple):
    """A phrase that people really used, added by an administrator."""

    topic: str
    locale: str
    phrase: str


class Faq:
    """The loaded entries and how to find among them. Holds no state that a question changes."""

    def __init__(self, entries: Iterable[Entry], lexicon: Lexicon, siren: Siren, ear: Ear) -> None:
        self._entries = {(entry.topic, entry.locale): entry for entry in entries}
        self._index = Index(lexicon, [e for e in self._entries.values() if e.topic != Topic.FALLBACK])
        self._lexicon = lexicon
        self._spoken = {normalise(p): e.topic for e in self._entries.values() for p in (e.title, *e.phrases)}
        self._siren = siren
        self._ear = ear

    @property
    def topics(self) -> tuple[str, ...]:
        """The house's own topics in their order, then those that administrators added."""
        names = dict.fromkeys((*Topic, *(topic for topic, _ in self._entries)))
        return tuple(topic for topic in names if self._entry(topic, DEFAULT))

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted({locale for _, locale in self._entries}))

    def entry(self, topic: str, language: str = DEFAULT) -> Entry:
        """The entry in that language, else in English, else in what there is. Raises ValueError for no topic."""
        found = self._entry(topic, language)
        if found is None:
            raise ValueError(f"{topic!r} is no topic")
        return found

    def _entry(self, topic: str, language: str) -> Entry | None:
        places = ((topic, language), (topic, DEFAULT), *((topic, other) for other in self.languages))
        return next((self._entries[place] for place in places if place in self._entries), None)

    def learn(self, learned: Iterable[Learned] = (), entries: Iterable[Entry] = ()) -> "Faq":
        """The same FAQ with what administrators taught on top; this one stays as it is.

        The words of a topic of their own become words of this world. What is an emergency is not changed by that."""
        taught = _taught([*self._entries.values(), *entries], learned)
        own = [text for entry in taught if entry.topic not in set(Topic) for text in (entry.title, *entry.phrases)]
        return Faq(taught, self._with_words(own), self._siren, self._ear)

    def _with_words(self, texts: Iterable[str]) -> Lexicon:
        """A word that nobody here knew, or only as one of another world, is a subject from now on."""
        kind = self._lexicon.kind
        heard = {token: self._lexicon.words(token) for text in texts for token in tokens(text) if not token.isdecimal()}
        new = {t for t, words in heard.items() if any(not w.known or kind(w.family) == "foreign" for w in words)}
        if not new:
            return self._lexicon
        known = dict(self._lexicon.families)
        taught = {**known.pop(TAUGHT, {}), **{f"{TAUGHT} {token}": [token] for token in sorted(new)}}
        return Lexicon({TAUGHT: taught, **known})

    def known(self, word: str) -> bool:
        """Whether this word is one of the scan desk's, or of those that everybody uses."""
        return all(one.known for one in self._lexicon.words(word))

    def danger(self, text: str) -> Danger:
        return self._siren.hears(text)

    def says_nothing(self, text: str) -> bool:
        """Whether no word of it tells anything ("is it so")."""
        return self._index.says_nothing(text)

    def language(self, question: str, otherwise: str = DEFAULT) -> str:
        """Tamil or Hindi where the question shows one of them, in its own script or in Latin letters."""
        heard = self._ear.language(question)
        return otherwise if heard == DEFAULT else heard

    def answer(self, question: str, language: str | None = None) -> Answer:
        """The best answer, in the given language or else in the question's."""
        language = language or self.language(question)
        danger = self._siren.hears(question)
        if danger in {Danger.CRY, Danger.CASE}:
            answer = self._say(Topic.EMERGENCY, [Near(Topic.EMERGENCY, 1.0)], language)
            return answer._replace(emergency=danger is Danger.CRY)
        question = question[:LONGEST_QUESTION]
        near = self._nearest(question)
        floor = FLOOR if danger is Danger.NONE else FLOOR_NEAR_DANGER
        topic = near[0].topic if near and near[0].score >= floor else Topic.FALLBACK
        return self._say(topic, near, language)._replace(person=topic == Topic.CONTACT and self._wants_person(question))

    def _nearest(self, question: str) -> list[Near]:
        """What stands in an entry word for word is that entry's, whatever else its words may mean."""
        near = self._index.nearest(question)
        if topic := self._spoken.get(normalise(question)):
            near = [Near(topic, 1.0), *(one for one in near if one.topic != topic)]
        return near[:SUGGESTED]

    def _wants_person(self, question: str) -> bool:
        """A person is named and nothing is asked about: no number, no hours, no place."""
        said = {word.family for word in self._lexicon.words(question)}
        return "human" in said and not said & FACTS

    def _say(self, topic: str, near: Sequence[Near], language: str) -> Answer:
        entry = self.entry(topic, language)
        return Answer(
            topic=topic,
            score=round(near[0].score, 3) if near else 0.0,
            text=entry.text,
            suggestions=tuple(n.topic for n in near) or OFFERED,
            sure=topic != Topic.FALLBACK and _clear(near),
            emergency=False,
            language=entry.locale,
        )


def load(contacts: Contacts | None = None, learned: Sequence[Learned] = (), folder: Path = FOLDER) -> Faq:
    """Read entries and words from files, half a second of work: at start.

    Raises faq.entries.BadEntry for a broken file.
    """
    entries = list(read_entries(folder / "entries", contacts or Contacts()))
    words = read_families(folder / "families")
    faq = Faq(entries, Lexicon(words), load_siren(folder / "emergencies", words), Ear(_spoken(entries, folder)))
    return faq.learn(learned) if learned else faq


def _taught(entries: Sequence[Entry], learned: Iterable[Learned]) -> list[Entry]:
    """Each phrase with its topic's entry in its language, or in any: a question is compared with all languages."""
    homes: dict[str, str] = {}
    for entry in entries:
        homes.setdefault(entry.topic, entry.locale)
    places = {(entry.topic, entry.locale) for entry in entries}
    phrases: dict[tuple[str, str | None], list[str]] = {}
    for topic, locale, phrase in learned:
        home = locale if (topic, locale) in places else homes.get(topic)
        phrases.setdefault((topic, home), []).append(phrase)
    return [replace(one, phrases=(*one.phrases, *phrases.get((one.topic, one.locale), ()))) for one in entries]


def _clear(near: Sequence[Near]) -> bool:
    behind = near[1].score if len(near) > 1 else 0.0
    return near[0].score >= SURE and near[0].score - behind >= CLOSE_BEHIND


def _spoken(entries: Iterable[Entry], folder: Path) -> dict[str, list[str]]:
    """All we know of each language: entries and word lists."""
    spoken: dict[str, list[str]] = {}
    for entry in entries:
        spoken.setdefault(entry.locale, []).extend((entry.title, *entry.phrases, entry.text))
    for words in (read_words(folder / "families"), read_words(folder / "emergencies")):
        for language, known in words.items():
            spoken.setdefault(language, []).extend(known)
    return spoken
