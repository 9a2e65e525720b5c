"""Conditions of the transitions of a scan, besides role and status."""

from models.tables.scans import Scan
from workflow.consistency.checks import require_consistent
from workflow.errors import (
    AnalysisRunning,
    ClarificationOpen,
    ConfirmationMissing,
    CorrectionOpen,
    CountersignatureMissing,
    FindingsMissing,
    OwnReadingMissing,
    PrescriptionMissing,
    StaleAction,
)


def always_allowed(_: Scan) -> None:
    """No condition besides role and state."""


def no_analysis_running(scan: Scan) -> None:
    """Raise AnalysisRunning while an analysis is requested and not recorded."""
    if scan.analysis_asked_at is not None:
        raise AnalysisRunning


def findings_written(scan: Scan) -> None:
    """Raise FindingsMissing, or OwnReadingMissing where the model was uncertain and the doctor gave no own reading."""
    reading = scan.reading
    if reading is None or not (reading.findings or reading.regions or reading.impression):
        raise FindingsMissing
    if needs_own_reading(scan):
        raise OwnReadingMissing


def needs_own_reading(scan: Scan) -> bool:
    """Whether the doctor still has to give a reading of their own, because the model was uncertain or absent."""
    if scan.finding is None:
        return True
    reading = scan.reading
    return scan.finding.uncertain and not (reading and (reading.own_reading or reading.diagnosis))


def ready_to_sign(scan: Scan) -> None:
    """Raise like `findings_written`, then like `require_consistent`."""
    findings_written(scan)
    require_consistent(scan)


def draft_open(scan: Scan) -> bool:
    """Whether the reading may be written: it is not signed yet, or being corrected."""
    return scan.reading is None or scan.reading.signed_at is None


def correctable(scan: Scan) -> None:
    """Raise StaleAction after the release, or while the reading is being corrected."""
    not_released(scan)
    if draft_open(scan):
        raise StaleAction


def correction_open(scan: Scan) -> None:
    """Raise StaleAction unless the signed reading is being corrected."""
    not_released(scan)
    if not draft_open(scan):
        raise StaleAction


def ready_to_sign_again(scan: Scan) -> None:
    """Raise like `correction_open`, then like `ready_to_sign`."""
    correction_open(scan)
    ready_to_sign(scan)


def ready_to_complete(scan: Scan) -> None:
    """Raise CorrectionOpen, or like `prescription_written`."""
    _no_correction_open(scan)
    prescription_written(scan)


def awaits_confirmation(scan: Scan) -> bool:
    """Whether a reading was corrected after the prescription was completed, and the pharmacist has not confirmed it."""
    reading, prescription = scan.reading, scan.prescription
    if reading is None or prescription is None or prescription.completed_at is None or reading.signed_at is None:
        return False
    return reading.version != prescription.reading_version


def confirmation_awaited(scan: Scan) -> None:
    """Raise StaleAction after the release, or where no confirmation is awaited."""
    not_released(scan)
    if not awaits_confirmation(scan):
        raise StaleAction


def _no_correction_open(scan: Scan) -> None:
    if draft_open(scan):
        raise CorrectionOpen


def prescription_written(scan: Scan) -> None:
    """Raise PrescriptionMissing without a prescription."""
    if scan.prescription is None:
        raise PrescriptionMissing


def not_released(scan: Scan) -> None:
    """Raise StaleAction after the release."""
    if scan.released_at is not None:
        raise StaleAction


def awaits_countersignature(scan: Scan) -> bool:
    """Whether a doctor still has to prescribe what was completed: see `prescribing.needs_doctor`."""
    prescription = scan.prescription
    return prescription is not None and bool(prescription.needs_doctor) and prescription.countersigned_at is None


def countersignature_awaited(scan: Scan) -> None:
    """Raise StaleAction after the release, or where no countersignature is awaited."""
    not_released(scan)
    if not awaits_countersignature(scan):
        raise StaleAction


def ready_to_release(scan: Scan) -> None:
    """Raise StaleAction after the release, CorrectionOpen, ConfirmationMissing, ClarificationOpen or
    CountersignatureMissing."""
    not_released(scan)
    _no_correction_open(scan)
    if awaits_confirmation(scan):
        raise ConfirmationMissing
    if any(one.is_open for one in scan.clarifications):
        raise ClarificationOpen
    if awaits_countersignature(scan):
        raise CountersignatureMissing


def released(scan: Scan) -> None:
    """Raise StaleAction before the release."""
    if scan.released_at is None:
        raise StaleAction
