"""Checks lines against a patient's facts. Facts that are not known raise no alert; `missing_facts` names them."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from workflow.formulary.allergies import allergy_alerts, read_allergies
from workflow.formulary.draft import affirmed, is_cancelled, whole_words
from workflow.formulary.index import names_in
from workflow.formulary.limits import dose_alerts, duration_alerts, is_child
from workflow.formulary.load import Formulary, load
from workflow.formulary.pairs import daily_amounts, duplicate_alerts, interaction_alerts
from workflow.formulary.reading import read_line
from workflow.formulary.records import Alert, FormularyError, Kind, Level, Patient, PrescriptionLine, Rule
from workflow.formulary.text import normalise

UNTOLD: Final = "untold"  # the way of a treatment of which no product is named: repeats none
IMPAIRED: Final = "impaired"
FERTILE: Final = (12, 55)  # years
_CHANGED: Final = re.compile(r"[,;]|\b(?:now|then|changed to|switched to)\b", re.IGNORECASE)
_LISTS: Final = ("conditions", "current", "allergies")
_NUMBERS: Final = ("age", "weight_kg")
_ANSWERS: Final = ("pregnant", "breastfeeding")
_ORGANS: Final = ("kidney", "liver")


def patient_from(facts: Mapping[str, Any]) -> Patient:
    """A patient of JSON facts. Raises FormularyError when one has the wrong shape."""
    _check_shapes(facts)
    allergies = facts.get("allergies")
    return Patient(
        age=facts.get("age"),
        weight_kg=facts.get("weight_kg"),
        sex=facts.get("sex"),
        conditions=tuple(facts.get("conditions") or ()),
        allergies=None if allergies is None else tuple(allergies),
        current=tuple(facts.get("current") or ()),
        pregnant=facts.get("pregnant"),
        breastfeeding=facts.get("breastfeeding"),
        kidney=facts.get("kidney"),
        liver=facts.get("liver"),
    )


def _check_shapes(facts: Mapping[str, Any]) -> None:
    for name in _LISTS:
        if not isinstance(facts.get(name) or [], list) or not all(
            isinstance(one, str) for one in facts.get(name) or []
        ):
            raise FormularyError(f"{name} must be a list of texts")
    for name in _NUMBERS:
        number = facts.get(name)
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | float) or number < 0):
            raise FormularyError(f"{name} must be a number")
    for names, allowed in ((_ANSWERS, (None, True, False)), (_ORGANS, (None, "normal", IMPAIRED))):
        for name in names:
            if facts.get(name) not in allowed:
                raise FormularyError(f"{name} must be one of {', '.join(json.dumps(value) for value in allowed)}")


def check(patient: Patient, lines: Sequence[PrescriptionLine], formulary: Formulary | None = None) -> list[Alert]:
    """All alerts of the lines for this patient, stop before warn."""
    formulary = formulary or load()
    current = [_taken(text, formulary) for text in patient.current]
    taken = [line for line in lines if line.substances]
    alerts = [
        *allergy_alerts(read_allergies(patient.allergies or (), formulary), taken, formulary),
        *duplicate_alerts(taken, current, formulary),
        *dose_alerts(patient, taken, current, formulary),
        *interaction_alerts(taken, current, formulary),
        *_condition_alerts(patient, taken, formulary),
        *_patient_alerts(patient, taken, formulary),
        *duration_alerts(patient, taken, current, formulary),
    ]
    return sorted(_strongest(alerts), key=lambda alert: alert.level is not Level.STOP)


def _taken(text: str, formulary: Formulary) -> PrescriptionLine:
    """A current medicine of the patient, read as a line or by the names in it; what was stopped is none."""
    if is_cancelled(normalise(text), formulary):
        parts = _CHANGED.split(text)
        text = ", ".join(part for part in parts if not is_cancelled(normalise(part), formulary))
    line = read_line(text, formulary)
    if line.substances:
        return line
    names = names_in(normalise(text), formulary)
    treatments = formulary.words["treatments"]["of"]
    meant = (one for words, of in treatments if whole_words(words).search(normalise(text)) for one in of)
    return replace(line, substances=names) if names else replace(line, substances=tuple(meant), used=UNTOLD)


def _strongest(alerts: Sequence[Alert]) -> list[Alert]:
    """One alert for each kind and medicines; of several the strongest."""
    found: dict[tuple[Kind, tuple[str, ...]], Alert] = {}
    for alert in alerts:
        known = found.get((alert.kind, alert.about))
        if known is None or (known.level is Level.WARN and alert.level is Level.STOP):
            found[alert.kind, alert.about] = alert
    return list(found.values())


def conditions_of(patient: Patient, formulary: Formulary) -> set[str]:
    """The data's conditions that a patient's words name; also "kidney", "liver", "pregnant" and "breastfeeding"."""
    table = formulary.raw["conditions"]
    written = [affirmed(normalise(text)) for text in patient.conditions]
    names = {**table["names"], **table["means"]}
    named = {
        name for name, words in names.items()
        if any(whole_words(map(normalise, words)).search(text) for text in written)
    }  # fmt: skip
    return named | {one["condition"] for one in table["measured"] if any(_is_measured(one, text) for text in written)}


def _is_measured(entry: Mapping[str, Any], written: str) -> bool:
    """A figure of the text ("creatinine 3.2", "LVEF 30%") lies where the entry says."""
    words = "|".join(map(re.escape, entry["words"]))
    figures = re.findall(rf"(?<!\w)(?:{words})\s*(?:is|of|=|:|-|<|>)?\s*(\d+(?:\.\d+)?)", written)
    return any(
        float(figure) > entry.get("above", math.inf) or float(figure) < entry.get("under", 0) for figure in figures
    )


def _condition_alerts(patient: Patient, lines: Sequence[PrescriptionLine], formulary: Formulary) -> Iterator[Alert]:
    """An illness that a medicine makes worse. Its kind is interaction: of medicine and illness."""
    ill = conditions_of(patient, formulary)
    for line in lines:
        for name in line.substances:
            for rule in formulary.conditions:
                if rule.condition in ill and name in rule.of and _reaches(rule, line):
                    why = f"{rule.condition}: {rule.why}"
                    yield Alert(Kind.INTERACTION, rule.level, (name,), why, rule.source)


def _reaches(rule: Rule, line: PrescriptionLine) -> bool:
    return line.used != "topical" or rule.topical


def _patient_alerts(patient: Patient, lines: Sequence[PrescriptionLine], formulary: Formulary) -> Iterator[Alert]:
    """Age, pregnancy, breast-feeding, kidney and liver: of each kind the first rule that fits a substance."""
    for kind in _kinds_that_hold(patient, formulary):
        for line in lines:
            for name in line.substances:
                rule = next((one for one in formulary.patient_rules[kind] if _fits(one, name, patient, line)), None)
                if rule is not None:
                    yield Alert(kind, rule.level, (name,), rule.why, rule.source)


def _kinds_that_hold(patient: Patient, formulary: Formulary) -> Iterator[Kind]:
    ill = conditions_of(patient, formulary)
    facts = {
        Kind.AGE: patient.age is not None,
        Kind.PREGNANCY: bool(patient.pregnant) or (patient.pregnant is None and "pregnant" in ill),
        Kind.BREASTFEEDING: bool(patient.breastfeeding) or (patient.breastfeeding is None and "breastfeeding" in ill),
        Kind.KIDNEY: patient.kidney == IMPAIRED or "kidney" in ill,
        Kind.LIVER: patient.liver == IMPAIRED or "liver" in ill,
    }
    return (kind for kind, holds in facts.items() if holds)


def _fits(rule: Rule, name: str, patient: Patient, line: PrescriptionLine) -> bool:
    if name not in rule.of or not _reaches(rule, line):
        return False
    if rule.under is not None and not (patient.age is not None and patient.age < rule.under):
        return False
    if rule.over is not None and not (patient.age is not None and patient.age >= rule.over):
        return False
    return not rule.above or daily_amounts([line]).get(name, 0.0) > rule.above.get(name, 0.0)


def missing_facts(patient: Patient, lines: Sequence[PrescriptionLine], formulary: Formulary | None = None) -> list[str]:
    """Names of the patient's facts that are not known and matter for these lines, in the order to ask them."""
    formulary = formulary or load()
    names = {name for line in lines for name in line.substances}
    if not names:
        return []
    matters = {kind: any(rule.of & names for rule in formulary.patient_rules[kind]) for kind in formulary.patient_rules}
    known = conditions_of(patient, formulary)
    asked = {
        "age": patient.age is None,
        "allergies": patient.allergies is None,
        "weight_kg": patient.weight_kg is None and is_child(patient),
        "pregnant": patient.pregnant is None and _may_be_pregnant(patient) and matters["pregnancy"],
        "breastfeeding": patient.breastfeeding is None and _may_be_pregnant(patient) and matters["breastfeeding"],
        "kidney": patient.kidney is None and matters["kidney"] and "kidney" not in known,
        "liver": patient.liver is None and matters["liver"] and "liver" not in known,
    }
    return [name for name, missing in asked.items() if missing]


def _may_be_pregnant(patient: Patient) -> bool:
    youngest, oldest = FERTILE
    woman = (patient.sex or "").lower() in {"f", "female", "woman"}
    return woman and (patient.age is None or youngest <= patient.age <= oldest)
