"""Prescription lines that the doctor proposes with the reading, for the pharmacist to take over."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.formulary import checking
from workflow.formulary.load import Formulary
from workflow.formulary.records import Alert, PrescriptionLine
from workflow.prescriptions.prescribing import needs_doctor, patient_of, read_lines
from workflow.scans import reading


async def propose(session: AsyncSession, actor: Actor, scan_id: int, lines: Sequence[str], at: datetime) -> Scan:
    """Set the lines proposed with the draft of the reading; none takes the proposal back. Raises like `revise_draft`.

    They are the verifying doctor's: the signature covers them."""
    scan = await reading.revise_draft(session, actor, scan_id, at, proposed=list(lines) or None)
    await record(session, actor, AuditEvent("propose_lines", "scan", scan_id, scan.patient_id, scan.version), at)
    return scan


def proposed_lines(scan: Scan) -> Sequence[str]:
    """The lines of the signed reading; none before the signature and while it is being corrected."""
    signed = scan.reading is not None and scan.reading.signed_at is not None
    return (scan.reading.proposed or ()) if scan.reading is not None and signed else ()


def read_proposal(scan: Scan, formulary: Formulary | None = None) -> Sequence[PrescriptionLine]:
    """The proposed lines of the draft as data."""
    return read_lines((scan.reading and scan.reading.proposed) or (), formulary)


def alerts_of_proposal(scan: Scan, at: datetime, formulary: Formulary | None = None) -> Sequence[Alert]:
    """Every alert that the proposed lines raise for this patient; the pharmacist meets them again."""
    return checking.check(patient_of(scan, at), list(read_proposal(scan, formulary)), formulary)


def name_prescriber(scan: Scan, formulary: Formulary | None = None) -> None:
    """Whether a doctor has to countersign the completed prescription, and who prescribes it where none has to.

    A line that the verifying doctor proposed and the pharmacist took unchanged is prescribed by that doctor."""
    prescription, signed = scan.prescription, scan.reading
    assert prescription is not None
    assert signed is not None
    prescription.needs_doctor = needs_doctor(prescription, formulary, proposed_lines(scan))
    if not prescription.needs_doctor and needs_doctor(prescription, formulary):
        prescription.countersigned_by, prescription.countersigned_at = signed.doctor_id, signed.signed_at
