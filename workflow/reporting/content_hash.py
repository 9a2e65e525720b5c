"""Hash of a report's content, which the administrator's code confirms."""

import json
from hashlib import sha256
from typing import Any, Final

from models.tables.accounts import Account
from models.tables.scans import CriticalResult, Prescription, Scan
from models.vocabulary import Role

NOTES: Final = ("override", "no_alert", "difference_seen")  # bound only where set: older codes stay valid


def content(scan: Scan) -> dict[str, Any]:
    """Every value that the report states, in a fixed order."""
    assert scan.finding is not None
    assert scan.reading is not None
    assert scan.prescription is not None
    finding, reading, prescription = scan.finding, scan.reading, scan.prescription
    noted = {name: value for name in NOTES if (value := getattr(reading, name)) is not None}
    return {
        **noted,
        "scan": scan.id,
        "patient": [*_person(scan.patient, Role.PATIENT), contact_of(scan.patient)],
        "received": str(scan.created_at),
        "asked": [scan.complaint, scan.since],
        "picture": [scan.original_file, scan.picture_file, finding.heatmap_file],
        "model": [finding.model, finding.model_version, finding.model_sha256],
        "ai": [finding.modality, finding.label, finding.confidence, finding.abnormal, finding.probabilities],
        "uncertain": [finding.uncertain, finding.threshold, finding.doubts, finding.slices],
        "reading": [reading.own_reading, reading.findings, reading.impression, reading.recommendations],
        "built": [reading.regions, reading.diagnosis, reading.band],
        "opinion": [reading.agrees, reading.why],
        "compared": reading.compared,
        "critical": _critical(scan.critical),
        "doctor": [*_person(reading.doctor, Role.DOCTOR), str(reading.signed_at)],
        "prescription": prescription.lines,
        **_dosages(prescription),
        **({"overrides": prescription.overrides} if prescription.overrides else {}),
        "pharmacist": [*_person(prescription.pharmacist, Role.PHARMACIST), str(prescription.completed_at)],
        **_countersigned(prescription),
        **({"version": [reading.version, prescription.reading_version]} if reading.version else {}),
        **({"heart": finding.heart} if finding.heart else {}),  # absent elsewhere, so that older hashes still hold
    }


def contact_of(patient: Account) -> str | None:
    """The patient's contact as the report prints it."""
    return patient.email or patient.phone


def report_hash(scan: Scan) -> str:
    """SHA-256 of the content, in hexadecimal."""
    return sha256(json.dumps(content(scan), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _dosages(prescription: Prescription) -> dict[str, Any]:
    """How each line is taken; absent where lines were stored before, so that older hashes still hold."""
    found = [line.get("dosage") for line in prescription.read or ()]
    return {"dosages": found} if any(found) else {}


def _countersigned(prescription: Prescription) -> dict[str, Any]:
    """The prescriber; absent where nobody countersigned, so that older hashes still hold."""
    at = prescription.countersigned_at
    if at is None:
        return {}
    by = prescription.prescriber
    return {"prescriber": [*(_person(by, Role.DOCTOR) if by else ()), str(at)]}


def _critical(critical: CriticalResult | None) -> list[str] | None:
    if critical is None:
        return None
    return [str(at) for at in (critical.marked_at, critical.told_at, critical.acknowledged_at)]


def _person(account: Account, role: Role) -> list[str | int | None]:
    born = account.date_of_birth.isoformat() if account.date_of_birth else None
    born = f"about {born}" if account.birth_estimated else born
    return [account.id, account.name, account.sex, born, account.registration_number_as(role)]
