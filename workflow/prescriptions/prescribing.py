"""A prescription's meaning: its lines as data, the alerts they raise for this patient, and overrides of alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.scans import Prescription, Scan
from models.vocabulary import Language
from reports.pdf.words import catalogue
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import AlertsOpen, StaleAction
from workflow.formulary import checking
from workflow.formulary.limits import is_child
from workflow.formulary.load import Formulary, load
from workflow.formulary.reading import read_line
from workflow.formulary.records import Alert, Patient, PrescriptionLine
from workflow.medication.dosage import dosage_of
from workflow.transitions import Action, advance

READY_PREFIX: Final = "\nready."  # precedes the key of a ready line
READY_ADVICE: Final = frozenset({"oxygen"})  # ready lines that prescribe no medicine
MEDICINES: Final = frozenset({"medicine", "unclear"})  # kinds of lines that are dispensed
DAYS_A_YEAR: Final = 365.25


class Override(NamedTuple):
    """The alerts that the pharmacist was shown, as `Alert.as_dict` has them, and the reason to go on against them."""

    shown: Sequence[Mapping[str, Any]]
    reason: str


def read_stored(line: str, formulary: Formulary | None = None) -> PrescriptionLine:
    """The meaning of a stored line; a ready line is read by its English text, a typed one without its separators."""
    name = line.removeprefix(READY_PREFIX)
    text = line if name == line else catalogue(Language.ENGLISH)["ready"][name]
    if name != line and name in READY_ADVICE:
        return PrescriptionLine(text, "advice")
    return read_line(text.replace("|", " "), formulary)


def read_lines(lines: Sequence[str], formulary: Formulary | None = None) -> list[PrescriptionLine]:
    return [read_stored(line, formulary) for line in lines]


def patient_of(scan: Scan, at: datetime) -> Patient:
    """The patient of a scan as the checks take them: what they said, and their age in years and sex."""
    born = scan.patient.date_of_birth
    age = round((at.date() - born).days / DAYS_A_YEAR, 2) if born else None
    known = (scan.facts and scan.facts.facts) or {}
    return checking.patient_from({**known, "age": age, "sex": str(scan.patient.sex)})


def alerts_of(scan: Scan, at: datetime, formulary: Formulary | None = None) -> list[Alert]:
    """Every alert of the prescription for this patient, stop before warn, overridden or not."""
    if scan.prescription is None:
        return []
    return checking.check(patient_of(scan, at), read_lines(scan.prescription.lines, formulary), formulary)


def open_alerts(scan: Scan, at: datetime, formulary: Formulary | None = None) -> list[Alert]:
    """The alerts that nobody has given a reason against."""
    return [alert for alert in alerts_of(scan, at, formulary) if reason_against(scan, alert) is None]


def missing_facts(scan: Scan, at: datetime, formulary: Formulary | None = None) -> list[str]:
    """Names of the patient's facts that are not known and matter for these lines."""
    lines = read_lines(scan.prescription.lines, formulary) if scan.prescription else []
    missing = checking.missing_facts(patient_of(scan, at), lines, formulary)
    ill = (formulary or load()).conditions
    matters = any(name in rule.of for line in lines for name in line.substances for rule in ill)
    known = (scan.facts and scan.facts.facts) or {}
    return [*missing, "conditions"] if matters and "conditions" not in known else missing


def fitting(scan: Scan, names: Sequence[str], at: datetime, formulary: Formulary | None = None) -> list[str]:
    """Those of the ready lines that fit this patient: no alert; their doses are an adult's, so none for a child."""
    patient = patient_of(scan, at)
    grown = not is_child(patient)
    lines = {name: read_stored(READY_PREFIX + name, formulary) for name in names}
    return [
        name
        for name, line in lines.items()
        if line.kind not in MEDICINES or (grown and not checking.check(patient, [line], formulary))
    ]


def reason_against(scan: Scan, alert: Alert) -> str | None:
    """The reason that a pharmacist gave for going on against exactly this alert."""
    overrides = (scan.prescription and scan.prescription.overrides) or []
    return next((str(one["reason"]) for one in overrides if _is_about(one, alert)), None)


def set_lines(scan: Scan, prescription: Prescription, at: datetime, formulary: Formulary | None = None) -> None:
    """Read the lines of a written prescription as data; overrides of alerts that no longer arise are dropped."""
    known = formulary or load()
    read = read_lines(prescription.lines, known)
    prescription.read = [{**line.as_dict(), "dosage": dosage_of(line, known)} for line in read]
    if prescription.overrides:
        alerts = alerts_of(scan, at, formulary)
        prescription.overrides = [one for one in prescription.overrides if any(_is_about(one, a) for a in alerts)]


def needs_doctor(
    prescription: Prescription, formulary: Formulary | None = None, prescribed: Sequence[str] = ()
) -> bool:
    """Whether a doctor has to prescribe a line: it has a substance of Schedule H, H1 or X, or none that is known.

    `prescribed`: lines that a doctor has prescribed already."""
    known = (formulary or load()).substances
    lines = zip(prescription.lines, prescription.read or (), strict=False)
    medicines = [data for line, data in lines if data["kind"] in MEDICINES and line not in prescribed]
    return any(
        not line["substances"] or any(name not in known or known[name].schedule for name in line["substances"])
        for line in medicines
    )


def require_no_open_alert(scan: Scan, at: datetime, formulary: Formulary | None = None) -> None:
    """Raise AlertsOpen where the prescription has an alert without a reason against it."""
    if open_alerts(scan, at, formulary):
        raise AlertsOpen


async def override(
    session: AsyncSession,
    actor: Actor,
    scan_id: int,
    against: Override,
    at: datetime,
    formulary: Formulary | None = None,
) -> Scan:
    """Record the pharmacist's reason against the alerts that they were shown; each is audited with its code.

    Alerts that arose since stay open. Raises StaleAction when none of the shown ones is open."""
    scan = await advance(session, scan_id, Action.PRESCRIBE, actor, at)
    alerts = [alert for alert in open_alerts(scan, at, formulary) if alert.as_dict() in against.shown]
    if not alerts:
        raise StaleAction
    assert scan.prescription is not None
    given = [{**alert.as_dict(), "reason": against.reason} for alert in alerts]
    scan.prescription.overrides = [*(scan.prescription.overrides or []), *given]
    await session.flush()
    for alert in alerts:
        code = f"{alert.level}:{alert.kind}"
        event = AuditEvent("override", "scan", scan.id, scan.patient_id, scan.version, reason=code)
        await record(session, actor, event, at)
    return scan


def _is_about(override: Mapping[str, Any], alert: Alert) -> bool:
    return {**override, "reason": None} == {**alert.as_dict(), "reason": None}
