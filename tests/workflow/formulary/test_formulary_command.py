"""`csss formulary` as scripts use it: a line in, a line out; a broken entry ends it with a sentence."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.formulary import app
from workflow.formulary import NOTICE
from workflow.formulary.load import OWN_DATA

READ_KEYS = [
    "text",
    "kind",
    "substances",
    "strength",
    "form",
    "dose",
    "times_per_day",
    "as_needed",
    "days",
    "route",
    "checked",
]
ALERT_KEYS = ["kind", "level", "about", "why", "source"]


def test_read_answers_each_typed_line_with_one_json_line() -> None:
    """In the order they came, in every script; null where the line does not say."""
    typed = "augmentin 625 bd x5d\nटैब पैन 40\npt allergic to penicillin?\n"
    result = CliRunner().invoke(app, ["read", "--stdin", "--json"], input=typed)
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 0
    assert [line["kind"] for line in lines] == ["medicine", "medicine", "question"]
    assert all(list(line) == READ_KEYS for line in lines)
    assert (lines[0]["strength"], lines[0]["route"], lines[2]["dose"]) == ("625 mg", None, None)


def test_check_answers_each_patient_with_lines_and_alerts() -> None:
    """Exactly the two keys that scripts rely on."""
    entry = {"patient": {"allergies": ["penicillin - rash"]}, "lines": ["augmentin 625 bd", "rest"]}
    result = CliRunner().invoke(app, ["check", "--stdin", "--json"], input=json.dumps(entry) + "\n")
    answer = json.loads(result.output)
    assert list(answer) == ["lines", "alerts"]
    assert [line["kind"] for line in answer["lines"]] == ["medicine", "advice"]
    assert [list(alert) for alert in answer["alerts"]] == [ALERT_KEYS]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{broken", "line 1 is no JSON"),
        ('{"patient": {}}', 'has no "lines"'),
        ("[]", 'has no "lines"'),
        ('{"patient": [1], "lines": []}', '"patient" must be an object'),
        ('{"patient": {"age": "x"}, "lines": []}', "age must be a number"),
    ],
)
def test_an_entry_that_cannot_be_read_ends_with_a_sentence(entry: str, said: str) -> None:
    """Exit code 1, nothing on the standard output, no traceback."""
    result = CliRunner().invoke(app, ["check", "--stdin", "--json"], input=entry + "\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


def test_check_without_input_validates_the_data(tmp_path: Path) -> None:
    """The own data are in order; a gap in another folder is named and refused."""
    assert CliRunner().invoke(app, ["check"]).exit_code == 0
    folder = tmp_path / "own"
    shutil.copytree(OWN_DATA, folder)
    file = folder / "classes.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('statin = "stop"', 'statine = "stop"'), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--formulary", str(folder)])
    assert result.exit_code == 1
    assert "unknown class: statine" in result.output
    compared = CliRunner().invoke(app, ["diff", str(folder)])
    assert "classes.duplicate.statin" in compared.output


def test_the_list_is_searched_and_says_that_it_is_only_a_help() -> None:
    """By substance, brand or class; the notice stands under the table."""
    row = json.loads(CliRunner().invoke(app, ["list", "Acitrom", "--json"]).output)
    assert (row["substance"], row["schedule"]) == ("acenocoumarol", "H")
    shown = CliRunner().invoke(app, ["list", "Acitrom"], env={"COLUMNS": "200"}).output
    assert NOTICE.split(".")[0].split("(")[0].strip() in " ".join(shown.split())


def test_a_line_and_its_alerts_are_shown_to_people() -> None:
    """Without --json: sentences, the notice, and the facts that are missing."""
    shown = CliRunner().invoke(app, ["read", "dolo 650 tds x 3 days"]).output
    assert "paracetamol" in shown
    entry = json.dumps({"patient": {"age": 40}, "lines": ["ramipril 5 od", "telmisartan 40 od"]})
    sheet = CliRunner().invoke(app, ["check", "--stdin"], input=entry + "\n").output
    assert "STOP interaction ramipril, telmisartan" in sheet
    assert "not known: allergies" in sheet
    assert NOTICE in sheet
