"""Objections to a phrase before it is taught to the FAQ."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from faq.answer import Faq, LearnedPhrase
from faq.emergency import Emergency
from faq.entries import Entry, Topic
from faq.evaluation import Question, Result, answer_all, is_right, read_questions


class ObjectionKind(StrEnum):
    EMERGENCY = "emergency"  # the phrase is an emergency and always gets that answer: cannot be saved
    NOTHING = "nothing"  # the phrase has no meaningful word: cannot be saved
    COLLIDES = "collides"  # another topic answers it surely today
    LOSES = "loses"  # questions answered correctly today would get another answer
    WIDENS = "widens"  # questions refused today would get this answer


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
    """Objections to these phrases and entries. About a second of CPU: call it in a thread."""
    phrases = [one.phrase for one in learned]
    forbidden = [found for phrase in phrases if (found := find_prohibition(now, phrase))]
    return forbidden or [*_collisions(now, topic, phrases), *_losses(now, now.learn(learned, entries))]


def find_prohibition(faq: Faq, phrase: str) -> Objection | None:
    """The reason why this phrase can be taught to no topic, or None."""
    if faq.detect_emergency(phrase) in {Emergency.PRESENT, Emergency.HYPOTHETICAL}:
        return Objection(ObjectionKind.EMERGENCY, phrase, Topic.EMERGENCY)
    return Objection(ObjectionKind.NOTHING, phrase) if faq.is_empty(phrase) else None


def _collisions(now: Faq, topic: str, phrases: Sequence[str]) -> Iterator[Objection]:
    for phrase in phrases:
        answer = now.answer(phrase)
        if answer.sure and answer.topic != topic:
            yield Objection(ObjectionKind.COLLIDES, phrase, answer.topic)


def _losses(now: Faq, then: Faq) -> Iterator[Objection]:
    """Changes for the worse among the questions of the tuning half."""
    before, after = _before(now), answer_all(then, _questions())
    lost = [was for was, will in zip(before, after, strict=True) if is_right(was) and not is_right(will)]
    for doubt, refused in ((ObjectionKind.LOSES, False), (ObjectionKind.WIDENS, True)):
        of = [was for was in lost if (was.answer.topic == Topic.FALLBACK) is refused]
        if of:
            yield Objection(doubt, of[0].question.text, of[0].answer.topic, len(of))


@lru_cache(maxsize=1)
def _before(now: Faq) -> list[Result]:
    return answer_all(now, _questions())


@lru_cache(maxsize=1)
def _questions() -> list[Question]:
    return read_questions("tune")
