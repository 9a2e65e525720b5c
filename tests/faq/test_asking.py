"""Questions are told apart from answers, and several in one message from each other."""

import pytest

from faq.asking import is_question, questions_in


@pytest.mark.parametrize(
    "text", ["How long does it take", "ரிப்போர்ட் எப்போது வரும்", "report kab aayegi", "is it free", "ok?"]
)
def test_a_question(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text", ["cough when lying down", "Amina Yusuf", "இருமல் இரண்டு நாளாக", "मुझे खाँसी है", "12.5.79", ""]
)
def test_no_question(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("How long? What does it cost?", ["How long", "What does it cost"]),
        ("where is my report? how much does it cost", ["where is my report", "how much does it cost"]),
        ("रिपोर्ट कब आएगी। कितना खर्चा होगा", ["रिपोर्ट कब आएगी", "कितना खर्चा होगा"]),
        ("I have 2.5 mg tablets", ["I have 2.5 mg tablets"]),
        ("?", ["?"]),
    ],
)
def test_the_questions_of_one_message(text: str, parts: list[str]) -> None:
    assert questions_in(text) == parts
