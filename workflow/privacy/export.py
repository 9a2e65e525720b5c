"""Export of all data stored about a person, for that person."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.crypto.vault import Content
from models.tables.accounts import Account, VoiceNote
from models.tables.amendments import Amendment, AmendmentState
from models.tables.deliveries import Delivery
from models.tables.desk import Ticket, TicketMessage, UrgencyQuestion
from models.tables.proxies import Proxy, patients_of
from models.tables.scans import Report, Scan, ScanEvent
from models.vocabulary import Role, ScanStatus
from workflow.accounts.browsers import notices
from workflow.actors import Actor
from workflow.audit import search
from workflow.audit.chain import AuditEvent, record
from workflow.desk import voice_notes
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission, authorize, scans_in_scope
from workflow.privacy import overview
from workflow.reporting import deliveries, release
from workflow.reporting.language import report_language
from workflow.reporting.prescription import prescription_text
from workflow.scans import patient_facts, presets

SCHEMA: Final = "csss-export/1"
Facts = dict[str, Any]
IDENTITY: Final = (
    *("name", "email", "phone", "whatsapp", "date_of_birth", "birth_estimated", "sex", "language", "created_at"),
)
SCAN: Final = (
    *("id", "status", "modality", "complaint", "since", "reason", "picture_hash", "same_as", "supersedes_id"),
    *("stat_at", "late_notified", "created_at"),
)
MODEL: Final = (
    *("model", "model_version", "modality", "label", "confidence", "threshold", "uncertain", "doubts"),
    *("probabilities", "heart"),
)
READING: Final = (
    *("own_reading", "findings", "impression", "recommendations", "regions", "diagnosis", "band", "agrees", "why"),
    *("signed_at", "override", "no_alert", "difference_seen", "version", "proposed"),
)
AMENDMENT: Final = (
    *("version", "addendum", "reason", "findings", "impression", "recommendations", "band", "override", "approved_at"),
)
CHAT: Final = ("label", "created_at", "seen_at")  # a browser, too
NOTICES: Final = ("created_at", "sent_at", "endpoint")
CONSENT: Final = ("version", "language", "given_at", "withdrawn_at", "paper")
TICKET: Final = ("urgent", "state", "opened_at", "closed_at")
URGENCY: Final = ("text", "asked_at", "answered_at", "bad_now", "scan_id")
VOICE: Final = ("id", "seconds", "at")  # the sound is a file of this number
CLARIFICATION: Final = ("question", "answer", "asked_at", "answered_at", "withdrawn_at")
AUDIT: Final = ("at", "role", "act", "object_kind", "object_id", "version", "outcome", "reason")


class ExportFile(NamedTuple):
    """A file of the vault and its path in the export; a trailing dot asks for the extension to be determined."""

    path: str
    name: str
    content: Content


class Export(NamedTuple):
    """The structured record and the files."""

    data: Facts
    files: Sequence[ExportFile]


async def request_export(session: AsyncSession, actor: Actor, chat_id: int, at: datetime) -> None:
    """Enqueue the export for this chat, and one for each patient for whom the actor acts.

    The caller has checked the password."""
    authorize(actor, Permission.EXPORT_SELF)
    requested, lock = at.isoformat(), f"export:{actor.account_id}"  # one after the other: they share a passphrase
    for account in (actor.account_id, *await session.scalars(patients_of(actor.account_id))):
        enqueue(session, JobKind.SEND_EXPORT, at, lock=lock, account_id=account, chat_id=chat_id, asked=requested)


async def gather(session: AsyncSession, actor: Actor, at: datetime) -> Export:
    """Everything stored about the actor. Before the release of a report: no model output and no draft."""
    authorize(actor, Permission.EXPORT_SELF)
    account = await session.get_one(Account, actor.account_id)
    own = scans_in_scope(actor, Permission.SEE_OWN).where(Scan.patient_id == account.id)
    scans = (await session.scalars(own.order_by(Scan.id))).all()
    exported = [await _scan(session, scan) for scan in scans]
    data = {
        "schema": SCHEMA,
        "made_at": at,
        "identity": {**_pick(account, IDENTITY), "number": release.patient_number(account.id)},
        "facts": await patient_facts.facts_of(session, account.id),
        "own_phrases": [one._asdict() for one in await presets.own_phrases(session, actor)],
        "recent_readings": list(await presets.recent_readings(session, actor)),
        "consents": [
            _pick(one, CONSENT) | {"for_patient": one.given_by is not None}
            for one in await overview.consents(session, account.id)
        ],
        "chats": [_pick(one, CHAT) for one in await overview.signed_in(session, account.id)],
        "notices": [_pick(one, NOTICES) for one in await notices.of_account(session, account.id)],
        "proxies": await _proxies(session, account.id),
        "scans": [facts for facts, _ in exported],
        "conversations": await _conversations(session, account.id),
        "urgency_questions": await _urgency_questions(session, account.id),
        "deliveries": await _deliveries(session, account.id),
        "record": [_pick(row, AUDIT) for row in reversed(await search.events_about(session, account.id))],
    }
    spoken = _voices("conversations", await voice_notes.of_conversations(session, account.id))
    return Export(data, [*(file for _, files in exported for file in files), *spoken])


async def record_export(session: AsyncSession, actor: Actor, at: datetime) -> None:
    """Record in the audit trail that the export was sent."""
    await record(session, actor, AuditEvent("export", "account", actor.account_id, actor.account_id), at)


def canonical(data: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON with sorted keys and without spaces; times in UTC."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_encode).encode()


async def _scan(session: AsyncSession, scan: Scan) -> tuple[Facts, list[ExportFile]]:
    folder = f"scans/{scan.id}"
    shown = ExportFile(f"{folder}/as-shown.jpg", scan.picture_file, Content.PICTURE)
    files = [ExportFile(f"{folder}/as-sent.", scan.original_file, Content.ORIGINAL), shown]
    events = await session.scalars(select(ScanEvent).where(ScanEvent.scan_id == scan.id).order_by(ScanEvent.id))
    facts = _pick(scan, SCAN)
    facts["events"] = [_pick(one, ("at", "role", "action", "status")) for one in events]
    if scan.critical is not None:
        facts["critical"] = _pick(scan.critical, ("marked_at", "told_at", "acknowledged_at"))
    facts["questions"] = _clarifications(scan, Role.PATIENT)
    facts["voice_notes"] = [_pick(one, VOICE) for one in scan.voices]
    files += _voices(folder, scan.voices)
    if scan.status is ScanStatus.REPORT_READY:
        facts["released"], pdfs = await _released(session, scan)
        files += pdfs
    return facts, files


async def _released(session: AsyncSession, scan: Scan) -> tuple[Facts, list[ExportFile]]:
    reports = (await session.scalars(select(Report).where(Report.scan_id == scan.id).order_by(Report.version))).all()
    changed = select(Amendment).where(Amendment.scan_id == scan.id, Amendment.state == AmendmentState.ISSUED)
    changes = await session.scalars(changed.order_by(Amendment.number))
    reading, prescription = scan.reading, scan.prescription
    facts: Facts = {
        "released_at": scan.released_at,
        "model": _pick(scan.finding, MODEL) if scan.finding else None,
        "reading": {**_pick(reading, READING), "doctor": reading.doctor.name} if reading else None,
        "earlier_readings": [
            {**(one.content or {}), "doctor": one.doctor.name, "signed_at": one.signed_at, "created_at": one.created_at}
            for one in scan.versions
        ],
        "prescription": _prescription(scan) if prescription else None,
        "reports": [_pick(one, ("number", "version", "sha256", "created_at")) for one in reports],
        "questions": _clarifications(scan, Role.DOCTOR),
        "changes": [_pick(one, AMENDMENT) for one in changes],
    }
    files = [ExportFile(f"reports/{one.number}.pdf", one.file, Content.REPORT) for one in reports]
    if scan.finding and scan.finding.heatmap_file:
        files.append(ExportFile(f"scans/{scan.id}/heat-map.jpg", scan.finding.heatmap_file, Content.HEAT_MAP))
    return facts, files


def _voices(folder: str, notes: Sequence[VoiceNote]) -> list[ExportFile]:
    return [ExportFile(f"{folder}/voice-{one.id}.ogg", one.file, Content.VOICE) for one in notes]


def _clarifications(scan: Scan, addressee: Role) -> list[Facts]:
    """The questions to the patient or to the doctor, with the answers; ready ones by their key."""
    return [
        {name: value.strip() if isinstance(value, str) else value for name, value in _pick(one, CLARIFICATION).items()}
        | {"by": one.asker.name, "answered_by": one.answerer.name if one.answerer else None}
        for one in scan.clarifications
        if one.addressee is addressee
    ]


def _prescription(scan: Scan) -> Facts:
    assert scan.prescription is not None
    language = report_language(scan.patient.language)
    lines = [prescription_text(line, language) for line in scan.prescription.lines]
    completed = _pick(scan.prescription, ("completed_at", "needs_doctor", "countersigned_at"))
    checked = _pick(scan.prescription, ("read", "overrides"))
    prescriber = scan.prescription.prescriber
    return {
        "lines": lines,
        **checked,
        **completed,
        "pharmacist": scan.prescription.pharmacist.name,
        "prescriber": prescriber.name if prescriber else None,
    }


async def _proxies(session: AsyncSession, account_id: int) -> list[Facts]:
    """The persons who act for this patient, and the patients for whom this person acts."""
    either = or_(Proxy.patient_id == account_id, Proxy.proxy_id == account_id)
    rows = await session.scalars(select(Proxy).where(either).order_by(Proxy.since, Proxy.patient_id))
    return [
        _pick(one, ("relation", "since", "ended_at"))
        | {"patient": release.patient_number(one.patient_id), "person": one.proxy.name}
        for one in rows
    ]


async def _conversations(session: AsyncSession, account_id: int) -> list[Facts]:
    own = select(Ticket).where(Ticket.account_id == account_id).order_by(Ticket.id)
    return [_pick(one, TICKET) | {"words": list(map(_words, one.messages))} for one in await session.scalars(own)]


def _words(one: TicketMessage) -> Facts:
    voice = {"voice": _pick(one.voice, VOICE)} if one.voice else {}
    return _pick(one, ("at", "text")) | {"by": "staff" if one.staff_id else "you"} | voice


async def _urgency_questions(session: AsyncSession, account_id: int) -> list[Facts]:
    asked = select(UrgencyQuestion).where(UrgencyQuestion.account_id == account_id).order_by(UrgencyQuestion.id)
    return [_pick(one, URGENCY) for one in await session.scalars(asked)]


async def _deliveries(session: AsyncSession, account_id: int) -> list[Facts]:
    sent = select(Delivery, Report.number).join(Report, Report.id == Delivery.report_id)
    own = sent.join(Scan, Scan.id == Report.scan_id).where(Scan.patient_id == account_id)
    rows = (await session.execute(own.order_by(Delivery.started_at))).tuples().all()
    return [
        _pick(one, ("channel", "state", "started_at", "ended_at", "reason"))
        | {"report": number}
        | {"history": [_pick(line, ("state", "at")) for line in await deliveries.history(session, one.key)]}
        for one, number in rows
    ]


def _pick(row: object, names: Sequence[str]) -> Facts:
    return {name: getattr(row, name) for name in names}


def _encode(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
