"""One word for one thing in the chat, the mails, the FAQ and the reports."""

import tomllib
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from faq.answer import FOLDER
from faq.entries import Contacts, read_entries
from handlers.ui.texts import LOCALES
from models.vocabulary import Language
from reports.pdf.words import catalogue

TERMS = tomllib.loads((Path(__file__).parents[3] / "docs" / "terms.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", list(TERMS))
def test_a_thing_has_one_word(language: str) -> None:
    with (LOCALES / language / "csss.po").open("rb") as file:
        sentences = [(str(message.id), str(message.string)) for message in read_po(file) if message.id]
    for name, term in TERMS[language].items():
        assert any(term["word"] in text for _, text in sentences), name
        others = [(key, word) for key, text in sentences for word in term["instead_of"] if word in text]
        assert others == [], name


@pytest.mark.parametrize("language", list(TERMS))
def test_the_faq_and_the_reports_use_the_same_word(language: str) -> None:
    entries = [entry for entry in read_entries(FOLDER / "entries", Contacts()) if entry.locale == language]
    texts = [(entry.topic, text) for entry in entries for text in (entry.title, entry.text)]
    texts += [
        (f"{section}.{key}", text)
        for section, sentences in catalogue(Language(language)).items()
        for key, text in sentences.items()
        if isinstance(text, str)
    ]
    others = [word for term in TERMS[language].values() for word in term["instead_of"]]
    assert [(key, word) for key, text in texts for word in others if word in text] == []
