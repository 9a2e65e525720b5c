"""The sentences people read: each used, each there in every language, each renders as Telegram's HTML."""

import ast
from html.parser import HTMLParser
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.channels.email import Refusal
from bot.web.verify import WORDS
from faq.teaching import Doubt
from handlers.doctor.reading import REASONS, STEPS
from handlers.ui.keyboards import CardAction, DeskAction
from handlers.ui.lessons import MissAction
from handlers.ui.texts import DEFAULT, LOCALES, Catalogues, House, bare
from handlers.views.reading import IMPRESSION, REGIONS_VIEW, WHY
from inference.errors import Reason
from inference.model.bundle import Label
from models.tables.jobs import Channel
from models.tables.people import Role, Sex
from models.tables.scans import Status
from reports.content.document import Band
from tests.support.source import modules
from workflow import errors
from workflow.privacy.erasure import Stage
from workflow.reporting.verification import Standing
from workflow.scans.risk import Risk

LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir() if folder.is_dir())
HOUSE = House("St. Mary's <Hospital> & Sons", "112 / 108", ZoneInfo("Asia/Kolkata"))
TAGS = {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}
KNOWN_TO_ALL = {"hospital", "emergency"}
COMPUTED = {
    # keys that are put together in the code, and what they are put together from
    "band": set(Band),
    "button": {*CardAction, *DeskAction}
    | {f"miss_{action}" for action in set(MissAction) - {MissAction.OPEN}}
    | {f"by_{part}" for part in (REGIONS_VIEW, IMPRESSION, WHY)},
    "label": set(Label),
    "reason": set(REASONS),
    "reading": {str(step.state).split(":")[1] for step in STEPS},
    "risk": set(Risk),
    "role": set(Role) - {Role.SYSTEM},
    "sex": set(Sex),
    "stage": set(Status),
    "start": set(Role) - {Role.SYSTEM},
    "help": set(Role) - {Role.SYSTEM},
    "step": {"done", "next", "later"},
    "upload": set(Reason),
    "channel": set(Channel),
    "failure": set(Refusal) | {"chat", "patience", "number", "whatsapp", "twilio"},
    "verify": set(Standing) | set(WORDS),
    "teach": set(Doubt),
    "desk": {"claimed", "closed", "left"},
    "preview": {"draft", "preliminary"},
    "preview_asked": {"draft", "preliminary"},
    "forget": {f"{what}.{stage}" for what in ("would", "done") for stage in Stage},
    "wait": set(Status) - {Status.REJECTED},
}


def catalogue(language: str) -> Catalog:
    with (LOCALES / language / "csss.po").open("rb") as file:
        return read_po(file)


def sentences(language: str) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalogue(language) if message.id}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def constants() -> set[str]:
    """Every string of the code below the command line, and the error classes' keys."""
    return {
        node.value
        for module in modules()
        if module.name.startswith(("bot/", "handlers/", "workflow/"))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def built() -> set[str]:
    """The beginnings of keys that the code puts together, such as `stage.`."""
    return {
        str(node.values[0].value)
        for module in modules()
        if module.name.startswith(("bot/", "handlers/", "workflow/"))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant)
    }


class Telegrams(HTMLParser):
    """Accepts what Telegram's parser accepts: known tags, each closed in its order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag not in TAGS or (attrs and tag != "a"):
            self.wrong.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_entityref(self, name: str) -> None:
        if name not in {"lt", "gt", "amp", "quot"}:
            self.wrong.append(f"&{name};")


def faults(text: str) -> list[str]:
    parser = Telegrams()
    parser.feed(text)
    parser.close()
    return parser.wrong + parser.open


def test_english_is_there() -> None:
    assert DEFAULT in LANGUAGES
    assert len(sentences(DEFAULT)) > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_sentences_with_the_same_placeholders(language: str) -> None:
    ours, english = sentences(language), sentences(DEFAULT)
    assert set(ours) ^ set(english) == set()
    assert [key for key in ours if placeholders(ours[key]) != placeholders(english[key])] == []
    assert [key for key, sentence in ours.items() if not sentence.strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_marked_as_a_guess(language: str) -> None:
    """A fuzzy entry is not shown by gettext: people would read its key."""
    assert [message.id for message in catalogue(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_renders_as_telegrams_html(language: str) -> None:
    """With values that try to be markup: they are read as they were typed."""
    texts = Catalogues(HOUSE).of(language)
    nasty = '</b><a href="x">&amp;'
    for key, sentence in sentences(language).items():
        names = placeholders(sentence) - KNOWN_TO_ALL
        assert all(name.isidentifier() for name in names), key
        rendered = texts(key, **dict.fromkeys(names, nasty))
        assert faults(rendered) == [], key
        assert bare(rendered).count(nasty) == sum(sentence.count(f"{{{name}}}") for name in names), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_pop_ups_fit_telegrams_two_hundred_characters(language: str) -> None:
    """A refusal is shown in a pop-up; a longer one would come as a message instead."""
    texts = Catalogues(HOUSE).of(language)
    for key, sentence in sentences(language).items():
        if key.startswith("error."):
            values = dict.fromkeys(placeholders(sentence) - KNOWN_TO_ALL, "15")
            assert len(texts.plain(key, **values)) <= 200, key


def test_every_refusal_has_its_sentence() -> None:
    keys = {error.key for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "key")}
    assert keys - set(sentences(DEFAULT)) == set()


def test_every_key_that_the_code_puts_together_has_its_sentence() -> None:
    english = set(sentences(DEFAULT))
    wanted = {f"{prefix}.{part}" for prefix, parts in COMPUTED.items() for part in parts}
    assert wanted - english == set()


def literal(node: ast.expr) -> list[str]:
    """The strings that this expression may give, as far as they stand there whole."""
    if isinstance(node, ast.IfExp):
        return literal(node.body) + literal(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_every_key_in_the_code_is_in_the_catalogue() -> None:
    """Whatever is handed to `texts(…)` or `texts.plain(…)` as a plain string."""
    english, missing, seen = set(sentences(DEFAULT)), [], 0
    for module in modules():
        if not module.name.startswith(("bot/", "handlers/")):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).endswith(("texts", "texts.plain")):
                keys = literal(node.args[0])
                seen += len(keys)
                missing += [f"{module.name}:{node.lineno} {key}" for key in keys if key not in english]
    assert seen > 60
    assert missing == []


def test_every_sentence_is_used() -> None:
    """A sentence that nobody ever says is one that nobody keeps right."""
    said, begun = constants(), {start for start in built() if "." in start}
    unused = [key for key in sentences(DEFAULT) if key not in said and not key.startswith(tuple(begun))]
    assert unused == []


def test_no_figure_is_formatted_but_by_the_readers_language() -> None:
    """`Texts` writes dates, lengths of time and shares with Babel; a format in an f-string is nobody's language."""
    formatted = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.name.startswith("handlers/")
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.FormattedValue) and node.format_spec is not None)
        or (isinstance(node, ast.Attribute) and node.attr == "strftime")
    ]
    assert formatted == []
