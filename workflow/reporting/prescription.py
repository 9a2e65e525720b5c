"""The prescription as report content."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.tables.scans import Prescription
from models.vocabulary import Language
from reports.content.document import MEDICINE_TEXTS, Dosage, Medicine, PrescriptionSection
from workflow.prescriptions.prescribing import MEDICINES, READY_PREFIX
from workflow.reporting.language import ready_text


def build_prescription(prescription: Prescription, language: Language) -> PrescriptionSection:
    """The prescription with its lines as structured medicines."""
    if not prescription.lines:
        return PrescriptionSection(no_medicine=True)
    read = prescription.read or [{}] * len(prescription.lines)
    lines = zip(prescription.lines, read, strict=True)
    return PrescriptionSection(lines=tuple(_medicine(line, data, language) for line, data in lines))


def _medicine(line: str, data: Mapping[str, Any], language: Language) -> Medicine:
    """A line with its dosage; one that was stored before dosages were has neither dosage nor mark."""
    medicine = parse_medicine(prescription_text(line, language))
    if "dosage" not in data:
        return medicine
    if (dosage := data["dosage"]) is None:
        return replace(medicine, by_hand=True) if data["kind"] in MEDICINES else medicine
    return replace(medicine, dosage=Dosage(**{**dosage, "parts": tuple(dosage["parts"] or ())}))


def prescription_text(line: str, language: Language) -> str:
    """The text of a prescription line: a ready line is stored as its key, a typed one as text without line breaks."""
    return ready_text(language, "ready", line.removeprefix(READY_PREFIX)) if line.startswith(READY_PREFIX) else line


def parse_medicine(line: str) -> Medicine:
    """Parse a typed line: drug | dose | route | frequency | duration | remarks."""
    drug, *parts = [part.strip() or None for part in line.split("|", len(MEDICINE_TEXTS) - 1)]
    others: dict[str, Any] = dict(zip(MEDICINE_TEXTS[1:], parts, strict=False))
    return Medicine(drug=drug or line.strip("| "), **others)
