"""Words of danger come first, and only when somebody is in danger."""

import pytest

from faq.answer import Faq
from faq.pages import Topic


@pytest.mark.parametrize(
    "cry",
    [
        "I can't breathe",
        "i cant breath",
        "My mother cannot breathe properly",
        "chest pain",
        "I have chest pain, what does it mean",
        "he is coughing blood",
        "her lips are turning blue",
        "my father fainted",
        "I want to die",
        "I want to kill myself, and how do I upload my scan",
        "heart attack please help",
    ],
)
def test_a_cry_for_help_is_answered_with_the_emergency_number(faq: Faq, cry: str) -> None:
    answer = faq.answer(cry)
    assert answer.emergency
    assert answer.topic == Topic.EMERGENCY
    assert "112" in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "what is chest pain a symptom of",
        "can covid cause shortness of breath",
        "I have no chest pain",
        "I had chest pain last year",
        "should I hold my breath for the x-ray",
        "does the MRI show a heart attack",
        "where is my report",
        "how to cook biryani",
        "what is the ambulance number",
    ],
)
def test_a_question_about_danger_is_no_cry_for_help(faq: Faq, question: str) -> None:
    assert not faq.answer(question).emergency
