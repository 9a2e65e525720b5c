"""A report after its release: changed or added to, approved anew, never taken back. The scan stays REPORT_READY."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables.amendments import Amendment, AmendmentState
from models.tables.codes import Code, Purpose
from models.tables.people import Account, Role
from models.tables.scans import Report, Scan, Status
from workflow.accounts.codes import Verdict, judge, send_code
from workflow.actors import SYSTEM, Actor
from workflow.audit.chain import Entry, Outcome, note
from workflow.errors import AmendmentOpen, NotAllowed, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Verb
from workflow.reporting.content_hash import fingerprint
from workflow.reporting.release import Paper, report_number
from workflow.scans import queries
from workflow.transitions import hold, one_role_only


class Move(StrEnum):
    APPROVE = "approve_amendment"
    DECLINE = "decline_amendment"
    ISSUE = "issue_amendment"


class Rule(NamedTuple):
    by: Role
    to: AmendmentState
    owes: JobKind


RULES: Final[Mapping[tuple[AmendmentState, Move], Rule]] = {
    (AmendmentState.PROPOSED, Move.APPROVE): Rule(Role.ADMINISTRATOR, AmendmentState.APPROVED, JobKind.WRITE_AMENDMENT),
    (AmendmentState.PROPOSED, Move.DECLINE): Rule(Role.ADMINISTRATOR, AmendmentState.DECLINED, JobKind.TELL_DECLINED),
    (AmendmentState.APPROVED, Move.ISSUE): Rule(Role.SYSTEM, AmendmentState.ISSUED, JobKind.DELIVER),
}
OPEN: Final = (AmendmentState.PROPOSED, AmendmentState.APPROVED)


class Change(NamedTuple):
    """What a doctor wants changed. Without words it is an addendum, and the reason is what is added."""

    reason: str
    findings: str | None = None
    impression: str | None = None
    recommendations: str | None = None
    band: str | None = None


async def propose(session: AsyncSession, actor: Actor, scan_id: int, change: Change, at: datetime) -> Amendment:
    """Raises StaleAction before there is a report, and AmendmentOpen while another change waits."""
    await queries.scan_for(session, scan_id, actor, Verb.AMEND)
    scan = await hold(session, scan_id)
    if scan.status is not Status.REPORT_READY:
        raise StaleAction
    await one_role_only(session, scan, actor)
    earlier, report = await changes(session, scan_id), await queries.latest_report(session, scan)
    assert report is not None
    if any(one.state in OPEN for one in earlier):
        raise AmendmentOpen
    addendum = change.findings is None
    facts = {"number": len(earlier) + 1, "version": report.version + 1, "addendum": addendum}
    amendment = Amendment(scan_id=scan_id, doctor_id=actor.account_id, created_at=at, **facts, **change._asdict())
    session.add(amendment)
    enqueue(session, JobKind.TELL_AMENDMENT, at, scan_id=scan_id, number=amendment.number)
    await note(session, actor, Entry(Verb.AMEND, "scan", scan_id, scan.patient_id, scan.version), at)
    return amendment


async def ask_code(session: AsyncSession, actor: Actor, scan_id: int, number: int, chat_id: int, at: datetime) -> Code:
    """Owe the administrator a code that approves exactly this change of exactly this report."""
    scan, amendment = await proposed(session, actor, scan_id, number)
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
    """Use the code and owe the new version."""
    scan, amendment = await _open(session, actor, scan_id, AmendmentState.PROPOSED)
    mine = select(Code).where(Code.purpose == Purpose.AMEND, Code.account_id == actor.account_id)
    code = await session.scalar(mine.where(Code.scan_id == scan_id).order_by(Code.id.desc()).limit(1))
    if code is not None and code.content_sha256 != _fingerprint(scan, amendment):
        verdict = Verdict.SPENT
    else:
        verdict = await judge(session, code, typed, key, at)
    if verdict is not Verdict.RIGHT:
        refused = Entry(Move.APPROVE, "scan", scan_id, scan.patient_id, amendment.version, Outcome.REFUSED)
        await note(session, actor, refused._replace(reason=f"code:{verdict}"), at)
    else:
        amendment.administrator_id, amendment.approved_at = actor.account_id, at
        await _move(session, actor, scan, amendment, Move.APPROVE, at)
    return verdict


async def decline(session: AsyncSession, actor: Actor, scan_id: int, number: int, at: datetime) -> None:
    scan, amendment = await proposed(session, actor, scan_id, number)
    await _move(session, actor, scan, amendment, Move.DECLINE, at)


async def record(session: AsyncSession, scan_id: int, paper: Paper, at: datetime) -> Report:
    """The new version is written; the one before it is superseded from now on, wherever it is asked for."""
    scan, amendment = await _open(session, SYSTEM, scan_id, AmendmentState.APPROVED)
    await _move(session, SYSTEM, scan, amendment, Move.ISSUE, at)
    number = numbered(scan, amendment.version)
    report = Report(scan_id=scan_id, version=amendment.version, number=number, created_at=at, **paper._asdict())
    session.add(report)
    enqueue(session, JobKind.MARK_SUPERSEDED, at, scan_id=scan_id, version=amendment.version - 1)
    return report


def numbered(scan: Scan, version: int) -> str:
    """R2026-000007, and R2026-000007-2 for its second version."""
    return f"{report_number(scan)}-{version}" if version > 1 else report_number(scan)


async def changes(session: AsyncSession, scan_id: int) -> Sequence[Amendment]:
    """Every change that was ever proposed, oldest first."""
    all_ = select(Amendment).where(Amendment.scan_id == scan_id).order_by(Amendment.number)
    return (await session.scalars(all_)).all()


async def waiting(session: AsyncSession, role: Role, limit: int = 10) -> Sequence[Amendment]:
    """Changes that wait for this role, oldest first."""
    states = {state for (state, _), rule in RULES.items() if rule.by is role}
    found = select(Amendment).where(Amendment.state.in_(states)).order_by(Amendment.created_at, Amendment.id)
    return (await session.scalars(found.limit(limit))).all()


async def proposed(session: AsyncSession, actor: Actor, scan_id: int, number: int) -> tuple[Scan, Amendment]:
    """This change, while it waits for an administrator. Raises StaleAction, or SameHand for who may not decide it."""
    return await _open(session, actor, scan_id, AmendmentState.PROPOSED, number)


async def meant(session: AsyncSession, code: Code) -> Amendment:
    """The change that this code approves, which waited when it was asked for: never do two."""
    assert code.scan_id is not None
    return next(one for one in reversed(await changes(session, code.scan_id)) if one.created_at <= code.created_at)


async def _open(
    session: AsyncSession, actor: Actor, scan_id: int, state: AmendmentState, number: int | None = None
) -> tuple[Scan, Amendment]:
    """The change that waits in this state. Raises StaleAction when none does, or another one than was meant."""
    await queries.scan_for(session, scan_id, actor, Verb.JUDGE_AMENDMENT)
    scan = await hold(session, scan_id)
    await one_role_only(session, scan, actor)
    for one in await changes(session, scan_id):
        if one.state is state and number in {None, one.number}:
            return scan, one
    raise StaleAction


async def _move(
    session: AsyncSession, actor: Actor, scan: Scan, amendment: Amendment, move: Move, at: datetime
) -> None:
    """The only place where an amendment's state is assigned."""
    rule = RULES.get((amendment.state, move))
    if rule is None:
        raise StaleAction
    if actor.role is not rule.by:
        raise NotAllowed
    amendment.state = rule.to
    enqueue(session, rule.owes, at, scan_id=scan.id)
    await note(session, actor, Entry(move, "scan", scan.id, scan.patient_id, amendment.version), at)


def _fingerprint(scan: Scan, amendment: Amendment) -> str:
    """What the administrator's code is bound to: the report as it was released, and what is to be changed."""
    words = [getattr(amendment, name) for name in Change._fields]
    told = [fingerprint(scan), amendment.number, amendment.version, amendment.doctor_id, *words]
    return sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()
