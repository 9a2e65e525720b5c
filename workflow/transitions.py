"""The state machine of a scan: the table of transitions and its only executor."""

from collections.abc import Callable, Mapping, Set
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from models.tables.amendments import Amendment, AmendmentState
from models.tables.proxies import proxies_of
from models.tables.scans import Scan, ScanEvent
from models.vocabulary import Role, ScanStatus
from workflow import claims
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import NotAllowed, NotFound, SeparationOfDuties, StaleAction
from workflow.guards import (
    always_allowed,
    confirmation_awaited,
    correctable,
    correction_open,
    countersignature_awaited,
    draft_open,
    no_analysis_running,
    not_released,
    ready_to_complete,
    ready_to_release,
    ready_to_sign,
    ready_to_sign_again,
    released,
)
from workflow.jobs import JobKind, enqueue


class Action(StrEnum):
    """Operations that move a scan. The values are stored in scan events and audit rows."""

    ASK_ANALYSIS = "ask_analysis"
    RECORD_ANALYSIS = "record_analysis"
    WRITE_FINDINGS = "write_findings"
    VERIFY = "verify"
    PRESCRIBE = "prescribe"
    COMPLETE = "complete"
    COUNTERSIGN = "countersign"
    CORRECT = "correct"
    CONFIRM = "confirm"
    ASK_CODE = "ask_code"
    RELEASE = "release"
    RECORD_REPORT = "record_report"
    REJECT = "reject"


class Rule(NamedTuple):
    """One transition: the role that may do it, the next status, its jobs, and a guard that may refuse it."""

    role: Role
    to: ScanStatus
    jobs: tuple[JobKind, ...]
    guard: Callable[[Scan], None] = always_allowed


CARDS: Final = JobKind.SHOW_CARDS
RULES: Final[Mapping[tuple[ScanStatus, Action], Rule]] = {
    (ScanStatus.PENDING_AI, Action.ASK_ANALYSIS): Rule(
        Role.DOCTOR, ScanStatus.PENDING_AI, (JobKind.ANALYSE, CARDS), no_analysis_running
    ),
    (ScanStatus.PENDING_AI, Action.RECORD_ANALYSIS): Rule(Role.SYSTEM, ScanStatus.AI_ANALYZED, (CARDS,)),
    (ScanStatus.PENDING_AI, Action.REJECT): Rule(Role.DOCTOR, ScanStatus.REJECTED, (CARDS, JobKind.ASK_RETAKE)),
    (ScanStatus.AI_ANALYZED, Action.WRITE_FINDINGS): Rule(Role.DOCTOR, ScanStatus.AI_ANALYZED, (CARDS,)),
    (ScanStatus.AI_ANALYZED, Action.VERIFY): Rule(Role.DOCTOR, ScanStatus.DOCTOR_VERIFIED, (CARDS,), ready_to_sign),
    (ScanStatus.AI_ANALYZED, Action.REJECT): Rule(Role.DOCTOR, ScanStatus.REJECTED, (CARDS, JobKind.ASK_RETAKE)),
    (ScanStatus.DOCTOR_VERIFIED, Action.PRESCRIBE): Rule(Role.PHARMACIST, ScanStatus.DOCTOR_VERIFIED, (CARDS,)),
    (ScanStatus.DOCTOR_VERIFIED, Action.COMPLETE): Rule(
        Role.PHARMACIST, ScanStatus.PHARMACIST_COMPLETED, (CARDS,), ready_to_complete
    ),
    (ScanStatus.PHARMACIST_COMPLETED, Action.COUNTERSIGN): Rule(
        Role.DOCTOR, ScanStatus.PHARMACIST_COMPLETED, (CARDS,), countersignature_awaited
    ),
    **{
        (status, action): Rule(Role.DOCTOR, status, (CARDS,), guard)
        for status in (ScanStatus.DOCTOR_VERIFIED, ScanStatus.PHARMACIST_COMPLETED)
        for action, guard in (
            (Action.CORRECT, correctable),
            (Action.WRITE_FINDINGS, correction_open),
            (Action.VERIFY, ready_to_sign_again),
        )
    },
    (ScanStatus.PHARMACIST_COMPLETED, Action.CONFIRM): Rule(
        Role.PHARMACIST, ScanStatus.PHARMACIST_COMPLETED, (CARDS,), confirmation_awaited
    ),
    (ScanStatus.PHARMACIST_COMPLETED, Action.ASK_CODE): Rule(
        Role.ADMINISTRATOR, ScanStatus.PHARMACIST_COMPLETED, (), ready_to_release
    ),
    (ScanStatus.PHARMACIST_COMPLETED, Action.RELEASE): Rule(
        Role.ADMINISTRATOR, ScanStatus.PHARMACIST_COMPLETED, (JobKind.ISSUE_REPORT, CARDS), ready_to_release
    ),
    (ScanStatus.PHARMACIST_COMPLETED, Action.REJECT): Rule(
        Role.ADMINISTRATOR, ScanStatus.REJECTED, (CARDS, JobKind.ASK_RETAKE), not_released
    ),
    (ScanStatus.PHARMACIST_COMPLETED, Action.RECORD_REPORT): Rule(
        Role.SYSTEM, ScanStatus.REPORT_READY, (CARDS, JobKind.DELIVER), released
    ),
}

DRAFTING: Final = frozenset({Action.WRITE_FINDINGS, Action.VERIFY})
SIGNATURES: Final = frozenset({Action.VERIFY, Action.COMPLETE, Action.RELEASE, Action.REJECT})  # end a claim

WAITS_FOR: Final[Mapping[ScanStatus, Role]] = {
    ScanStatus.PENDING_AI: Role.DOCTOR,
    ScanStatus.AI_ANALYZED: Role.DOCTOR,
    ScanStatus.DOCTOR_VERIFIED: Role.PHARMACIST,
    ScanStatus.PHARMACIST_COMPLETED: Role.ADMINISTRATOR,
}


async def advance(session: AsyncSession, scan_id: int, action: Action, actor: Actor, at: datetime) -> Scan:
    """Move a scan one step. The only place where `Scan.status` is assigned.

    Raises NotFound, NotAllowed (another role does this), SeparationOfDuties, StaleAction (the scan has another status
    by now), ClaimedByOther, AnalysisRunning or Incomplete."""
    scan = await lock_scan(session, scan_id)
    _require_role(actor, action)
    rule = RULES.get((scan.status, action))
    if rule is None:
        raise StaleAction
    if actor.role is not rule.role:
        raise NotAllowed
    await require_separation_of_duties(session, scan, actor)
    taken = await _claim(session, scan, action, actor, at)
    rule.guard(scan)
    scan.status = rule.to
    scan.changed_at = at
    session.add(
        ScanEvent(scan_id=scan.id, actor_id=actor.account_id, role=actor.role, action=action, status=rule.to, at=at)
    )
    for kind in (*rule.jobs, *((CARDS,) if taken and CARDS not in rule.jobs else ())):
        enqueue(session, kind, at, scan_id=scan.id)
    try:
        await session.flush()
    except StaleDataError:
        raise StaleAction from None
    await record(session, actor, AuditEvent(action, "scan", scan.id, scan.patient_id, scan.version), at)
    return scan


async def _claim(session: AsyncSession, scan: Scan, action: Action, actor: Actor, at: datetime) -> bool:
    """Only the holder of the claim writes: a signature ends it, any other act takes or extends it. It binds the role
    that the scan waits for.

    Returns whether it was taken now. Raises ClaimedByOther."""
    if WAITS_FOR.get(scan.status) is not actor.role:
        return False
    if action in SIGNATURES:
        await claims.end(session, scan, actor, at)
        return False
    return await claims.hold(session, scan, actor, at)


def require_applicable(scan: Scan, action: Action) -> None:
    """Raise StaleAction when the scan's status has no transition with this action, or the reading is signed."""
    if (scan.status, action) not in RULES or (action in DRAFTING and not draft_open(scan)):
        raise StaleAction


async def lock_scan(session: AsyncSession, scan_id: int) -> Scan:
    """The current row of a scan, locked for writing until this transaction ends. Raises NotFound."""
    if await session.scalar(select(Scan.id).where(Scan.id == scan_id).with_for_update()) is None:
        raise NotFound
    # a second statement: joined rows that were committed during the wait for the lock are read as well
    return await session.get_one(Scan, scan_id, populate_existing=True)


async def signers(session: AsyncSession, scan: Scan) -> Set[tuple[Role, int]]:
    """The (role, account id) pairs that contributed to this scan and its report. Declined amendments do not count."""
    changes = select(Amendment.doctor_id, Amendment.administrator_id).where(
        Amendment.scan_id == scan.id, Amendment.state != AmendmentState.DECLINED
    )
    changed = (await session.execute(changes)).all()
    signed = [
        (Role.PATIENT, scan.patient_id),
        *((Role.PATIENT, proxy) for proxy in await session.scalars(proxies_of(scan.patient_id))),
        (Role.DOCTOR, scan.reading and scan.reading.doctor_id),
        *((Role.DOCTOR, version.doctor_id) for version in scan.versions),
        (Role.DOCTOR, scan.critical and scan.critical.doctor_id),
        (Role.PHARMACIST, scan.prescription and scan.prescription.pharmacist_id),
        (Role.DOCTOR, scan.prescription and scan.prescription.countersigned_by),
        (Role.ADMINISTRATOR, scan.released_by),
        *((one.asker_role, one.asker_id) for one in scan.clarifications),
        *((one.addressee, one.answered_by) for one in scan.clarifications),
        *((Role.DOCTOR, author) for author, _ in changed),
        *((Role.ADMINISTRATOR, approver) for _, approver in changed),
    ]
    return {(role, account_id) for role, account_id in signed if account_id is not None}


async def require_separation_of_duties(session: AsyncSession, scan: Scan, actor: Actor) -> None:
    """One account acts on a scan in one role only. Raises SeparationOfDuties."""
    if any(
        account_id == actor.account_id and role is not actor.role for role, account_id in await signers(session, scan)
    ):
        raise SeparationOfDuties


def _require_role(actor: Actor, action: Action) -> None:
    """Raise NotAllowed, whatever the status, when no transition with this action belongs to the actor's role."""
    if actor.role not in {rule.role for (_, possible), rule in RULES.items() if possible is action}:
        raise NotAllowed
