"""The formulary's own data: complete, without contradictions, and each figure with its source."""

import shutil
from pathlib import Path

import pytest

from workflow.formulary.load import OWN_DATA, load
from workflow.formulary.records import FormularyError
from workflow.formulary.validation import diff, problems


def test_the_own_data_have_no_gaps_and_no_contradictions() -> None:
    """`csss formulary check` on the shipped data."""
    assert problems(load()) == []


def test_the_data_hold_what_a_chest_and_heart_desk_needs() -> None:
    """At least 120 substances and 150 pairs; each substance with a class and an ATC code."""
    formulary = load()
    assert len(formulary.substances) >= 170
    assert len(formulary.raw["interactions"]["rules"]) >= 200
    assert len(formulary.interactions) >= 1000
    assert sum(1 for one in formulary.substances.values() if one.limits) >= 200


def test_no_unit_of_a_combination_exceeds_what_may_be_taken_at_a_time() -> None:
    """A product that is sold is no dose alert by itself."""
    formulary = load()
    for entry in formulary.raw["combinations"]["combination"]:
        for parts in entry["strengths"].values():
            for name, amount in zip(entry["of"], parts, strict=True):
                singles = [single for single, _ in formulary.substances[name].limits.values() if single]
                assert not singles or amount <= max(singles), (entry["of"], name, amount)


BROKEN = [  # file, what stands in it, what is put there, what is said of it
    (
        "interactions",
        '["vitamin k antagonist"], b = ["nsaid"]',
        '["vitamin k"], b = ["nsaid"]',
        "unknown substance or class: vitamin k",
    ),
    ("interactions", 'source = "SmPC warfarin 4.3" }', 'source = "" }', "no source"),
    ("patients", 'level = "stop"', 'level = "halt"', "no level: halt"),
    ("substances_cardiac", "oral = [10, 10]", "oral = [20, 10]", "a single amount above the daily one"),
    ("substances_cardiac", 'source = "SmPC amlodipine 4.2"', 'source = ""', "oral: no source"),
    ("substances_general", 'atc = "N02BE01"', 'atc = "paracetamol"', "no ATC class"),
    ("brands", 'warfarin = ["Warf"', 'warfarin = ["Lasix", "Warf"', "lasix: a name of two medicines"),
    ("brands", "warfarin = [", "warfarine = [", "brands of an unknown substance: warfarine"),
    ("classes", 'statin = "stop"', 'statine = "stop"', "unknown class: statine"),
    ("combinations", "[75, 75, 10]", "[75, 75]", "not one amount for each substance"),
    ("combinations", '{ "40/5" = [40, 5]', '{ "" = [40, 5], "40/5" = [40, 5]', "another strength beside"),
    ("conditions", "[means]", 'lonely = ["lonely"]\n[means]', "lonely: a condition without a rule"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new", "said"), BROKEN)
def test_gaps_and_contradictions_are_refused(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    """One fault put into a copy of the data is named, and is seen as a difference."""
    folder = tmp_path / "own"
    shutil.copytree(OWN_DATA, folder)
    before = (folder / f"{file}.toml").read_text(encoding="utf-8")
    assert old in before
    (folder / f"{file}.toml").write_text(before.replace(old, new, 1), encoding="utf-8")
    own = load(folder)
    assert any(said in problem for problem in problems(own))
    assert diff(load(), own)


def test_two_equal_formularies_do_not_differ() -> None:
    """Nothing is said of what is the same."""
    assert diff(load(), load()) == []


def test_a_folder_without_a_file_or_with_a_broken_one_is_refused(tmp_path: Path) -> None:
    """One sentence that names the file."""
    with pytest.raises(FormularyError, match="has no"):
        load(tmp_path / "nothing")
    folder = tmp_path / "broken"
    shutil.copytree(OWN_DATA, folder)
    (folder / "classes.toml").write_text("not = = toml", encoding="utf-8")
    with pytest.raises(FormularyError, match=r"classes\.toml cannot be read"):
        load(folder)
