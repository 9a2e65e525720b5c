"""Questions in, answers out: the hospital's FAQ.

How a score is made. The question is brought to one spelling and cut into words; each word is replaced by its family
("upload", "send", "अपलोड" are one), found as written, by its beginning or stem, by its sound in Latin letters, or by
its nearest spelling (rapidfuzz; a typo costs a little). A word weighs the more the fewer topics use it: "opacity"
weighs much, "how" next to nothing, a word that no topic knows a fixed middling amount. A topic's score is half its best
phrase (the weight that question and phrase share, over the weight of both), half its vocabulary (how much of the
question's weight is words at home in the topic). So whole words decide and never substrings, and whatever else a
question says pulls every score down: below FLOOR we say that we do not know; between FLOOR and SURE, or with a second
topic close behind, the answer comes with the three nearest topics to choose from.

Words of danger come before all that; `faq.danger` says which.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from faq.danger import Danger, Siren, load_siren
from faq.index import Index, Near
from faq.language import DEFAULT, Ear
from faq.lexicon import Lexicon, read_families, read_words
from faq.pages import Contacts, Entry, Topic, read_entries

FOLDER: Final = Path(__file__).parent
FLOOR: Final = 0.45
FLOOR_NEAR_DANGER: Final = 0.8  # a symptom asked about is no question about the scan desk, unless it surely is
SURE: Final = 0.6
CLOSE_BEHIND: Final = 0.05
SUGGESTED: Final = 3
OFFERED: Final = (Topic.UPLOAD, Topic.STATUS, Topic.CONTACT)  # when nothing is near


class Answer(NamedTuple):
    topic: Topic
    score: float  # 0–1, of the nearest topic; 1 for an emergency
    text: str  # plain text in `language`, ready to send
    suggestions: tuple[Topic, ...]  # at most three, nearest first
    sure: bool  # False: offer the suggestions
    emergency: bool  # somebody needs help now
    language: str


class Faq:
    """The loaded entries and how to find among them. Holds no state that a question changes."""

    def __init__(self, entries: Iterable[Entry], lexicon: Lexicon, siren: Siren, ear: Ear) -> None:
        self._entries = {(entry.topic, entry.locale): entry for entry in entries}
        self._index = Index(lexicon, [e for e in self._entries.values() if e.topic is not Topic.FALLBACK])
        self._siren = siren
        self._ear = ear

    @property
    def topics(self) -> tuple[Topic, ...]:
        return tuple(topic for topic in Topic if (topic, DEFAULT) in self._entries)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted({locale for _, locale in self._entries}))

    def entry(self, topic: Topic | str, language: str = DEFAULT) -> Entry:
        """The entry in that language, else in English. Raises ValueError for an unknown topic."""
        topic = Topic(topic)
        return self._entries.get((topic, language)) or self._entries[topic, DEFAULT]

    def answer(self, question: str, language: str | None = None) -> Answer:
        """The best answer, in the given language or else in the question's."""
        language = language or self._ear.language(question)
        danger = self._siren.hears(question)
        if danger in {Danger.CRY, Danger.CASE}:
            answer = self._say(Topic.EMERGENCY, [Near(Topic.EMERGENCY, 1.0)], language)
            return answer._replace(emergency=danger is Danger.CRY)
        near = self._index.nearest(question)[:SUGGESTED]
        floor = FLOOR if danger is Danger.NONE else FLOOR_NEAR_DANGER
        topic = near[0].topic if near and near[0].score >= floor else Topic.FALLBACK
        return self._say(topic, near, language)

    def _say(self, topic: Topic, near: Sequence[Near], language: str) -> Answer:
        entry = self.entry(topic, language)
        return Answer(
            topic=topic,
            score=round(near[0].score, 3) if near else 0.0,
            text=entry.text,
            suggestions=tuple(n.topic for n in near) or OFFERED,
            sure=topic is not Topic.FALLBACK and _clear(near),
            emergency=False,
            language=entry.locale,
        )


class Learned(NamedTuple):
    """A phrase that people really used, added by an administrator."""

    topic: Topic
    locale: str
    phrase: str


def load(contacts: Contacts | None = None, learned: Iterable[Learned] = (), folder: Path = FOLDER) -> Faq:
    """Read entries and words from files, half a second of work: at start, and again when a phrase is learned.

    Raises faq.pages.BadEntry for a broken file.
    """
    entries = list(map(_teacher(learned), read_entries(folder / "entries", contacts or Contacts())))
    words = read_families(folder / "families")
    return Faq(entries, Lexicon(words), load_siren(folder / "dangers", words), Ear(_spoken(entries, folder)))


def _teacher(learned: Iterable[Learned]) -> Callable[[Entry], Entry]:
    phrases: dict[tuple[Topic, str], list[str]] = {}
    for topic, locale, phrase in learned:
        phrases.setdefault((topic, locale), []).append(phrase)

    def teach(entry: Entry) -> Entry:
        return replace(entry, phrases=(*entry.phrases, *phrases.get((entry.topic, entry.locale), ())))

    return teach


def _clear(near: Sequence[Near]) -> bool:
    behind = near[1].score if len(near) > 1 else 0.0
    return near[0].score >= SURE and near[0].score - behind >= CLOSE_BEHIND


def _spoken(entries: Iterable[Entry], folder: Path) -> dict[str, list[str]]:
    """All we know of each language: entries and word lists."""
    spoken: dict[str, list[str]] = {}
    for entry in entries:
        spoken.setdefault(entry.locale, []).extend((entry.title, *entry.phrases, entry.text))
    for words in (read_words(folder / "families"), read_words(folder / "dangers")):
        for language, known in words.items():
            spoken.setdefault(language, []).extend(known)
    return spoken
