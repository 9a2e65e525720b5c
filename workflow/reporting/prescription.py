"""The prescription as report content."""

from dataclasses import fields

from models.tables.scans import Prescription
from models.vocabulary import Language
from reports.content.document import Medicine, PrescriptionSection
from workflow.reporting.language import ready_text
from workflow.scans.prescribing import READY_PREFIX


def build_prescription(prescription: Prescription, language: Language) -> PrescriptionSection:
    """The prescription with its lines as structured medicines."""
    if not prescription.lines:
        return PrescriptionSection(no_medicine=True)
    return PrescriptionSection(
        lines=tuple(parse_medicine(prescription_text(line, language)) for line in prescription.lines)
    )


def prescription_text(line: str, language: Language) -> str:
    """The text of a prescription line: a ready line is stored as its key, a typed one as text without line breaks."""
    return ready_text(language, "ready", line.removeprefix(READY_PREFIX)) if line.startswith(READY_PREFIX) else line


def parse_medicine(line: str) -> Medicine:
    """Parse a typed line: drug | dose | route | frequency | duration | remarks."""
    drug, *parts = [part.strip() or None for part in line.split("|", len(fields(Medicine)) - 1)]
    others = [field.name for field in fields(Medicine)][1:]
    return Medicine(drug=drug or line.strip("| "), **dict(zip(others, parts, strict=False)))
