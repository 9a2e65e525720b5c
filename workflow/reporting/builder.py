"""A released scan as the document that goes on paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from models.tables.amendments import Amendment
from models.tables.people import Account, Role
from models.tables.scans import Finding, Scan, Status
from models.tables.scans import Prescription as Prescribed
from models.tables.scans import Reading as Read
from reports.content.document import (
    Act,
    Assistance,
    Band,
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
    Summary,
    Technique,
)
from reports.content.document import Amendment as Change
from reports.content.document import Status as DocumentStatus
from reports.content.reading import REGIONS, Earlier, Opinion, Reading, Region
from reports.content.reading import Critical as CriticalResult
from reports.content.reading import Finding as Seen
from reports.pdf.words import catalogue
from workflow.reporting.release import report_number
from workflow.scans.risk import risk_of

READY: Final = "\nready."  # before the key of a ready line
Say = Callable[[str, str], str]  # section and name of the catalogue → words


class Letterhead(NamedTuple):
    """Whose paper it is, and in which time zone its times are printed."""

    hospital: Hospital
    zone: ZoneInfo


class Pictures(NamedTuple):
    """JPEG bytes of the scan as shown and of its heat map."""

    scan: bytes
    heatmap: bytes | None


def document(
    scan: Scan,
    pictures: Pictures,
    letterhead: Letterhead,
    at: datetime,
    doubts: str | None = None,
    earlier: Sequence[Scan] = (),
) -> Document:
    """Everything is taken from the rows that the administrator confirmed; nothing is asked of the model again.

    Of an unfinished scan it is what there is so far: enough for a draft, and for nothing else."""
    assert scan.finding
    read, prescribed = scan.reading, scan.prescription
    if prescribed and prescribed.completed_at is None:
        prescribed = None
    language = spoken(scan.patient.language)
    return Document(
        hospital=letterhead.hospital,
        zone=letterhead.zone,
        number=report_number(scan),
        issued_at=at,
        language=language,
        status=DocumentStatus.FINAL if scan.released_at else DocumentStatus.PRELIMINARY,
        patient=_patient(scan.patient),
        indication=Indication(symptoms=scan.complaint, since=scan.since) if scan.complaint or scan.since else None,
        technique=_technique(scan, scan.finding, language),
        scan=pictures.scan,
        assistance=_assistance(scan.finding, pictures.heatmap, doubts),
        reading=_whole(scan, read, language, [_earlier(one, letterhead.zone) for one in earlier]) if read else None,
        prescription=_prescription(prescribed, language) if prescribed else None,
        summary=_summary(read, prescribed, language) if read else None,
        doctor=_act(read.doctor, Role.DOCTOR, read.signed_at) if read else None,
        pharmacist=_act(prescribed.pharmacist, Role.PHARMACIST, prescribed.completed_at) if prescribed else None,
        administrator=_act(scan.releaser, Role.ADMINISTRATOR, scan.released_at),
    )


def is_preliminary(scan: Scan) -> bool:
    """Whether the doctor has signed and nobody has released: the clinic's staff may see a report that is marked so."""
    return scan.status in {Status.DOCTOR_VERIFIED, Status.PHARMACIST_COMPLETED} and scan.released_at is None


def _patient(account: Account) -> Patient:
    return Patient(
        name=account.name,
        number=f"P{account.id:06}",
        born=account.date_of_birth,
        sex=Sex(account.sex),
        contact=None if account.closed_at else account.email,
    )


def _assistance(finding: Finding, heatmap: bytes | None, doubts: str | None) -> Assistance:
    return Assistance(
        model=finding.model,
        version=finding.model_version,
        sha256=finding.model_sha256,
        probabilities=tuple(finding.probabilities.items()),
        label=finding.label,
        confidence=finding.confidence,
        threshold=finding.threshold,
        risk=None if finding.uncertain else Risk(risk_of(finding)),
        abstention=doubts or None,
        heatmap=heatmap,
    )


def reading(read: Read, modality: str, language: Language) -> Reading:
    """What was picked from buttons comes out in the reader's language, what was typed as it was typed."""
    say, seen = partial(_say, language), read.regions or {}
    stop = "।" if language is Language.HINDI else "."
    ready = {part: say(part, read.diagnosis) for part in ("impression", "advice")} if read.diagnosis else {}
    return Reading(
        findings=read.findings or None,
        regions=tuple(_region(region, seen, say, stop) for region in REGIONS[modality] if region in seen),
        diagnosis=read.diagnosis,
        own=read.own_reading or None,
        impression=read.impression or ready.get("impression"),
        recommendations=read.recommendations or ready.get("advice"),
        opinion=None if read.agrees is None else Opinion(agrees=read.agrees, reason=_why(read.why, say)),
    )


def _technique(scan: Scan, finding: Finding, language: Language) -> Technique:
    """What was done to the picture, and whether it was good enough: the gate lets nothing in that cannot be read."""
    say = partial(_say, language, "technique")
    done = [say("sent"), *(say(adjustment) for adjustment in finding.adjustments)]
    return Technique(
        modality=Modality(finding.modality),
        description=" ".join(done),
        quality=say("limited" if "poor_image" in finding.doubts else "readable"),
        received_at=scan.created_at,
    )


def _earlier(scan: Scan, zone: ZoneInfo) -> Earlier:
    return Earlier(
        on=scan.created_at.astimezone(zone).date(),
        modality=scan.finding.modality if scan.finding else scan.modality,
        number=report_number(scan),
    )


def _critical(scan: Scan) -> CriticalResult | None:
    """As it stood when the administrator confirmed it."""
    critical, read = scan.critical, scan.reading
    if critical is None or read is None:
        return None
    until = scan.released_at or datetime.now(UTC)
    told, heard = (at if at and at <= until else None for at in (critical.told_at, critical.acknowledged_at))
    language = spoken(scan.patient.language)
    found = read.impression or (_say(language, "impression", read.diagnosis) if read.diagnosis else read.findings)
    return CriticalResult(
        finding=found or _say(language, "summary", "regions"),
        told=scan.patient.name if told else None,
        told_at=told,
        acknowledged_at=heard,
    )


def amend(document: Document, changes: Sequence[Amendment]) -> Document:
    """The report with its changes, oldest first; the last makes this version, with its own author and approval."""
    last = changes[-1]
    for change in changes:
        document = replace(document, **_changed(document, change, last))
    return replace(
        document,
        version=last.version,
        number=f"{document.number}-{last.version}",
        status=DocumentStatus.ADDENDUM if last.addendum else DocumentStatus.AMENDED,
        amendment=Change(replaces=last.version - 1, reason=last.reason),
        doctor=_act(last.doctor, Role.DOCTOR, last.created_at),
        administrator=_act(last.administrator, Role.ADMINISTRATOR, last.approved_at),
    )


def _changed(document: Document, change: Amendment, last: Amendment) -> dict[str, Any]:
    """What one change does to the reading and the patient's page. Regions and diagnosis fall with the old findings."""
    assert document.reading
    said = document.reading
    if change.addendum:
        added = "\n\n".join(filter(None, (said.findings, change.reason)))
        return {} if change is last else {"reading": replace(said, findings=added)}
    advice = change.recommendations or said.recommendations
    new = replace(
        said,
        findings=change.findings,
        regions=(),
        diagnosis=None,
        own=None,
        impression=change.impression or None,
        recommendations=advice,
    )
    before = document.summary.steps[:-1] if document.summary and said.recommendations else ()
    summary = Summary(
        band=Band(change.band or Band.SEE_DOCTOR),
        text=change.impression or change.findings or "",
        steps=(*before, *filter(None, [advice])),
    )
    return {"reading": new, "summary": summary}


def _whole(scan: Scan, read: Read, language: Language, earlier: Sequence[Earlier]) -> Reading:
    """The doctor's words among what else belongs to them."""
    said = reading(read, scan.finding.modality if scan.finding else scan.modality, language)
    return replace(said, comparison=tuple(earlier), critical=_critical(scan))


def _summary(read: Read, prescribed: Prescribed | None, language: Language) -> Summary | None:
    """The patient's page, from the doctor's reading alone: nothing of it comes from the model."""
    if read.band is None:
        return None
    say = partial(_say, language)
    picked = say("plain", read.diagnosis) if read.diagnosis and not read.impression else None
    typed = (read.own_reading, picked or read.impression or read.findings)
    advice = read.recommendations or (say("advice", read.diagnosis) if read.diagnosis else None)
    medicine = say("summary", "medicine") if prescribed and prescribed.lines else None
    return Summary(
        band=Band(read.band),
        text="\n".join(filter(None, typed)) or say("summary", "regions"),
        steps=tuple(filter(None, (medicine, advice))),
    )


def _region(region: Region, regions: Mapping[str, Any], say: Say, stop: str) -> Seen:
    seen = regions[region]
    codes, typed = tuple(seen.get("phrases", ())), seen.get("text")
    words = [*(f"{say('phrase', code)}{stop}" for code in codes), *filter(None, [typed])]
    return Seen(region=region, text=" ".join(words) or None, codes=codes)


def _why(why: str | None, say: Say) -> str | None:
    """A ready reason is kept by its key."""
    return say("why", why.removeprefix("why.")) if why and why.startswith("why.") else why


def _say(language: Language, section: str, name: str) -> str:
    return catalogue(language)[section][name]


def spoken(language: str) -> Language:
    """The nearest language that a report speaks."""
    return Language(language) if language in set(Language) else Language.ENGLISH


def _prescription(prescribed: Prescribed, language: Language) -> Prescription:
    if not prescribed.lines:
        return Prescription(no_medicine=True)
    return Prescription(lines=tuple(medicine(in_words(line, language)) for line in prescribed.lines))


def in_words(line: str, language: Language) -> str:
    """A ready line of a prescription is kept by its key; a typed one stays as it was typed, and has no line break."""
    return _say(language, "ready", line.removeprefix(READY)) if line.startswith(READY) else line


def medicine(line: str) -> Medicine:
    """A typed line; its parts are set apart by "|": drug, dose, route, frequency, duration, remarks."""
    drug, *parts = [part.strip() or None for part in line.split("|", len(fields(Medicine)) - 1)]
    others = [field.name for field in fields(Medicine)][1:]
    return Medicine(drug=drug or line.strip("| "), **dict(zip(others, parts, strict=False)))


def _act(account: Account | None, role: Role, at: datetime | None) -> Act | None:
    if account is None or at is None:
        return None
    return Act(name=account.name, at=at, registration=account.number_as(role))
