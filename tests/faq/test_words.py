"""Words are found in every spelling, and never inside other words."""

import pytest

from faq.lexicon import Lexicon
from faq.words import normalise, phonetic_key, stem

KINDS = {
    "subject": {
        "send": ["upload*", "send", "अपलोड*", "அனுப்பு*"],
        "ai": ["ai", "artificial intelligence"],
        "login": ["log in"],
        "how": ["eppadi"],
        "faint": ["ninaivu illa*"],
    }
}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon(KINDS)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  X-Ray?! ", "xray"),
        ("x ray", "xray"),
        ("can't", "cant"),
        ("can’t", "cant"),
        ("M.R.I.", "mri"),
        ("ＭＲＩ", "mri"),
        ("एक्स-रे", "एक्सरे"),
        ("साँस", normalise("सांस")),
        ("हिन्दी", normalise("हिंदी")),
        ("ज़हर", "जहर"),
        ("எக்ஸ்-ரே", normalise("எக்ஸ்ரே")),
        ("மூச்சு", normalise("முச்சு")),
    ],
)
def test_one_thing_has_one_spelling(written: str, read: str) -> None:
    assert normalise(written) == read


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("uploading", "send"),
        ("sends", "send"),
        ("uplaod", "send"),
        ("अपलोडिंग", "send"),
        ("அனுப்புவது", "send"),
        ("logs", "log"),
        ("log in", "login"),
        ("yeppadi", "how"),
        ("epadi", "how"),
        ("ninaivu illama", "faint"),
        ("pain", "pain"),
        ("paid", "paid"),
    ],
)
def test_a_word_finds_its_family_by_form_sound_or_typo(lexicon: Lexicon, text: str, family: str) -> None:
    assert [word.family for word in lexicon.words(text)] == [family]


def test_a_typo_is_less_sure_than_the_word(lexicon: Lexicon) -> None:
    (right,), (wrong,) = lexicon.words("upload"), lexicon.words("uplaod")
    assert right.confidence == 1.0
    assert 0.7 < wrong.confidence < 1.0


@pytest.mark.parametrize(("one", "other"), [("submitted", "submit"), ("sending", "sends"), ("copies", "copy")])
def test_forms_of_an_english_word_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("kaise", "kayse"), ("anuppuvathu", "anupuvathu"), ("theek", "thik")])
def test_spellings_of_one_sound_meet(one: str, other: str) -> None:
    assert phonetic_key(one) == phonetic_key(other)


def test_an_off_topic_word_is_found_as_it_stands_alone() -> None:
    lexicon = Lexicon({**KINDS, "foreign": {"elsewhere": ["movie", "umbrella*"]}})
    assert [word.family for word in lexicon.words("movie umbrellas")] == ["elsewhere", "elsewhere"]
    assert [word.is_known for word in lexicon.words("move umbrela")] == [False, False]


def test_of_two_words_equally_near_to_a_typo_the_first_is_meant() -> None:
    """In every process: in the order of a set it would hang on the seed of the hashes."""
    near = [f"travel{letter}" for letter in "mnprs"]
    lexicon = Lexicon({"subject": {name: [name] for name in near}})
    assert lexicon.words("travelx")[0].family == near[0]


def test_a_word_is_spelt_when_it_is_a_member_or_begins_with_one(lexicon: Lexicon) -> None:
    assert all(lexicon.is_spelt(word) for word in ("send", "sending", "uploader", "log in"))
    assert not any(lexicon.is_spelt(word) for word in ("uplaod", "yeppadi", "log", "log out"))
