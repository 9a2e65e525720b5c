"""A released scan as the document that goes on paper."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.people import Account
from models.scans import Finding, Scan
from models.scans import Prescription as Prescribed
from models.scans import Reading as Read
from reports.document import (
    Act,
    Assistance,
    Document,
    Hospital,
    Indication,
    Language,
    Medicine,
    Modality,
    Patient,
    Prescription,
    Risk,
    Sex,
    Technique,
)
from reports.reading import Opinion, Reading
from workflow.release import report_number
from workflow.risk import risk_of


class Letterhead(NamedTuple):
    """Whose paper it is, and in which time zone its times are printed."""

    hospital: Hospital
    zone: ZoneInfo


class Pictures(NamedTuple):
    """JPEG bytes of the scan as shown and of its heat map."""

    scan: bytes
    heatmap: bytes | None


def document(
    scan: Scan, pictures: Pictures, letterhead: Letterhead, at: datetime, doubts: str | None = None
) -> Document:
    """Everything is taken from the rows that the administrator confirmed; nothing is asked of the model again."""
    assert scan.finding
    assert scan.reading
    assert scan.prescription
    return Document(
        hospital=letterhead.hospital,
        zone=letterhead.zone,
        number=report_number(scan),
        issued_at=at,
        language=Language(scan.patient.language) if scan.patient.language in set(Language) else Language.ENGLISH,
        patient=_patient(scan.patient),
        indication=Indication(symptoms=scan.complaint, since=scan.since) if scan.complaint or scan.since else None,
        technique=Technique(modality=Modality(scan.finding.modality), received_at=scan.created_at),
        scan=pictures.scan,
        assistance=_assistance(scan.finding, pictures.heatmap, doubts),
        reading=_reading(scan.reading),
        prescription=_prescription(scan.prescription),
        doctor=_act(scan.reading.doctor, scan.reading.signed_at),
        pharmacist=_act(scan.prescription.pharmacist, scan.prescription.completed_at),
        administrator=_act(scan.releaser, scan.released_at),
    )


def _patient(account: Account) -> Patient:
    return Patient(
        name=account.name,
        number=f"P{account.id:06}",
        born=account.date_of_birth,
        sex=Sex(account.sex),
        contact=account.email,
    )


def _assistance(finding: Finding, heatmap: bytes | None, doubts: str | None) -> Assistance:
    return Assistance(
        model=finding.model,
        version=finding.model_version,
        sha256=finding.model_sha256,
        probabilities=tuple(finding.probabilities.items()),
        label=finding.label,
        confidence=finding.confidence,
        risk=None if finding.uncertain else Risk(risk_of(finding)),
        abstention=doubts or None,
        heatmap=heatmap,
    )


def _reading(read: Read) -> Reading:
    """The physician's own reading, where it was required, stands first in the impression."""
    impression = "\n".join(words for words in (read.own_reading, read.impression) if words)
    return Reading(
        findings=read.findings,
        impression=impression or None,
        recommendations=read.recommendations,
        opinion=None if read.agrees is None else Opinion(agrees=read.agrees),
    )


def _prescription(prescribed: Prescribed) -> Prescription:
    if not prescribed.lines:
        return Prescription(no_medicine=True)
    return Prescription(lines=tuple(Medicine(drug=line) for line in prescribed.lines))


def _act(account: Account | None, at: datetime | None) -> Act | None:
    if account is None or at is None:
        return None
    return Act(name=account.name, at=at, registration=account.registration_number)
