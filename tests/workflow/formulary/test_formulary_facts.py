"""A patient's facts: their shape, the words they come in, and which of them are missing."""

from typing import Any

import pytest

from workflow.formulary.checking import check, missing_facts, patient_from
from workflow.formulary.reading import read_line
from workflow.formulary.records import FormularyError

KNOWN = {"age": 30, "allergies": [], "kidney": "normal", "liver": "normal", "pregnant": False, "breastfeeding": False}


@pytest.mark.parametrize(
    ("facts", "lines", "missing"),
    [
        ({**KNOWN, "sex": "female", "pregnant": None}, ["telmisartan 40 od"], ["pregnant"]),
        ({**KNOWN, "sex": "female", "pregnant": None}, ["Dolo 650 tds"], []),
        ({**KNOWN, "sex": "female", "pregnant": None, "age": 62}, ["telmisartan 40 od"], []),
        ({**KNOWN, "sex": "male", "pregnant": None}, ["telmisartan 40 od"], []),
        ({**KNOWN, "age": 5}, ["Syp Calpol 250/5 5 ml tds"], ["weight_kg"]),
        ({**KNOWN, "allergies": None}, ["Augmentin 625 bd"], ["allergies"]),
        ({**KNOWN, "kidney": None}, ["metformin 500 bd"], ["kidney"]),
        ({**KNOWN, "kidney": None, "conditions": ["CKD"]}, ["metformin 500 bd"], []),
        ({}, ["steam inhalation"], []),
    ],
)
def test_a_fact_is_missing_when_it_matters_for_these_lines(
    facts: dict[str, Any], lines: list[str], missing: list[str]
) -> None:
    """Nothing is asked that changes nothing."""
    assert missing_facts(patient_from(facts), [read_line(line) for line in lines]) == missing


def test_unknown_facts_raise_no_alert() -> None:
    """Null is neither yes nor no."""
    lines = [read_line(line) for line in ("telmisartan 40 od", "metformin 500 bd", "Augmentin 625 bd")]
    assert check(patient_from({"pregnant": None, "kidney": None, "allergies": None}), lines) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"age": "forty"},
        {"weight_kg": -3},
        {"age": True},
        {"allergies": "penicillin"},
        {"conditions": [1]},
        {"pregnant": "maybe"},
        {"kidney": "bad"},
    ],
)
def test_facts_of_a_wrong_shape_are_refused(facts: dict[str, Any]) -> None:
    """The sentence names the fact."""
    with pytest.raises(FormularyError, match=next(iter(facts))):
        patient_from(facts)


def test_each_alert_says_why_and_from_where() -> None:
    """No alert without its source, and none that names no medicine."""
    ill = {"conditions": ["asthma", "CKD"], "allergies": ["penicillin"], "current": ["warfarin 5 mg od"]}
    lines = ("Augmentin 625 bd x 30 days", "Dolo 650 qid", "aspirin 75 od", "propranolol 40 bd")
    alerts = check(patient_from({"age": 6, "weight_kg": 20, **ill}), [read_line(line) for line in lines])
    assert {str(one.kind) for one in alerts} >= {"allergy", "dose", "interaction", "age", "kidney", "duration"}
    assert all(one.why and one.source and one.about for one in alerts)
    levels = [str(one.level) for one in alerts]
    assert levels == sorted(levels)
