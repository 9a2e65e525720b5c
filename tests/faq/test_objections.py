"""Objections to a phrase, compared with the whole evaluation that they stand for."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.app import Engines
from faq.answer import LearnedPhrase
from faq.entries import Entry, Topic
from faq.evaluation import answer_all, is_right, read_questions
from faq.teaching import ObjectionKind, find_objections

PHRASES = (
    ("password", "en", "where is my report"),
    ("upload", "en", "my secret word is lost"),
    ("report", "en", "who won the cricket match"),
    ("status", "ta", "என் ரிப்போர்ட் எப்போது வரும்"),
    ("contact", "hi", "तस्वीर कैसे भेजूँ"),
    ("privacy", "en", "how do I send a picture of my chest"),
)


def _evaluated(engines: Engines, learned: Sequence[LearnedPhrase], entries: Sequence[Entry]) -> set[tuple[str, int]]:
    """Questions lost by topic and by refusal, from every answer before and after."""
    questions = read_questions("tune")
    before, after = (answer_all(one, questions) for one in (engines.faq, engines.faq.learn(learned, entries)))
    lost = [was for was, will in zip(before, after, strict=True) if is_right(was) and not is_right(will)]
    widened = sum(was.answer.topic == Topic.FALLBACK for was in lost)
    counts = {(ObjectionKind.LOSES.value, len(lost) - widened), (ObjectionKind.WIDENS.value, widened)}
    return {(kind, number) for kind, number in counts if number}


@pytest.mark.slow
@pytest.mark.parametrize(("topic", "locale", "phrase"), PHRASES)
def test_losses_are_those_of_the_whole_evaluation(topic: str, locale: str, phrase: str, engines: Engines) -> None:
    learned = [LearnedPhrase(topic, locale, phrase)] * 3
    found = find_objections(engines.faq, topic, learned)
    losses = {(one.kind.value, one.questions) for one in found if one.kind is not ObjectionKind.COLLIDES}
    assert losses == _evaluated(engines, learned, ())


def test_losses_by_a_new_topic_whose_words_were_off_topic_are_those_of_the_whole_evaluation(engines: Engines) -> None:
    entry = replace(engines.faq.entry("upload"), topic="own-1", title="Cricket", phrases=("cricket match score",))
    found = find_objections(engines.faq, "own-", [], [entry])
    assert {(one.kind.value, one.questions) for one in found} == _evaluated(engines, (), [entry])
    assert found
