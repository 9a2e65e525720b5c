"""`csss report preview`, as somebody at a terminal meets it."""

import pytest
from paper import pages
from typer.testing import CliRunner

from bot.commands.report import app


@pytest.mark.parametrize(("lang", "mark"), [("en", "DRAFT"), ("hi", "SAMPLE-2026-0007")])
def test_a_preview_is_a_draft_in_the_language_asked_for(tmp_path, lang, mark):
    output = tmp_path / "out.pdf"
    result = CliRunner().invoke(app, ["preview", "--sample", "--full", "--lang", lang, "-o", str(output)])

    assert result.exit_code == 0, result.output
    assert mark in pages(output.read_bytes())[0]


def test_an_unknown_language_is_answered_with_the_known_ones(tmp_path):
    result = CliRunner().invoke(app, ["preview", "--sample", "--lang", "xx", "-o", str(tmp_path / "out.pdf")])

    assert result.exit_code == 2
    assert "en, ta, hi" in result.output


def test_a_preview_of_nothing_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["preview", "-o", str(tmp_path / "out.pdf")])

    assert result.exit_code == 2
    assert not (tmp_path / "out.pdf").exists()
