"""Answers of the FAQ to patients' questions."""

import shutil
from pathlib import Path

import pytest

from faq.answer import FOLDER, Faq, LearnedPhrase, load
from faq.entries import BadEntry, Contacts, Entry, Topic
from faq.index import Index, terms_of
from faq.lexicon import Lexicon


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("how do I upload my scan", "upload"),
        ("HOW DO I UPLOAD MY SCAN???", "upload"),
        ("what does lung opacity mean", "opacity"),
        ("I did not get the code", "otp"),
        ("how long until my report", "status"),
        ("is my data safe", "privacy"),
        ("forgot pasword", "password"),
        ("difference between CT and X-ray", "ct"),
        ("hello", "greeting"),
        ("hello, what does NIH merged mean please", "nih"),
    ],
)
def test_a_plain_question_finds_its_topic(faq: Faq, question: str, topic: str) -> None:
    assert faq.answer(question).topic == topic


@pytest.mark.parametrize(
    "question", ["what is the capital of France", "how to cook biryani", "zzz qqq", "", "?!", "🙂🙂"]
)
def test_what_the_hospital_does_not_know_is_said_so_and_something_is_offered(faq: Faq, question: str) -> None:
    answer = faq.answer(question)
    assert answer.topic == Topic.FALLBACK
    assert not answer.sure
    assert answer.suggestions


@pytest.mark.parametrize("question", ["what is chest pain a symptom of", "paint the wall", "my air conditioner aches"])
def test_letters_inside_other_words_are_no_words(faq: Faq, question: str) -> None:
    """ "pain" contains "ai": a substring matcher answers chest pain with the page about the AI."""
    assert faq.answer(question).topic != Topic.AI


def test_a_sure_answer_stands_alone_and_an_unsure_one_offers_three_topics(faq: Faq) -> None:
    assert faq.answer("what does lung opacity mean").sure
    unsure = faq.answer("scan and report")
    assert not unsure.sure
    assert len(set(unsure.suggestions)) == 3
    assert {Topic.REPORT, Topic.STATUS} <= set(unsure.suggestions)


def test_a_long_text_is_answered_in_bounded_time_and_without_error(faq: Faq) -> None:
    assert faq.answer("where is my report " * 5000).topic == Topic.REPORT


def test_the_hospitals_own_numbers_stand_in_the_answers() -> None:
    faq = load(Contacts(emergency_number="999", hospital_phone="044-123"))
    assert "999" in faq.answer("I can't breathe").text
    assert "044-123" in faq.entry(Topic.CONTACT).text
    assert "044-123" in faq.entry(Topic.CONTACT, "ta").text


@pytest.mark.parametrize(("language", "name"), [("en", "the hospital"), ("hi", "अस्पताल"), ("ta", "மருத்துவமனை")])
def test_a_hospital_that_gave_no_name_is_called_so_in_each_language(faq: Faq, language: str, name: str) -> None:
    text = faq.entry(Topic.DOCTOR, language).text
    assert name in text
    assert "hospital card" not in text or language == "en"


def test_a_learned_phrase_works_at_once(faq: Faq) -> None:
    question = "why is my bollywood blinking"
    assert faq.answer(question).topic == Topic.FALLBACK
    taught = load(learned=[LearnedPhrase(Topic.STATUS, "en", question)])
    assert taught.answer(question).topic == Topic.STATUS


def test_every_topic_has_an_english_entry_with_a_next_step_and_enough_phrases(faq: Faq) -> None:
    for topic in Topic:
        entry = faq.entry(topic)
        assert entry.text, topic
        assert entry.title, topic
        assert "{" not in entry.text, topic
        assert "Next step" in entry.text or topic is Topic.EMERGENCY, topic
        assert topic not in entry.related, topic
        assert len(entry.phrases) >= 12 or topic is Topic.FALLBACK, topic


@pytest.mark.parametrize(
    ("change", "complaint"),
    [('id = "upload"', "id"), ("phrases =", "phrases"), ("related = [", "pharmacist")],
)
def test_a_broken_entry_is_named_when_loading(tmp_path: Path, change: str, complaint: str) -> None:
    shutil.copytree(FOLDER / "entries", tmp_path / "entries")
    file = tmp_path / "entries" / "en" / "upload.toml"
    broken = {"id": 'id = "pharmacist"', "phrases": "sentences =", "pharmacist": 'related = ["pharmacy", '}[complaint]
    file.write_text(file.read_text(encoding="utf-8").replace(change, broken), encoding="utf-8")
    with pytest.raises(BadEntry, match=r"en/upload\.toml"):
        load(folder=tmp_path)


def test_one_off_topic_word_in_a_phrase_makes_no_other_fit() -> None:
    lexicon = Lexicon({"subject": {"device": ["phone"]}, "foreign": {"elsewhere": ["bus", "cricket"]}})
    lost = Entry("device", "en", "lost phone", "account", ("the phone lies in the bus",), (), "")
    index = Index(lexicon, [lost])
    assert index.nearest(terms_of(lexicon, "cricket")) == []
    with_word, without = (index.nearest(terms_of(lexicon, text))[0].score for text in ("phone bus", "phone"))
    assert with_word < without / 2
