"""Threat: typed text becomes markup of a message: a link, a hidden line, or a message that Telegram refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.dev.sandbox.api.html import parse_html
from handlers.ui.texts import Catalogues, Html
from tests.support.catalogues import HOSPITAL, LANGUAGES, placeholders, sentences
from tests.support.texts import TEXTS

TAGS = ("<b>", "</b>", "<a href='https://evil.example'>", "</a>", "<tg-spoiler>", "<script>", "<!--", "-->", "</", "<b")
ODD = ("&lt;", "&#60;b&#62;", "&", "<", ">", '"', "{name}", "{0.__class__}", "%(x)s", "\u202e", "x")
TYPED = some.text(max_size=200) | some.lists(some.sampled_from((*TAGS, *ODD)), max_size=8).map("".join)


def kinds(text: str) -> list[str]:
    """The markup that Telegram finds; raises Telegram's error for a message that it cannot parse."""
    return sorted(entity["type"] for entity in parse_html(text).entities)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=30, deadline=None)
@given(typed=TYPED)
def test_no_sentence_of_the_bot_takes_markup_from_a_value(language: str, typed: str) -> None:
    """Every sentence, in every language, with the same hostile text in each placeholder."""
    texts = Catalogues(HOSPITAL).of(language)
    for key, sentence in sentences(language).items():
        values = dict.fromkeys(placeholders(sentence) - {"hospital", "emergency"}, typed)
        shown = texts(key, **values)
        assert set(kinds(shown)) <= set(kinds(texts(key, **dict.fromkeys(values, "x")))), key
        assert not values or typed in parse_html(shown).text, key


def test_only_the_bot_itself_makes_html() -> None:
    """`Html` marks text that is already safe: any other value is always escaped."""
    assert TEXTS("card.findings", words="<b>") != TEXTS("card.findings", words=Html("<b>x</b>"))
    assert "&lt;b&gt;" in TEXTS("card.findings", words="<b>")
