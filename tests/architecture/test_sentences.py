"""User sentences: each is used, exists in every language and renders as Telegram's HTML."""

import ast

import pytest

from bot.channels.email import Refusal
from bot.web.verify import PAGE_KEYS
from faq.teaching import ObjectionKind
from handlers.doctor.reading import STEPS
from handlers.ui.callbacks import CardAction, DeskAction
from handlers.ui.callbacks.faq import MissAction
from handlers.ui.texts import DEFAULT, Catalogues, plain_text
from handlers.views.reading.draft import IMPRESSION, MODEL_COMMENT, REGIONS_VIEW
from inference.errors import Reason
from inference.heart.patient_reading import SHOWN
from models.tables.deliveries import Channel
from models.vocabulary import Band, Label, Risk, Role, ScanStatus, Sex
from tests.support.catalogues import HOSPITAL, LANGUAGES, catalogue, faults, placeholders, sentences
from tests.support.source import modules
from workflow import errors
from workflow.formulary.records import Kind, Level
from workflow.privacy.erasure import ErasureStage
from workflow.reporting.verification import Validity
from workflow.scans.clarifications import READY_ANSWERS
from workflow.scans.queries import RETAKE_REASONS

COMMON_PLACEHOLDERS = {"hospital", "emergency"}
COMPUTED = {
    # prefixes of keys that the code builds, and the values that complete them
    "band": set(Band),
    "button": {*CardAction, *DeskAction}
    | {f"fact_{value}" for value in ("none", "pregnant", "breastfeeding", "kidney", "liver", "both")}
    | {f"miss_{action}" for action in set(MissAction) - {MissAction.OPEN}}
    | {f"by_{part}" for part in (REGIONS_VIEW, IMPRESSION, MODEL_COMMENT)},
    "label": set(Label),
    "measure": {*SHOWN, "cavity_squeeze_to_rest"},
    "phase": {"rest", "squeeze"},
    "reason": set(RETAKE_REASONS),
    "reading": {str(step.state).split(":")[1] for step in STEPS},
    "risk": set(Risk),
    "role": set(Role) - {Role.SYSTEM},
    "sex": set(Sex),
    "stage": set(ScanStatus),
    "start": set(Role) - {Role.SYSTEM},
    "help": set(Role) - {Role.SYSTEM},
    "step": {"done", "next", "later"},
    "upload": set(Reason),
    "channel": set(Channel),
    "failure": set(Refusal) | {"chat", "patience", "number", "whatsapp", "twilio"},
    "verify": set(Validity) | set(PAGE_KEYS),
    "teach": set(ObjectionKind),
    "desk": {"claimed", "closed", "left"},
    "preview": {"draft", "preliminary"},
    "preview_asked": {"draft", "preliminary"},
    "forget": {f"{what}.{stage}" for what in ("would", "done") for stage in ErasureStage},
    "alert": set(Level),
    "alert_kind": set(Kind),
    "clarify_question": set(READY_ANSWERS),
    "clarify_answer": {f"{topic}_{value}" for topic, values in READY_ANSWERS.items() for value in values},
    "fact": {"age", "allergies", "current", "weight_kg", "pregnant", "breastfeeding", "kidney", "liver"},
    "wait": set(ScanStatus) - {ScanStatus.REJECTED},
}


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
    """gettext does not show a fuzzy entry: users would see its key."""
    assert [message.id for message in catalogue(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_renders_as_telegrams_html(language: str) -> None:
    """Values that contain markup are shown as typed."""
    texts = Catalogues(HOSPITAL).of(language)
    nasty = '</b><a href="x">&amp;'
    for key, sentence in sentences(language).items():
        names = placeholders(sentence) - COMMON_PLACEHOLDERS
        assert all(name.isidentifier() for name in names), key
        rendered = texts(key, **dict.fromkeys(names, nasty))
        assert faults(rendered) == [], key
        assert plain_text(rendered).count(nasty) == sum(sentence.count(f"{{{name}}}") for name in names), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_pop_ups_fit_telegrams_two_hundred_characters(language: str) -> None:
    """A refusal is shown in a pop-up; a longer one would come as a message instead."""
    texts = Catalogues(HOSPITAL).of(language)
    for key, sentence in sentences(language).items():
        if key.startswith("error."):
            values = dict.fromkeys(placeholders(sentence) - COMMON_PLACEHOLDERS, "15")
            assert len(texts.plain(key, **values)) <= 200, key


def test_every_refusal_has_its_sentence() -> None:
    keys = {error.key for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "key")}
    assert keys - set(sentences(DEFAULT)) == set()


def test_every_key_that_the_code_puts_together_has_its_sentence() -> None:
    english = set(sentences(DEFAULT))
    wanted = {f"{prefix}.{part}" for prefix, parts in COMPUTED.items() for part in parts}
    assert wanted - english == set()


def literal(node: ast.expr) -> list[str]:
    """The whole string literals that this expression may evaluate to."""
    if isinstance(node, ast.IfExp):
        return literal(node.body) + literal(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_every_key_in_the_code_is_in_the_catalogue() -> None:
    """Covers every plain string passed to `texts(…)` or `texts.plain(…)`."""
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
    """An unused sentence is not maintained."""
    used, begun = constants(), {start for start in built() if "." in start}
    unused = [key for key in sentences(DEFAULT) if key not in used and not key.startswith(tuple(begun))]
    assert unused == []


def test_no_figure_is_formatted_but_by_the_readers_language() -> None:
    """`Texts` formats dates, durations and percentages with Babel; an f-string format ignores the language."""
    formatted = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.name.startswith("handlers/")
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.FormattedValue) and node.format_spec is not None)
        or (isinstance(node, ast.Attribute) and node.attr == "strftime")
    ]
    assert formatted == []
