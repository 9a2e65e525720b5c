"""The entries of the three languages have the same content."""

import re
import tomllib
from string import Formatter

import pytest

from faq.answer import FOLDER, Faq
from faq.entries import Topic

SCRIPT = {"ta": re.compile("[\u0b80-\u0bff]"), "hi": re.compile("[\u0900-\u097f]")}


def _body(topic: Topic, locale: str) -> str:
    return tomllib.loads((FOLDER / "entries" / locale / f"{topic}.toml").read_text(encoding="utf-8"))["text"]


def _placeholders(body: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(body) if name}


@pytest.mark.parametrize("locale", list(SCRIPT))
class TestTranslation:
    def test_names_the_same_numbers_commands_and_places(self, locale: str) -> None:
        for topic in Topic:
            english, other = _body(topic, "en"), _body(topic, locale)
            assert _placeholders(other) == _placeholders(english), topic
            assert set(re.findall(r"/[a-z]+", other)) == set(re.findall(r"/[a-z]+", english)), topic
            assert set(re.findall(r"\d{2,}", other)) >= set(re.findall(r"\d{3,}", english)), topic

    def test_is_written_in_its_own_script_and_begins_with_the_same_icon(self, locale: str) -> None:
        for topic in Topic:
            english, other = _body(topic, "en").strip(), _body(topic, locale).strip()
            assert len(SCRIPT[locale].findall(other)) > len(re.findall("[a-z]", other)), topic
            assert other[0] == english[0], topic

    def test_has_enough_phrases_in_both_scripts(self, faq: Faq, locale: str) -> None:
        for topic in set(Topic) - {Topic.FALLBACK}:
            phrases = faq.entry(topic, locale).phrases
            assert len(set(phrases)) >= 12, topic
            assert sum(phrase.isascii() for phrase in phrases) >= 4, topic
            assert sum(bool(SCRIPT[locale].search(phrase)) for phrase in phrases) >= 6, topic


def test_all_languages_keep_category_and_related_topics(faq: Faq) -> None:
    for topic in faq.topics:
        entries = [faq.entry(topic, language) for language in faq.languages]
        assert [entry.locale for entry in entries] == list(faq.languages)
        assert len({(entry.category, entry.related) for entry in entries}) == 1


def test_no_phrase_belongs_to_two_topics(faq: Faq) -> None:
    spoken = [(p.casefold(), t) for t in faq.topics for lang in faq.languages for p in faq.entry(t, lang).phrases]
    topics: dict[str, set[Topic]] = {}
    for phrase, topic in spoken:
        topics.setdefault(phrase, set()).add(topic)
    assert {phrase: of for phrase, of in topics.items() if len(of) > 1} == {}


@pytest.mark.parametrize("folder", ["families", "emergencies", "urgency"])
@pytest.mark.parametrize("locale", ["en", "ta", "hi"])
def test_no_word_is_in_two_families_of_a_language(folder: str, locale: str) -> None:
    kinds = tomllib.loads((FOLDER / folder / f"{locale}.toml").read_text(encoding="utf-8"))
    homes: dict[str, set[str]] = {}
    for families in kinds.values():
        for family, members in families.items():
            for member in members:
                homes.setdefault(member.rstrip("*"), set()).add(family)
    assert {word: of for word, of in homes.items() if len(of) > 1} == {}


@pytest.mark.parametrize("folder", ["families", "emergencies"])
def test_languages_use_the_same_kind_for_a_family(folder: str) -> None:
    kind_of: dict[str, set[str]] = {}
    for file in (FOLDER / folder).glob("*.toml"):
        for kind, families in tomllib.loads(file.read_text(encoding="utf-8")).items():
            for family in families:
                kind_of.setdefault(family, set()).add(kind)
    assert {family: kinds for family, kinds in kind_of.items() if len(kinds) > 1} == {}
