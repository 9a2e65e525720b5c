"""One word for one thing in the chat and mail catalogues."""

import tomllib
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from handlers.ui.texts import LOCALES

TERMS = tomllib.loads((Path(__file__).parents[3] / "docs" / "terms.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", list(TERMS))
def test_a_thing_has_one_word(language: str) -> None:
    with (LOCALES / language / "csss.po").open("rb") as file:
        sentences = [(str(message.id), str(message.string)) for message in read_po(file) if message.id]
    for name, term in TERMS[language].items():
        assert any(term["word"] in text for _, text in sentences), name
        others = [(key, word) for key, text in sentences for word in term["instead_of"] if word in text]
        assert others == [], name
