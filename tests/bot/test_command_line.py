"""The `csss` command: its listing, the training commands, and a missing extra."""

import subprocess
import sys
from typing import ClassVar

import pytest
import typer
from typer.testing import CliRunner

from bot.__main__ import app
from bot.cli.commands import TRAINING
from bot.cli.lazy import LazyCommand, LazyGroup
from tests.support.source import ROOT


def listed(*command: str) -> dict[str, str]:
    """The commands on a help page, each with its line."""
    output = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"}).output
    rows = output.partition("Commands")[2].splitlines()[1:]
    cells = [row.strip("│ \n").split(None, 1) for row in rows]
    return {cell[0]: cell[1].strip() for cell in cells if len(cell) == 2}


def test_the_listing_names_each_family_once_and_no_training_command() -> None:
    commands = listed()
    assert {"demo", "run", "db", "user", "report", "model", "classify"} <= set(commands)
    assert set(commands) & set(TRAINING) == set()


def test_every_training_command_has_its_own_line_in_the_model_group() -> None:
    assert listed("model") == TRAINING
    assert len(set(TRAINING.values())) == len(TRAINING)


@pytest.mark.parametrize("name", TRAINING)
def test_a_training_command_is_found_by_its_new_and_its_old_name(name: str) -> None:
    new, old = (CliRunner().invoke(app, [*command, "--help"]) for command in (["model", name], [name]))
    assert new.exit_code == old.exit_code == 0, new.output
    assert old.output.replace("csss", "csss model", 1).split() == new.output.split()


@pytest.mark.slow
def test_a_command_that_opens_the_database_knows_every_table() -> None:
    """Relations name tables of modules that a command does not import itself: `csss audit verify` failed for that."""
    script = "import bot.cli.database; from sqlalchemy.orm import configure_mappers; configure_mappers()"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


def test_a_command_without_its_extra_names_the_extra() -> None:
    def load() -> None:
        raise ModuleNotFoundError(name="tensorflow.keras")

    class Group(LazyGroup):
        table: ClassVar[dict[str, LazyCommand]] = {"train": LazyCommand(load, "Train.")}

    group = typer.Typer(cls=Group)
    group.callback()(lambda: None)
    result = CliRunner().invoke(group, ["train"])
    assert result.exit_code == 1
    assert result.output.strip() == "this command needs the `ml` extra: pip install '.[ml]'"


def test_a_misspelt_command_is_answered_with_the_one_that_is_meant() -> None:
    result = CliRunner().invoke(app, ["modl"])
    assert result.exit_code == 2
    assert "Did you mean 'model'" in result.output
