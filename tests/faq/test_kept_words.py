"""Only known words of an unanswered question are kept: no name, no illness, in whatever letters."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from faq.answer import FOLDER, Faq, load
from faq.deidentify import deidentify
from faq.kept_words import KeptWords
from faq.lexicon import read_families
from faq.words import tokens

CORPUS = tomllib.loads((Path(__file__).parent / "private_words.toml").read_text(encoding="utf-8"))
ORDINARY = set(tokens("की का"))  # parts of an illness's name that name none alone


@pytest.fixture(scope="module")
def faq() -> Faq:
    return load()


def _lines() -> Iterator[tuple[str, set[str]]]:
    """Each name with an illness in a frame, and the words of both."""
    for language in CORPUS.values():
        for at, (name, illness) in enumerate(zip(language["names"], language["illnesses"], strict=True)):
            for frame in language["frames"][at % 2 :: 2]:
                yield frame.format(name=name, illness=illness), set(tokens(f"{name} {illness}")) - ORDINARY


def test_no_name_and_no_illness_of_the_corpus_is_kept(faq: Faq) -> None:
    lines = list(_lines())
    assert len(lines) >= 200
    cases = [(typed, private) for line, private in lines for typed in (line, line.upper(), line.title())]
    kept = [(line, left, private) for line, private in cases if (left := deidentify(line, (), faq.kept_words))]
    assert kept
    assert [(line, left) for line, left, private in kept if private & set(tokens(left))] == []


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("is there parking for scooters near the gate?", "is there parking for scooters near the gate?"),
        ("Do you have a canteen with vegetarian food", "Do you have a canteen with vegetarian food"),
        ("பார்க்கிங் இருக்கா", "பார்க்கிங் இருக்கா"),
        ("क्या यहां पार्किंग है", "क्या यहां पार्किंग है"),
        ("what is covid-19", "what is …"),
        ("d i a b e t e s how long", "… i a … how long"),
        ("my number is 9876543210, mail x@example.org", "my number is …, mail …"),
        ("is 45 years too old", "is 45 years too old"),
        ("can I 🤰 come", "can I … come"),
        ("Tr0ub4dor&3", None),
        ("rahul", None),
    ],
)
def test_everyday_words_stay_readable(faq: Faq, typed: str, kept: str | None) -> None:
    assert deidentify(typed, (), faq.kept_words) == kept


def test_the_persons_own_names_go_even_when_they_are_everyday_words(faq: Faq) -> None:
    assert deidentify("will long wait for the report", ["Will Long"], faq.kept_words) == "… wait for the report"


def test_look_alikes_and_joined_words_are_not_known(faq: Faq) -> None:
    strange = ["r\u0435port", "reportrahul", "ponnusamy", "பொன்னுசாமி", "re-port9", "मिलिंद"]
    assert [word for word in strange if word in faq.kept_words] == []


def test_every_private_word_of_the_list_would_be_kept_without_it(faq: Faq) -> None:
    choice = tomllib.loads((FOLDER / "kept_words.toml").read_text(encoding="utf-8"))
    free = KeptWords(read_families(FOLDER / "families"), {**choice, "private": {**choice["private"], "words": []}})
    assert [word for word in choice["private"]["words"] if word not in free] == []
    assert [word for word in choice["private"]["words"] if word in faq.kept_words] == []
