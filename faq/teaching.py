"""What speaks against teaching the FAQ a phrase, found before it is taught."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from faq.answer import Faq, Learned
from faq.emergency import Danger
from faq.entries import Entry, Topic
from faq.evaluation import Asked, Question, ask_all, is_right, read_questions


class Doubt(StrEnum):
    EMERGENCY = "emergency"  # the emergency answer comes first, whatever is taught: cannot be saved
    NOTHING = "nothing"  # no word of it says anything
    COLLIDES = "collides"  # another topic surely answers this today
    LOSES = "loses"  # questions that are answered rightly today would not be
    WIDENS = "widens"  # questions that nothing answers today would get this


FORBIDS = frozenset({Doubt.EMERGENCY, Doubt.NOTHING})


class Objection(NamedTuple):
    """`topic` answers `example` today; there are so many questions like it."""

    doubt: Doubt
    example: str
    topic: str = ""
    times: int = 1


def objections(now: Faq, topic: str, learned: Sequence[Learned], entries: Sequence[Entry] = ()) -> list[Objection]:
    """Between the FAQ as it is and as it would be: about a second of work, for a thread."""
    phrases = [one.phrase for one in learned]
    forbidden = [found for phrase in phrases if (found := forbids(now, phrase))]
    return forbidden or [*_collisions(now, topic, phrases), *_losses(now, now.learn(learned, entries))]


def forbids(faq: Faq, phrase: str) -> Objection | None:
    """Why this phrase can be taught to no topic at all."""
    if faq.danger(phrase) in {Danger.CRY, Danger.CASE}:
        return Objection(Doubt.EMERGENCY, phrase, Topic.EMERGENCY)
    return Objection(Doubt.NOTHING, phrase) if faq.says_nothing(phrase) else None


def _collisions(now: Faq, topic: str, phrases: Sequence[str]) -> Iterator[Objection]:
    for phrase in phrases:
        answer = now.answer(phrase)
        if answer.sure and answer.topic != topic:
            yield Objection(Doubt.COLLIDES, phrase, answer.topic)


def _losses(now: Faq, then: Faq) -> Iterator[Objection]:
    """Of the questions that words and weights were made with."""
    before, after = _before(now), ask_all(then, _questions())
    lost = [was for was, will in zip(before, after, strict=True) if is_right(was) and not is_right(will)]
    for doubt, refused in ((Doubt.LOSES, False), (Doubt.WIDENS, True)):
        of = [was for was in lost if (was.answer.topic == Topic.FALLBACK) is refused]
        if of:
            yield Objection(doubt, of[0].question.text, of[0].answer.topic, len(of))


@lru_cache(maxsize=1)
def _before(now: Faq) -> list[Asked]:
    return ask_all(now, _questions())


@lru_cache(maxsize=1)
def _questions() -> list[Question]:
    return read_questions("tune")
