"""Builds the report document from a scan's rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from models.tables.accounts import Account
from models.tables.amendments import Amendment
from models.tables.scans import AiFinding, Prescription, Scan
from models.vocabulary import Band, Language, Modality, ReportStatus, Risk, Role, ScanStatus, Sex
from reports.content.document import (
    AiSection,
    AmendmentSection,
    Attestation,
    Document,
    Hospital,
    Indication,
    Patient,
    Summary,
    Technique,
)
from workflow.reporting.content_hash import contact_of
from workflow.reporting.language import ready_text, report_language
from workflow.reporting.prescription import build_prescription
from workflow.reporting.reading import build_full_reading, build_summary, earlier_scan, override_text
from workflow.reporting.release import patient_number, report_number
from workflow.scans.risk import risk_of


class Issuer(NamedTuple):
    """The hospital that issues the report, and the time zone of its printed times."""

    hospital: Hospital
    zone: ZoneInfo


class Pictures(NamedTuple):
    """JPEG bytes of the scan as shown, and of its heat map or outlines."""

    scan: bytes
    heatmap: bytes | None


def build_document(
    scan: Scan,
    pictures: Pictures,
    issuer: Issuer,
    at: datetime,
    doubts: str | None = None,
    earlier: Sequence[Scan] = (),
) -> Document:
    """The report's content, from the rows that the administrator confirmed; the model is not run again.

    For an unreleased scan it holds what is recorded so far, as a preliminary report. `doubts` is the sentence that
    states why the model abstained; `earlier` are the scans for comparison. The scan must have a finding."""
    assert scan.finding
    reading, prescription = scan.reading, scan.prescription
    if prescription and prescription.completed_at is None:
        prescription = None
    language = report_language(scan.patient.language)
    comparison = [earlier_scan(one, issuer.zone) for one in earlier]
    return Document(
        hospital=issuer.hospital,
        zone=issuer.zone,
        number=report_number(scan),
        issued_at=at,
        language=language,
        status=ReportStatus.FINAL if scan.released_at else ReportStatus.PRELIMINARY,
        patient=_patient(scan.patient),
        indication=Indication(symptoms=scan.complaint, since=scan.since) if scan.complaint or scan.since else None,
        technique=_technique(scan, scan.finding, language),
        scan=pictures.scan,
        assistance=_assistance(scan.finding, pictures.heatmap, doubts),
        reading=build_full_reading(scan, reading, language, comparison) if reading else None,
        prescription=build_prescription(prescription, language) if prescription else None,
        summary=build_summary(reading, prescription, language) if reading else None,
        doctor=_attest(reading.doctor, Role.DOCTOR, reading.signed_at) if reading else None,
        pharmacist=_dispenser(prescription),
        administrator=_attest(scan.releaser, Role.ADMINISTRATOR, scan.released_at),
        prescriber=_prescriber(prescription),
    )


def is_preliminary(scan: Scan) -> bool:
    """Whether the doctor has signed and the report is not released: staff may see it marked as preliminary."""
    signed = scan.reading is not None and scan.reading.signed_at is not None  # not while it is being corrected
    waiting = scan.status in {ScanStatus.DOCTOR_VERIFIED, ScanStatus.PHARMACIST_COMPLETED}
    return signed and waiting and scan.released_at is None


def _patient(account: Account) -> Patient:
    return Patient(
        name=account.name,
        number=patient_number(account.id),
        born=account.date_of_birth,
        born_about=account.birth_estimated or None,
        sex=Sex(account.sex),
        contact=None if account.closed_at else contact_of(account),
    )


def _assistance(finding: AiFinding, heatmap: bytes | None, doubts: str | None) -> AiSection:
    return AiSection(
        model=finding.model,
        version=finding.model_version,
        sha256=finding.model_sha256,
        probabilities=tuple(finding.probabilities.items()),
        label=finding.label,
        confidence=finding.confidence,
        threshold=finding.threshold,
        risk=None if finding.uncertain else Risk(risk_of(finding)),
        abstention=doubts or None,
        heatmap=None if finding.heart else heatmap,
        outlines=heatmap if finding.heart else None,
    )


def _technique(scan: Scan, finding: AiFinding, language: Language) -> Technique:
    """Acquisition and processing of the picture, and its quality; unreadable pictures are refused at upload."""
    text = partial(ready_text, language, "technique")
    steps = [text("sent"), *(text(adjustment) for adjustment in finding.adjustments)]
    return Technique(
        modality=Modality(finding.modality),
        description=" ".join(steps),
        quality=text("limited" if "poor_image" in finding.doubts else "readable"),
        received_at=scan.created_at,
    )


def apply_amendments(document: Document, changes: Sequence[Amendment]) -> Document:
    """The report with its issued amendments, oldest first. The last one gives version, author and approval."""
    last = changes[-1]
    for change in changes:
        document = replace(document, **_apply_amendment(document, change, last))
    return replace(
        document,
        version=last.version,
        number=f"{document.number}-{last.version}",
        status=ReportStatus.ADDENDUM if last.addendum else ReportStatus.AMENDED,
        amendment=AmendmentSection(replaces=last.version - 1, reason=last.reason),
        doctor=_attest(last.doctor, Role.DOCTOR, last.created_at),
        administrator=_attest(last.administrator, Role.ADMINISTRATOR, last.approved_at),
    )


def _apply_amendment(document: Document, change: Amendment, last: Amendment) -> dict[str, Any]:
    """The fields that one amendment changes in reading and summary. New findings replace regions and diagnosis."""
    assert document.reading
    before = document.reading
    if change.addendum:
        added = "\n\n".join(filter(None, (before.findings, change.reason)))
        return {} if change is last else {"reading": replace(before, findings=added)}
    advice = change.recommendations or before.recommendations
    new = replace(
        before,
        findings=change.findings,
        regions=(),
        diagnosis=None,
        own=None,
        impression=change.impression or None,
        recommendations=advice,
        override=override_text(change.override, document.language),
    )
    steps = document.summary.steps[:-1] if document.summary and before.recommendations else ()
    summary = Summary(
        band=Band(change.band or Band.SEE_DOCTOR),
        text=change.impression or change.findings or "",
        steps=(*steps, *filter(None, [advice])),
    )
    return {"reading": new, "summary": summary}


def _dispenser(prescription: Prescription | None) -> Attestation | None:
    if prescription is None:
        return None
    return _attest(prescription.pharmacist, Role.PHARMACIST, prescription.completed_at)


def _prescriber(prescription: Prescription | None) -> Attestation | None:
    if prescription is None:
        return None
    return _attest(prescription.prescriber, Role.DOCTOR, prescription.countersigned_at)


def _attest(account: Account | None, role: Role, at: datetime | None) -> Attestation | None:
    if account is None or at is None:
        return None
    return Attestation(name=account.name, at=at, registration=account.registration_number_as(role))
