"""Objections to a phrase before it is taught to the FAQ."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from faq.answer import Faq, LearnedPhrase
from faq.emergency import Emergency, EmergencyDetector
from faq.entries import Entry, Topic
from faq.evaluation import EMERGENCY, Question, read_questions
from faq.index import terms_of
from faq.lexicon import Lexicon, Word
from faq.words import MAX_QUESTION


class ObjectionKind(StrEnum):
    EMERGENCY = "emergency"  # the phrase is an emergency and always gets that answer: cannot be saved
    NOTHING = "nothing"  # the phrase has no meaningful word: cannot be saved
    COLLIDES = "collides"  # another topic answers it surely today
    LOSES = "loses"  # questions answered correctly today would get another answer
    WIDENS = "widens"  # questions refused today would get this answer


DETECTED: Final = frozenset({Emergency.PRESENT, Emergency.HYPOTHETICAL})  # these are answered before any topic
PROHIBITIVE = frozenset({ObjectionKind.EMERGENCY, ObjectionKind.NOTHING})


class Objection(NamedTuple):
    """`topic` answers `example` today; `questions` counts the questions concerned."""

    kind: ObjectionKind
    example: str
    topic: str = ""
    questions: int = 1


def find_objections(
    now: Faq, topic: str, learned: Sequence[LearnedPhrase], entries: Sequence[Entry] = ()
) -> list[Objection]:
    """Objections to these phrases and entries. About half a second of CPU: call it in a thread."""
    phrases = [one.phrase for one in learned]
    forbidden = [found for phrase in phrases if (found := find_prohibition(now, phrase))]
    return forbidden or [*_collisions(now, topic, phrases), *_losses(now, now.learn(learned, entries))]


def find_prohibition(faq: Faq, phrase: str) -> Objection | None:
    """The reason why this phrase can be taught to no topic, or None."""
    if faq.detect_emergency(phrase) in DETECTED:
        return Objection(ObjectionKind.EMERGENCY, phrase, Topic.EMERGENCY)
    return Objection(ObjectionKind.NOTHING, phrase) if faq.is_empty(phrase) else None


def _collisions(now: Faq, topic: str, phrases: Sequence[str]) -> Iterator[Objection]:
    for phrase in phrases:
        answer = now.answer(phrase)
        if answer.sure and answer.topic != topic:
            yield Objection(ObjectionKind.COLLIDES, phrase, answer.topic)


def _losses(now: Faq, then: Faq) -> Iterator[Objection]:
    """Changes for the worse among the questions of the tuning half."""
    asked, before, after = _searched(now.detector), _topics(now), _topics(then)
    lost = [
        (question, was)
        for (question, _), was, will in zip(asked, before, after, strict=True)
        if was in question.right and will not in question.right
    ]
    for doubt, refused in ((ObjectionKind.LOSES, False), (ObjectionKind.WIDENS, True)):
        of = [(question, was) for question, was in lost if (was == Topic.FALLBACK) is refused]
        if of:
            yield Objection(doubt, of[0][0].text, of[0][1], len(of))


@lru_cache(maxsize=1)
def _searched(detector: EmergencyDetector) -> list[tuple[Question, Emergency]]:
    """The questions whose answer teaching may change: those in which no emergency is labelled or detected."""
    found = [(one, detector.detect(one.text)) for one in read_questions("tune") if EMERGENCY not in one.right]
    return [(one, emergency) for one, emergency in found if emergency not in DETECTED]


@lru_cache(maxsize=2)
def _terms(detector: EmergencyDetector, lexicon: Lexicon) -> list[dict[str, Word]]:
    """The terms of these questions."""
    return [terms_of(lexicon, one.text[:MAX_QUESTION]) for one, _ in _searched(detector)]


@lru_cache(maxsize=2)  # that of the FAQ as it is, while each try is compared with it
def _topics(faq: Faq) -> list[str]:
    """The topic that each of these questions finds."""
    asked = zip(_searched(faq.detector), _terms(faq.detector, faq.lexicon), strict=True)
    return [faq.topic_of(one.text, terms, emergency) for (one, emergency), terms in asked]
