"""Names and prose: no retired word in a name of the product, plain docstrings, neutral pronouns."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.support.source import ROOT, modules

# fmt: off
RETIRED = {
    "aftercare", "asleep", "astray", "climb", "cries", "cry", "darkroom", "deed", "demand", "dice", "hand", "hands",
    "heard", "judge", "knock", "ladder", "letter", "letterhead", "loudness", "nameless", "owed", "owes", "paper",
    "receptionist", "rights", "rung", "said", "scrub", "silent", "siren", "speak", "spoken", "standing", "strangers",
    "tell", "thrift", "thrifty", "told", "trunk", "turnstile", "twins", "verb", "whose", "works",
}
# fmt: on
WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
BEGINNING = re.compile(r"(?:Who|Whoever|What|Whatever|Whose|Of)\b")
PRONOUN = re.compile(r"\b(?:he|his|him|himself)\b", re.IGNORECASE)
FROZEN = "models/migrations/versions/"


def sources() -> Iterator[tuple[str, str, ast.Module]]:
    """Name, text and tree of every module of the product and of the tests, except migrations."""
    for module in modules():
        if not module.name.startswith(FROZEN):
            yield module
    for path in sorted((ROOT / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield path.relative_to(ROOT).as_posix(), text, ast.parse(text)


def docstrings(name: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Place and text of each docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield f"{name}:{node.body[0].lineno}", text


def comments(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Place and text of each comment."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield f"{name}:{token.start[0]}", token.string


def words(name: str) -> set[str]:
    """The lower-case parts of a snake_case or CamelCase name."""
    return {part.lower() for part in WORD.findall(name)}


def test_names_are_split_into_their_words() -> None:
    assert words("_tell_HTTPServer_at") == {"tell", "http", "server", "at"}
    assert words("workflow/audit_chain") == {"workflow", "audit", "chain"}


def test_no_module_class_or_function_has_a_retired_word_in_its_name() -> None:
    named = [
        f"{module.name}: {name}"
        for module in modules()
        if not module.name.startswith(FROZEN)
        for name in (
            str(Path(module.name).with_suffix("")),
            *(
                node.name
                for node in ast.walk(module.tree)
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            ),
        )
        if words(name) & RETIRED
    ]
    assert named == []


def test_no_docstring_begins_with_a_relative_clause() -> None:
    begun = [
        f"{place} {text[:60]}"
        for name, _, tree in sources()
        for place, text in docstrings(name, tree)
        if BEGINNING.match(text)
    ]
    assert begun == []


def test_no_docstring_or_comment_says_he_of_a_person() -> None:
    gendered = [
        f"{place} {text[:60]}"
        for name, source, tree in sources()
        for place, text in (*docstrings(name, tree), *comments(name, source))
        if PRONOUN.search(text)
    ]
    assert gendered == []
