"""Every command answers arguments and input that make no sense in a sentence, never with a traceback."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from typer.testing import CliRunner

from bot.__main__ import app
from bot.cli.commands import TRAINING
from bot.cli.lazy import LazyGroup, _build

NO_CLINIC: Final = {"demo", "sandbox", "run", "bench", "chaos", "model", "robust", *TRAINING}  # they start something
NUMBERS: Final = ("0", "-1", "9" * 10, "9" * 20, "9" * 5000, "٣", "²", "1e3", "nan", "")
DAYS: Final = ("0000-01-01", "0001-01-01", "9999-12-31", "2023-02-29", "9999-12-31T23:59", "٢٠٢٤-٠١-٠١", "nan")
TEXTS: Final = ("", "\udcff", "a" * 5000, "'; drop table", "%s{}[/red]", "=1+1", "x@" + "b." * 200)
INPUTS: Final = (
    b"\xff\xfe\n",
    b"",
    b"[" * 100_000,
    b'{"lines": ["\\ud800"]}\n',
    b'{"lines": ["x"], "patient": {"age": ' + b"9" * 5000 + b"}}\n",
    b'{"lines": ["x"], "patient": {"age": NaN, "weight_kg": -1e999}}\n',
    b'{"lines": ["paracetamol 1e400 mg x 99999999999999999999 days, every ' + b"9" * 400 + b' hours"]}\n',
)


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its whole name."""
    for name, command in group.commands.items():
        if not path and name in NO_CLINIC:
            continue
        lazy = isinstance(group, LazyGroup)
        built = _build(name, type(group).table[name].load()) if lazy else command
        if hasattr(built, "commands"):
            yield from _commands(built, (*path, name))
        else:
            yield (*path, name), built


def _odd_values(kind: object, folder: Path) -> tuple[str, ...]:
    if kind is Path:
        return ("", "\udcff", "a" * 5000, str(folder), str(folder / "none" / "file"), str(folder / "odd"))
    if kind is int:
        return NUMBERS
    return DAYS if kind is datetime else TEXTS


def _calls(command: Any, folder: Path) -> Iterator[list[str]]:
    """Arguments in which one value is odd, and the other needed ones are plain."""
    values = [one for one in command.params if not getattr(one, "is_flag", False) and one.name != "help"]
    for odd in values:
        for value in _odd_values(odd.type_descriptor.annotation, folder):
            given: list[str] = []
            for one in sorted(values, key=lambda one: one.param_type_name == "argument"):
                if one is odd or one.required or getattr(one, "prompt", None):
                    text = value if one is odd else str(folder / "odd")
                    given += [one.opts[0], text] if one.param_type_name == "option" else ["--", text]
            yield given


@pytest.fixture
def clinic_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an upgraded database and a file that is nothing in particular."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"BOT_TOKEN": "42:SANDBOX-test", "DATA": str(tmp_path / "data"), "HOSPITAL": "H"}.items():
        monkeypatch.setenv(f"CSSS_{name}", value)
    (tmp_path / "odd").write_bytes(b"%PDF-1.7 \xff\xfe[[[[")
    done = CliRunner().invoke(app, ["db", "upgrade"])
    assert done.exit_code == 0, done.output
    return tmp_path


def _fault(words: list[str], given: bytes) -> str | None:
    result = CliRunner().invoke(app, words, input=given)
    if result.exception is None or isinstance(result.exception, SystemExit):
        return None
    return f"{[word[:30] for word in words]} {given[:20]!r}: {type(result.exception).__name__}"


@pytest.mark.slow
def test_an_argument_that_makes_no_sense_ends_in_a_sentence(clinic_folder: Path) -> None:
    """Walks every option and argument of every command that needs no other process."""
    commands = dict(_commands(typer.main.get_group(app)))
    assert len(commands) > 20
    faults = [
        fault
        for name, command in commands.items()
        for words in _calls(command, clinic_folder)
        if (fault := _fault([*name, *words], b"a long passphrase 9\n"))
    ]
    assert faults == []


@pytest.mark.slow
def test_an_input_that_makes_no_sense_ends_in_a_sentence(clinic_folder: Path) -> None:
    calls = (
        ["formulary", "check", "--stdin"],
        ["formulary", "check", "--stdin", "--json"],
        ["formulary", "read", "--stdin"],
        ["mail", "bounced"],
        ["faq", "ask", "--stdin"],
        ["user", "add", "--name", "A", "--email", "a@example.org", "--password-stdin"],
        ["report", "verify", str(clinic_folder / "odd"), "--passphrase-stdin"],
        ["backup", "--folder", str(clinic_folder / "kept"), "--passphrase-stdin"],
    )
    assert [fault for words in calls for given in INPUTS if (fault := _fault(words, given))] == []
