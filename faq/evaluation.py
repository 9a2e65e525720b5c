"""How often the FAQ is right, on questions it was not made from."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from faq.answer import FOLDER, Answer, Faq
from faq.entries import Topic

HALVES: Final = ("tune", "test")
CRY: Final = "cry"  # an expected emergency, as different from a question about emergencies


class Question(NamedTuple):
    """A question and what is right: a topic, several where any of them will do, or a cry for help."""

    language: str
    right: frozenset[str]
    text: str


class Asked(NamedTuple):
    question: Question
    answer: Answer
    seconds: float


@dataclass(frozen=True)
class Share:
    good: int
    total: int

    @property
    def rate(self) -> float | None:
        return self.good / self.total if self.total else None


@dataclass(frozen=True)
class Figures:
    """Shares of questions; the goals stand in the README."""

    top: Share  # the right topic
    three: Share  # the right topic or a suggestion of it
    refused: Share  # off-topic and answered "I do not know"
    recalled: Share  # cries for help that were heard
    alarms: Share  # other questions that got the emergency answer
    slowest: float  # processor seconds for the slowest answer


def read_questions(half: str, folder: Path = FOLDER) -> list[Question]:
    """`tune` is looked at while words and weights are changed, `test` only counted."""
    lines = (folder / "questions" / f"{half}.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return [Question(language, frozenset(right.split("/")), text) for language, right, text in rows]


def ask_all(faq: Faq, questions: Iterable[Question]) -> list[Asked]:
    return [_ask(faq, question) for question in questions]


def _ask(faq: Faq, question: Question) -> Asked:
    begun = time.thread_time()
    answer = faq.answer(question.text)
    return Asked(question, answer, time.thread_time() - begun)


def count(asked: Sequence[Asked], language: str | None = None) -> Figures:
    """Figures over all questions or those of one language."""
    of = [a for a in asked if language in {None, a.question.language}]
    known = [a for a in of if len(a.question.right) == 1 and not a.question.right & {CRY, Topic.FALLBACK}]
    return Figures(
        top=_share(known, is_right),
        three=_share(known, lambda a: bool(a.question.right & {a.answer.topic, *a.answer.suggestions})),
        refused=_share([a for a in of if a.question.right == {Topic.FALLBACK}], is_right),
        recalled=_share([a for a in of if CRY in a.question.right], is_right),
        alarms=_share([a for a in of if not a.question.right & {CRY, Topic.EMERGENCY}], _is_alarm),
        slowest=max((a.seconds for a in of), default=0.0),
    )


def _is_alarm(asked: Asked) -> bool:
    return asked.answer.topic == Topic.EMERGENCY


def is_right(asked: Asked) -> bool:
    """A cry must raise the alarm; anything else must get its topic and no alarm."""
    if CRY in asked.question.right:
        return asked.answer.emergency
    return asked.answer.topic in asked.question.right and not asked.answer.emergency


def confusions(asked: Iterable[Asked]) -> list[tuple[str, str, int]]:
    """(right, answered, how often), the most frequent first."""
    wrong = Counter(("/".join(sorted(a.question.right)), _given(a.answer)) for a in asked if not is_right(a))
    return [(right, given, times) for (right, given), times in wrong.most_common()]


def _given(answer: Answer) -> str:
    return CRY if answer.emergency else str(answer.topic)


def _share(asked: Sequence[Asked], good: Callable[[Asked], bool]) -> Share:
    return Share(sum(map(good, asked)), len(asked))
