"""`csss faq ask` in scripts."""

import json

import pytest
from typer.testing import CliRunner

from bot.cli.faq import app


@pytest.mark.slow
def test_one_question_gives_one_json_object() -> None:
    result = CliRunner().invoke(app, ["ask", "what does lung opacity mean", "--json"])
    assert result.exit_code == 0
    output = json.loads(result.stdout)
    assert output["topic"] == "opacity"
    assert 0.5 < output["score"] <= 1
    assert "opacity" in output["answer"]
    assert output["suggestions"][0] == "opacity"


@pytest.mark.slow
def test_each_line_of_the_input_gets_its_line_of_output_even_an_empty_one() -> None:
    result = CliRunner().invoke(app, ["ask", "--stdin", "--json"], input="hello\n\nI can't breathe\r\n")
    topics = [json.loads(line)["topic"] for line in result.stdout.splitlines()]
    assert topics == ["greeting", "fallback", "emergency"]


def test_a_person_reads_a_title_and_the_answer() -> None:
    result = CliRunner().invoke(app, ["ask", "where is my report"])
    assert "My report" in result.stdout
    assert "/report" in result.stdout


@pytest.mark.slow
def test_neither_nor_and_both_are_refused_with_a_sentence() -> None:
    assert CliRunner().invoke(app, ["ask"]).exit_code == 2
    assert CliRunner().invoke(app, ["ask", "hello", "--stdin"]).exit_code == 2
    assert CliRunner().invoke(app, ["ask", "hello", "--lang", "xx"]).exit_code == 2


@pytest.mark.slow
def test_the_language_of_the_answer_can_be_chosen() -> None:
    result = CliRunner().invoke(app, ["ask", "where is my report", "--lang", "ta", "--json"])
    output = json.loads(result.stdout)
    assert output["language"] == "ta"
    assert "ரிப்போர்ட்" in output["answer"]


@pytest.mark.slow
def test_the_measurement_prints_a_line_for_each_half_and_language() -> None:
    result = CliRunner().invoke(app, ["evaluate", "--json"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    languages = ("en", "ta", "hi", "all")
    halves = [("topic", "tune"), ("topic", "test"), ("answer", "tune"), ("answer", "fresh")]
    assert {(line["measure"], line["half"], line["language"]) for line in lines} == {
        (measure, half, language) for measure, half in halves for language in languages
    }
    assert all(line["recalled"]["rate"] == 1.0 for line in lines if line["measure"] == "topic")
    assert all(line["answered"]["rate"] >= 0.7 for line in lines if line["measure"] == "answer")


@pytest.mark.slow
def test_the_measurement_shows_a_table_and_the_confusions() -> None:
    result = CliRunner().invoke(app, ["evaluate", "--questions"])
    assert result.exit_code == 0
    assert "Confusions (tune)" in result.stdout
    assert CliRunner().invoke(app, ["evaluate", "--half", "all"]).exit_code == 2
