"""How urgent words are: certain, worth a question, or ordinary; measured on lines written before the words.

Five lines of `test` and six of `fresh` were not heard at first, four complaints of `fresh` were certain; they have
been mended by their kind: neither is blind any more."""

import json

import pytest
from typer.testing import CliRunner

from bot.cli.faq import app
from faq.answer import FOLDER, Faq
from faq.urgency import Urgency

HALVES = ("tune", "test", "fresh")
LANGUAGES = ("en", "ta", "hi")
SUICIDE_LINE = "14416"  # Tele-MANAS
Line = tuple[str, str, str]  # language, label, text


def read_lines(half: str) -> list[Line]:
    lines = (FOLDER / "questions" / f"urgency_{half}.txt").read_text(encoding="utf-8").splitlines()
    return [(language, label, text) for language, label, text in (line.split("\t") for line in lines)]


def urgencies(faq: Faq, half: str, *labels: str, complaint: bool = False) -> dict[str, Urgency]:
    chosen = [text for _, label, text in read_lines(half) if label in labels]
    return {text: faq.answer(text, complaint=complaint).urgency for text in chosen}


def share(found: dict[str, Urgency], *right: Urgency) -> float:
    return sum(urgency in right for urgency in found.values()) / len(found)


@pytest.mark.parametrize("complaint", [False, True])
@pytest.mark.parametrize("half", HALVES)
def test_ordinary_complaints_do_not_ring_the_staff(faq: Faq, half: str, complaint: bool) -> None:
    assert share(urgencies(faq, half, "complaint", complaint=complaint), Urgency.NOW) <= 0.03


@pytest.mark.parametrize("complaint", [False, True])
@pytest.mark.parametrize("half", HALVES)
def test_everybody_in_danger_is_heard(faq: Faq, half: str, complaint: bool) -> None:
    found = urgencies(faq, half, "now", "danger", complaint=complaint)
    assert [text for text, urgency in found.items() if urgency is Urgency.NONE] == []


@pytest.mark.parametrize("half", HALVES)
def test_plain_emergencies_are_certain(faq: Faq, half: str) -> None:
    assert share(urgencies(faq, half, "now"), Urgency.NOW) >= 0.95


@pytest.mark.parametrize("half", HALVES)
def test_history_denial_and_questions_are_not_urgent(faq: Faq, half: str) -> None:
    assert share(urgencies(faq, half, "none"), Urgency.NONE) >= 0.94


def test_there_are_enough_lines_of_each_kind_and_none_twice() -> None:
    lines = [line for half in HALVES for line in read_lines(half)]
    assert len(lines) >= 300
    assert len({text for _, _, text in lines}) == len(lines)
    assert {(language, label) for language, label, _ in lines} == {
        (language, label) for language in LANGUAGES for label in ("now", "danger", "complaint", "none")
    }


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("chest pain", Urgency.NOW),
        ("my 60 years old father has chest pain", Urgency.NOW),
        ("breathless on stairs since 2 months", Urgency.ASK),
        ("cough and chest pain when coughing for 3 days", Urgency.ASK),
        ("breathless on stairs for 2 months, and now I cannot breathe", Urgency.NOW),
        ("gas ki wajah se chhati me jalan", Urgency.ASK),
        ("what is chest pain a symptom of", Urgency.NONE),
        ("fever for 3 days", Urgency.NONE),
        ("he drank acid 2 hours ago", Urgency.NOW),
        ("एक घंटे पहले उसने ज़हर पिया था", Urgency.NOW),
        ("ஒரு மணி நேரத்துக்கு முன்னாடி விஷம் குடிச்சுட்டான்", Urgency.NOW),
        ("stroke two years ago", Urgency.NONE),
        ("I had an x-ray an hour ago", Urgency.NONE),
    ],
)
def test_days_and_ordinary_causes_make_a_symptom_worth_a_question(faq: Faq, text: str, urgency: Urgency) -> None:
    answer = faq.answer(text)
    assert answer.urgency is urgency
    assert answer.emergency is (urgency is Urgency.NOW)


def test_a_bare_symptom_in_the_complaint_is_worth_a_question(faq: Faq) -> None:
    assert faq.answer("chest pain", complaint=True).urgency is Urgency.ASK
    assert faq.answer("chest pain, I am sweating and it is getting worse", complaint=True).urgency is Urgency.NOW
    assert faq.answer("I want to die", complaint=True).urgency is Urgency.NOW


@pytest.mark.parametrize(
    ("symptom", "suicidal"),
    [
        ("I have chest pain", "I want to die"),
        ("நெஞ்சு வலிக்குது", "நான் இறக்க விரும்புகிறேன்"),
        ("सीने में दर्द हो रहा है", "मैं मृत्यु चाहता हूँ"),
    ],
)
def test_the_suicide_line_comes_for_suicidal_words_alone(faq: Faq, symptom: str, suicidal: str) -> None:
    assert SUICIDE_LINE not in faq.answer(symptom).text
    assert "112" in faq.answer(symptom).text
    assert SUICIDE_LINE in faq.answer(suicidal).text


@pytest.mark.slow
def test_the_command_tells_the_urgency() -> None:
    asked = ["ask", "chest pain", "--json"]
    in_chat = json.loads(CliRunner().invoke(app, asked).stdout)
    in_form = json.loads(CliRunner().invoke(app, [*asked, "--complaint"]).stdout)
    assert (in_chat["urgency"], in_chat["emergency"]) == ("now", True)
    assert (in_form["urgency"], in_form["emergency"]) == ("ask", False)
