"""Everything that the clinic keeps of one person, as data and as files, for that person's own hands."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.crypto.vault import Content
from models.tables.amendments import Amendment, AmendmentState
from models.tables.desk import Ticket
from models.tables.jobs import Delivery
from models.tables.people import Account, Link
from models.tables.scans import Report, Scan, ScanEvent, Status
from workflow.actors import Actor
from workflow.audit import chain
from workflow.audit.chain import Entry, note
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Verb, allow, reachable
from workflow.privacy import overview
from workflow.reporting import builder, deliveries

SCHEMA: Final = "csss-export/1"
Facts = dict[str, Any]
IDENTITY: Final = ("name", "email", "phone", "date_of_birth", "sex", "language", "created_at")
MODEL: Final = (
    *("model", "model_version", "modality", "label", "confidence", "threshold", "uncertain", "doubts"),
    "probabilities",
)
READING: Final = (
    *("own_reading", "findings", "impression", "recommendations", "regions", "diagnosis", "band", "agrees", "why"),
    "signed_at",
)
CHANGE: Final = ("version", "addendum", "reason", "findings", "impression", "recommendations", "band", "approved_at")
RECORD: Final = ("at", "role", "act", "object_kind", "object_id", "version", "outcome", "reason")


class File(NamedTuple):
    """What lies in the vault, and where in the export it goes; a dot at the end asks for the kind to be found out."""

    path: str
    name: str
    content: Content


class Export(NamedTuple):
    record: Facts
    files: Sequence[File]


async def ask(session: AsyncSession, actor: Actor, chat_id: int, at: datetime) -> None:
    """Owe the person their export in this chat. The caller has checked the password."""
    allow(actor, Verb.EXPORT_SELF)
    lock, asked = f"export:{actor.account_id}", at.isoformat()
    account = actor.account_id
    enqueue(session, JobKind.SEND_EXPORT, at, lock=lock, account_id=account, chat_id=chat_id, asked=asked)


async def gather(session: AsyncSession, actor: Actor, at: datetime) -> Export:
    """Of a scan without a released report only what its patient told and sees: no answer of the model, no draft."""
    allow(actor, Verb.EXPORT_SELF)
    account = await session.get_one(Account, actor.account_id)
    scans = (await session.scalars(reachable(actor, Verb.SEE_OWN).order_by(Scan.id))).all()
    told = [await _scan(session, scan) for scan in scans]
    record = {
        "schema": SCHEMA,
        "made_at": at,
        "identity": {**_pick(account, IDENTITY), "number": f"P{account.id:06}"},
        "consents": [
            _pick(one, ("version", "language", "given_at")) for one in await overview.consents(session, account.id)
        ],
        "chats": await _chats(session, account.id),
        "scans": [facts for facts, _ in told],
        "conversations": await _conversations(session, account.id),
        "deliveries": await _deliveries(session, account.id),
        "record": [_pick(row, RECORD) for row in reversed(await chain.about(session, account.id))],
    }
    return Export(record, [file for _, files in told for file in files])


async def handed_over(session: AsyncSession, actor: Actor, at: datetime) -> None:
    await note(session, actor, Entry("export", "account", actor.account_id, actor.account_id), at)


def canonical(record: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; moments in UTC."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode()


async def _scan(session: AsyncSession, scan: Scan) -> tuple[Facts, list[File]]:
    folder = f"scans/{scan.id}"
    files = [
        File(f"{folder}/as-sent.", scan.original_file, Content.ORIGINAL),
        File(f"{folder}/as-shown.jpg", scan.picture_file, Content.PICTURE),
    ]
    events = await session.scalars(select(ScanEvent).where(ScanEvent.scan_id == scan.id).order_by(ScanEvent.id))
    facts = _pick(scan, ("id", "status", "modality", "complaint", "since", "reason", "supersedes_id", "created_at"))
    facts["events"] = [_pick(one, ("at", "role", "action", "status")) for one in events]
    if scan.critical is not None:
        facts["critical"] = _pick(scan.critical, ("marked_at", "told_at", "acknowledged_at"))
    if scan.status is Status.REPORT_READY:
        facts["released"], printed = await _released(session, scan)
        files += printed
    return facts, files


async def _released(session: AsyncSession, scan: Scan) -> tuple[Facts, list[File]]:
    reports = (await session.scalars(select(Report).where(Report.scan_id == scan.id).order_by(Report.version))).all()
    changed = select(Amendment).where(Amendment.scan_id == scan.id, Amendment.state == AmendmentState.ISSUED)
    changes = await session.scalars(changed.order_by(Amendment.number))
    reading, prescription = scan.reading, scan.prescription
    facts: Facts = {
        "released_at": scan.released_at,
        "model": _pick(scan.finding, MODEL) if scan.finding else None,
        "reading": {**_pick(reading, READING), "doctor": reading.doctor.name} if reading else None,
        "prescription": _prescription(scan) if prescription else None,
        "reports": [_pick(one, ("number", "version", "sha256", "created_at")) for one in reports],
        "changes": [_pick(one, CHANGE) for one in changes],
    }
    files = [File(f"reports/{one.number}.pdf", one.file, Content.REPORT) for one in reports]
    if scan.finding and scan.finding.heatmap_file:
        files.append(File(f"scans/{scan.id}/heat-map.jpg", scan.finding.heatmap_file, Content.HEAT_MAP))
    return facts, files


def _prescription(scan: Scan) -> Facts:
    assert scan.prescription is not None
    language = builder.spoken(scan.patient.language)
    lines = [builder.in_words(line, language) for line in scan.prescription.lines]
    told = _pick(scan.prescription, ("completed_at",))
    return {"lines": lines, **told, "pharmacist": scan.prescription.pharmacist.name}


async def _chats(session: AsyncSession, account_id: int) -> list[Facts]:
    links = await session.scalars(select(Link).where(Link.account_id == account_id).order_by(Link.created_at))
    return [_pick(one, ("label", "created_at", "seen_at")) for one in links]


async def _conversations(session: AsyncSession, account_id: int) -> list[Facts]:
    tickets = await session.scalars(select(Ticket).where(Ticket.account_id == account_id).order_by(Ticket.id))
    return [
        _pick(ticket, ("urgent", "state", "opened_at", "closed_at"))
        | {"words": [_pick(one, ("at", "text")) | {"by": "staff" if one.staff_id else "you"} for one in ticket.words]}
        for ticket in tickets
    ]


async def _deliveries(session: AsyncSession, account_id: int) -> list[Facts]:
    sent = select(Delivery, Report.number).join(Report, Report.id == Delivery.report_id)
    mine = sent.join(Scan, Scan.id == Report.scan_id).where(Scan.patient_id == account_id)
    rows = (await session.execute(mine.order_by(Delivery.started_at))).tuples().all()
    return [
        _pick(one, ("channel", "state", "started_at", "ended_at", "reason"))
        | {"report": number}
        | {"history": [_pick(line, ("state", "at")) for line in await deliveries.history(session, one.key)]}
        for one, number in rows
    ]


def _pick(row: object, names: Sequence[str]) -> Facts:
    return {name: getattr(row, name) for name in names}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
