"""Amendments and addenda to a released report. The scan stays REPORT_READY; reports are superseded, never withdrawn."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.accounts import Account
from models.tables.amendments import Amendment, AmendmentState
from models.tables.codes import Code, Purpose
from models.tables.scans import Report, Scan
from models.vocabulary import Role, ScanStatus
from workflow.accounts import roles
from workflow.accounts.codes import Verdict, latest_code, send_code, verify_code
from workflow.actors import SYSTEM, Actor
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.consistency.checks import Conflict
from workflow.errors import AmendmentOpen, ConflictRefused, NotAllowed, ReasonMissing, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission
from workflow.reporting.amended import ProposedChange, contradictions_of
from workflow.reporting.content_hash import report_hash
from workflow.reporting.release import IssuedFiles, report_number
from workflow.scans import queries
from workflow.transitions import lock_scan, require_separation_of_duties


class AmendmentAction(StrEnum):
    """Operations that move an amendment. The values are stored in audit rows."""

    APPROVE = "approve_amendment"
    DECLINE = "decline_amendment"
    ISSUE = "issue_amendment"


class AmendmentRule(NamedTuple):
    """One transition: the role that may do it, the next state and the job it enqueues."""

    role: Role
    to: AmendmentState
    job: JobKind


RULES: Final[Mapping[tuple[AmendmentState, AmendmentAction], AmendmentRule]] = {
    (AmendmentState.PROPOSED, AmendmentAction.APPROVE): AmendmentRule(
        Role.ADMINISTRATOR, AmendmentState.APPROVED, JobKind.ISSUE_AMENDMENT
    ),
    (AmendmentState.PROPOSED, AmendmentAction.DECLINE): AmendmentRule(
        Role.ADMINISTRATOR, AmendmentState.DECLINED, JobKind.NOTIFY_DECLINED
    ),
    (AmendmentState.APPROVED, AmendmentAction.ISSUE): AmendmentRule(
        Role.SYSTEM, AmendmentState.ISSUED, JobKind.DELIVER
    ),
}
OPEN: Final = (AmendmentState.PROPOSED, AmendmentState.APPROVED)


def require_amendable(scan: Scan) -> None:
    """Raise StaleAction before the first report is issued."""
    if scan.status is not ScanStatus.REPORT_READY:
        raise StaleAction


async def contradictions(
    session: AsyncSession, actor: Actor, scan_id: int, change: ProposedChange
) -> Sequence[Conflict]:
    """The contradictions within the changed reading by the table of consistency; an addendum changes none."""
    scan = await queries.scan_for(session, scan_id, actor, Permission.AMEND)
    return contradictions_of(scan, await amendments_of(session, scan_id), change)


async def propose(
    session: AsyncSession, actor: Actor, scan_id: int, change: ProposedChange, at: datetime, why: str | None = None
) -> Amendment:
    """Propose an amendment. `why`: the reason for one whose reading contradicts itself, recorded and printed.

    Raises NotFound, StaleAction (no report yet), SeparationOfDuties, AmendmentOpen; ConflictRefused or ReasonMissing
    for contradictions."""
    await queries.scan_for(session, scan_id, actor, Permission.AMEND)
    scan = await lock_scan(session, scan_id)
    require_amendable(scan)
    await require_separation_of_duties(session, scan, actor)
    earlier, report = await amendments_of(session, scan_id), await queries.latest_report(session, scan)
    assert report is not None
    if any(one.state in OPEN for one in earlier):
        raise AmendmentOpen
    found = contradictions_of(scan, earlier, change)
    if any(one.refused for one in found):
        raise ConflictRefused
    if found and not why:
        raise ReasonMissing
    override = {"checks": [one.key for one in found], "reason": why} if found else None
    addendum = change.findings is None
    numbers = {"number": len(earlier) + 1, "version": report.version + 1, "addendum": addendum}
    amendment = Amendment(
        scan_id=scan_id,
        doctor_id=actor.account_id,
        created_at=at,
        override=override,
        **numbers,
        **change._asdict(),
    )
    session.add(amendment)
    enqueue(session, JobKind.NOTIFY_AMENDMENT, at, scan_id=scan_id, number=amendment.number)
    kinds = ",".join(sorted({one.check for one in found})) or None
    event = AuditEvent(Permission.AMEND, "scan", scan_id, scan.patient_id, scan.version, reason=kinds)
    await record(session, actor, event, at)
    return amendment


async def request_code(
    session: AsyncSession, actor: Actor, scan_id: int, number: int, chat_id: int, at: datetime
) -> Code:
    """Send the administrator a code bound to this amendment and this report.

    Raises NewAdministrator, or like `send_code`."""
    await roles.require_established(session, actor, at)
    scan, amendment = await lock_proposed(session, actor, scan_id, number)
    account = await session.get_one(Account, actor.account_id)
    code = Code(
        purpose=Purpose.AMEND,
        chat_id=chat_id,
        email=account.email,
        language=account.language,
        account_id=account.id,
        scan_id=scan_id,
        content_sha256=_fingerprint(scan, amendment),
    )
    return await send_code(session, code, at)


async def approve(session: AsyncSession, actor: Actor, scan_id: int, typed: str, key: bytes, at: datetime) -> Verdict:
    """Verify the code; when it is right, approve the amendment and enqueue the new version. Raises NewAdministrator."""
    await roles.require_established(session, actor, at)
    scan, amendment = await _lock_amendment(session, actor, scan_id, AmendmentState.PROPOSED)
    own = (Code.account_id == actor.account_id, Code.scan_id == scan_id)
    code = await latest_code(session, Purpose.AMEND, *own)
    if code is not None and code.content_sha256 != _fingerprint(scan, amendment):
        verdict = Verdict.SPENT
    else:
        verdict = await verify_code(session, code, typed, key, at)
    if verdict is not Verdict.RIGHT:
        refused = AuditEvent(
            AmendmentAction.APPROVE, "scan", scan_id, scan.patient_id, amendment.version, Outcome.REFUSED
        )
        await record(session, actor, refused._replace(reason=f"code:{verdict}"), at)
    else:
        amendment.administrator_id, amendment.approved_at = actor.account_id, at
        await _advance(session, actor, scan, amendment, AmendmentAction.APPROVE, at)
    return verdict


async def decline(session: AsyncSession, actor: Actor, scan_id: int, number: int, at: datetime) -> None:
    """Decline a proposed amendment. Raises like `lock_proposed`."""
    scan, amendment = await lock_proposed(session, actor, scan_id, number)
    await _advance(session, actor, scan, amendment, AmendmentAction.DECLINE, at)


async def record_issued(session: AsyncSession, scan_id: int, files: IssuedFiles, at: datetime) -> Report:
    """Store the new version and enqueue its delivery; the version before it is superseded. Raises StaleAction."""
    scan, amendment = await _lock_amendment(session, SYSTEM, scan_id, AmendmentState.APPROVED)
    await _advance(session, SYSTEM, scan, amendment, AmendmentAction.ISSUE, at)
    number = versioned_number(scan, amendment.version)
    report = Report(scan_id=scan_id, version=amendment.version, number=number, created_at=at, **files._asdict())
    session.add(report)
    enqueue(session, JobKind.MARK_SUPERSEDED, at, scan_id=scan_id, version=amendment.version - 1)
    return report


def versioned_number(scan: Scan, version: int) -> str:
    """R2026-000007 for version 1, R2026-000007-2 for version 2."""
    return f"{report_number(scan)}-{version}" if version > 1 else report_number(scan)


async def amendments_of(session: AsyncSession, scan_id: int) -> Sequence[Amendment]:
    """All amendments of a scan, oldest first."""
    all_ = select(Amendment).where(Amendment.scan_id == scan_id).order_by(Amendment.number)
    return (await session.scalars(all_)).all()


async def amendments_waiting_for(session: AsyncSession, role: Role, limit: int = 10) -> Sequence[Amendment]:
    """Amendments that wait for this role, oldest first."""
    states = {state for (state, _), rule in RULES.items() if rule.role is role}
    amendments = select(Amendment).where(Amendment.state.in_(states)).order_by(Amendment.created_at, Amendment.id)
    return (await session.scalars(amendments.limit(limit))).all()


async def lock_proposed(session: AsyncSession, actor: Actor, scan_id: int, number: int) -> tuple[Scan, Amendment]:
    """The scan, locked for writing, and its amendment `number` while it is proposed.

    Raises StaleAction, SeparationOfDuties or NotFound."""
    return await _lock_amendment(session, actor, scan_id, AmendmentState.PROPOSED, number)


async def approved_by(session: AsyncSession, code: Code) -> Amendment:
    """The amendment that this code approves: the last one that was open when the code was requested."""
    assert code.scan_id is not None
    return next(
        one for one in reversed(await amendments_of(session, code.scan_id)) if one.created_at <= code.created_at
    )


async def _lock_amendment(
    session: AsyncSession, actor: Actor, scan_id: int, state: AmendmentState, number: int | None = None
) -> tuple[Scan, Amendment]:
    """The scan, locked for writing, and its amendment in `state`. Raises StaleAction when none, or another, is."""
    await queries.scan_for(session, scan_id, actor, Permission.DECIDE_AMENDMENT)
    scan = await lock_scan(session, scan_id)
    await require_separation_of_duties(session, scan, actor)
    for one in await amendments_of(session, scan_id):
        if one.state is state and number in {None, one.number}:
            return scan, one
    raise StaleAction


async def _advance(
    session: AsyncSession, actor: Actor, scan: Scan, amendment: Amendment, action: AmendmentAction, at: datetime
) -> None:
    """The only place where `Amendment.state` is assigned. Raises StaleAction or NotAllowed."""
    rule = RULES.get((amendment.state, action))
    if rule is None:
        raise StaleAction
    if actor.role is not rule.role:
        raise NotAllowed
    amendment.state = rule.to
    enqueue(session, rule.job, at, scan_id=scan.id)
    await record(session, actor, AuditEvent(action, "scan", scan.id, scan.patient_id, amendment.version), at)


def _fingerprint(scan: Scan, amendment: Amendment) -> str:
    """SHA-256 over the released report's content and the amendment; the administrator's code is bound to it."""
    text = [getattr(amendment, name) for name in ProposedChange._fields]
    values = [report_hash(scan), amendment.number, amendment.version, amendment.doctor_id, *text]
    values += [amendment.override] if amendment.override else []
    return sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()
