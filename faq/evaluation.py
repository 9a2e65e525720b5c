"""Evaluation of the FAQ on labelled questions, by the topic found and, apart from it, by what the answer says."""

import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from faq.answer import FOLDER, Answer, Faq
from faq.entries import Topic
from faq.urgency import Urgency

HALVES: Final = ("tune", "test")
ANSWER_HALVES: Final = ("tune", "fresh")
EMERGENCY: Final = "cry"  # the label of an emergency in the question files, as opposed to a question about emergencies


class Question(NamedTuple):
    """A question and its right topics (any of them counts), or the label of an emergency."""

    language: str
    right: frozenset[str]
    text: str


class Result(NamedTuple):
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
    """Shares of questions; docs/performance.md has the goals."""

    top_1: Share  # the right topic
    top_3: Share  # the right topic or a suggestion of it
    refused: Share  # off-topic questions that got the fallback
    emergencies: Share  # emergencies detected
    false_alarms: Share  # other questions that got the emergency answer
    slowest: float  # processor seconds for the slowest answer


def read_questions(half: str, folder: Path = FOLDER) -> list[Question]:
    """Questions of a half: `tune` is read while words and weights are changed, `test` is only measured."""
    lines = (folder / "questions" / f"{half}.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return [Question(language, frozenset(right.split("/")), text) for language, right, text in rows]


def answer_all(faq: Faq, questions: Iterable[Question]) -> list[Result]:
    return [_evaluate_one(faq, question) for question in questions]


def _evaluate_one(faq: Faq, question: Question) -> Result:
    begun = time.thread_time()
    answer = faq.answer(question.text)
    return Result(question, answer, time.thread_time() - begun)


def count(asked: Sequence[Result], language: str | None = None) -> Figures:
    """Figures over all questions or those of one language."""
    of = [a for a in asked if language in {None, a.question.language}]
    known = [a for a in of if len(a.question.right) == 1 and not a.question.right & {EMERGENCY, Topic.FALLBACK}]
    return Figures(
        top_1=_share(known, is_right),
        top_3=_share(known, lambda a: bool(a.question.right & {a.answer.topic, *a.answer.suggestions})),
        refused=_share([a for a in of if a.question.right == {Topic.FALLBACK}], is_right),
        emergencies=_share([a for a in of if EMERGENCY in a.question.right], is_right),
        false_alarms=_share([a for a in of if not a.question.right & {EMERGENCY, Topic.EMERGENCY}], _is_false_alarm),
        slowest=max((a.seconds for a in of), default=0.0),
    )


def _is_false_alarm(asked: Result) -> bool:
    return asked.answer.topic == Topic.EMERGENCY


def is_right(asked: Result) -> bool:
    """An emergency must be detected; any other question must get its topic and no alarm."""
    if EMERGENCY in asked.question.right:
        return asked.answer.urgency is not Urgency.NONE
    return asked.answer.topic in asked.question.right and not asked.answer.emergency


def confusions(asked: Iterable[Result]) -> list[tuple[str, str, int]]:
    """(right, answered, how often), the most frequent first."""
    wrong = Counter(("/".join(sorted(a.question.right)), _given(a.answer)) for a in asked if not is_right(a))
    return [(right, given, times) for (right, given), times in wrong.most_common()]


def _given(answer: Answer) -> str:
    return EMERGENCY if answer.emergency else str(answer.topic)


def _share(asked: Sequence[Result], good: Callable[[Result], bool]) -> Share:
    return Share(sum(map(good, asked)), len(asked))


@dataclass(frozen=True)
class AnswerFigures:
    """Shares of questions by people's situation; the topic found plays no part except in refusing."""

    answered: Share  # the answer says what the need asks for
    offered: Share  # the answer says it, or one behind a button below an answer that is not sure
    refused: Share  # off-topic questions that got the fallback


def read_asked(half: str, folder: Path = FOLDER) -> list[Question]:
    """Questions by people's situation, each with its need in place of a topic; "fresh" is only measured."""
    return read_questions(f"answers_{half}", folder)


def read_needs(folder: Path = FOLDER) -> dict[str, dict[str, list[str]]]:
    """By need and language, the words any of which a right answer contains."""
    return tomllib.loads((folder / "questions" / "needs.toml").read_text(encoding="utf-8"))


def says_what_is_needed(asked: Result, needs: dict[str, dict[str, list[str]]]) -> bool:
    """Whether the answer meets the question's need; for an off-topic question, whether it is the fallback."""
    (need,) = asked.question.right
    if need == Topic.FALLBACK:
        return asked.answer.topic == Topic.FALLBACK
    found = (word in asked.answer.text for word in needs[need][asked.question.language])
    return asked.answer.topic != Topic.FALLBACK and any(found)


def offers_what_is_needed(faq: Faq, asked: Result, needs: dict[str, dict[str, list[str]]]) -> bool:
    """Whether the answer meets the question's need, or one behind a button below an answer that is not sure does."""
    if says_what_is_needed(asked, needs):
        return True
    (need,) = asked.question.right
    behind = () if asked.answer.sure else asked.answer.suggestions
    texts = [faq.entry(topic, asked.question.language).text for topic in behind]
    return any(word in text for word in needs[need][asked.question.language] for text in texts)


def count_answers(faq: Faq, asked: Sequence[Result], language: str | None = None) -> AnswerFigures:
    """Answer figures over all questions or those of one language."""
    needs = read_needs()
    of = [a for a in asked if language in {None, a.question.language}]
    off = [a for a in of if Topic.FALLBACK in a.question.right]
    on = [a for a in of if Topic.FALLBACK not in a.question.right]
    return AnswerFigures(
        answered=_share(on, lambda a: says_what_is_needed(a, needs)),
        offered=_share(on, lambda a: offers_what_is_needed(faq, a, needs)),
        refused=_share(off, lambda a: says_what_is_needed(a, needs)),
    )
