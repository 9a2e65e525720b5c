"""The states of a scan: a table a doctor could read, and its only executor."""

from collections.abc import Callable, Mapping, Set
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from models.tables.amendments import Amendment, AmendmentState
from models.tables.people import Role
from models.tables.scans import Scan, ScanEvent, Status
from workflow.actors import Actor
from workflow.audit.chain import Entry, note
from workflow.errors import (
    AnalysisRunning,
    FindingsMissing,
    NotAllowed,
    NotFound,
    OwnReadingMissing,
    PrescriptionMissing,
    SameHand,
    StaleAction,
)
from workflow.jobs import JobKind, enqueue


class Action(StrEnum):
    ASK_ANALYSIS = "ask_analysis"
    RECORD_ANALYSIS = "record_analysis"
    WRITE_FINDINGS = "write_findings"
    VERIFY = "verify"
    PRESCRIBE = "prescribe"
    COMPLETE = "complete"
    ASK_CODE = "ask_code"
    RELEASE = "release"
    RECORD_REPORT = "record_report"
    REJECT = "reject"


def nothing(_: Scan) -> None:
    """No condition besides role and stage."""


def not_running(scan: Scan) -> None:
    if scan.analysis_asked_at is not None:
        raise AnalysisRunning


def findings_written(scan: Scan) -> None:
    """Below the threshold the model has no say: the physician's own reading must stand there, typed or picked."""
    reading = scan.reading
    if reading is None or not (reading.findings or reading.regions or reading.impression):
        raise FindingsMissing
    if owes_own_reading(scan):
        raise OwnReadingMissing


def owes_own_reading(scan: Scan) -> bool:
    """Whether the doctor has still to say in words, or by a diagnosis, what the model could not."""
    if scan.finding is None:
        return True
    reading = scan.reading
    return scan.finding.uncertain and not (reading and (reading.own_reading or reading.diagnosis))


def prescription_written(scan: Scan) -> None:
    if scan.prescription is None:
        raise PrescriptionMissing


def not_released(scan: Scan) -> None:
    if scan.released_at is not None:
        raise StaleAction


def released(scan: Scan) -> None:
    if scan.released_at is None:
        raise StaleAction


class Rule(NamedTuple):
    by: Role
    to: Status
    owes: tuple[JobKind, ...]
    needs: Callable[[Scan], None] = nothing


CARDS: Final = JobKind.SHOW_CARDS
RULES: Final[Mapping[tuple[Status, Action], Rule]] = {
    (Status.PENDING_AI, Action.ASK_ANALYSIS): Rule(
        Role.DOCTOR, Status.PENDING_AI, (JobKind.ANALYSE, CARDS), not_running
    ),
    (Status.PENDING_AI, Action.RECORD_ANALYSIS): Rule(Role.SYSTEM, Status.AI_ANALYZED, (CARDS,)),
    (Status.PENDING_AI, Action.REJECT): Rule(Role.DOCTOR, Status.REJECTED, (CARDS, JobKind.ASK_RETAKE)),
    (Status.AI_ANALYZED, Action.WRITE_FINDINGS): Rule(Role.DOCTOR, Status.AI_ANALYZED, (CARDS,)),
    (Status.AI_ANALYZED, Action.VERIFY): Rule(Role.DOCTOR, Status.DOCTOR_VERIFIED, (CARDS,), findings_written),
    (Status.AI_ANALYZED, Action.REJECT): Rule(Role.DOCTOR, Status.REJECTED, (CARDS, JobKind.ASK_RETAKE)),
    (Status.DOCTOR_VERIFIED, Action.PRESCRIBE): Rule(Role.PHARMACIST, Status.DOCTOR_VERIFIED, (CARDS,)),
    (Status.DOCTOR_VERIFIED, Action.COMPLETE): Rule(
        Role.PHARMACIST, Status.PHARMACIST_COMPLETED, (CARDS,), prescription_written
    ),
    (Status.PHARMACIST_COMPLETED, Action.ASK_CODE): Rule(
        Role.ADMINISTRATOR, Status.PHARMACIST_COMPLETED, (), not_released
    ),
    (Status.PHARMACIST_COMPLETED, Action.RELEASE): Rule(
        Role.ADMINISTRATOR, Status.PHARMACIST_COMPLETED, (JobKind.WRITE_REPORT, CARDS), not_released
    ),
    (Status.PHARMACIST_COMPLETED, Action.REJECT): Rule(
        Role.ADMINISTRATOR, Status.REJECTED, (CARDS, JobKind.ASK_RETAKE), not_released
    ),
    (Status.PHARMACIST_COMPLETED, Action.RECORD_REPORT): Rule(
        Role.SYSTEM, Status.REPORT_READY, (CARDS, JobKind.DELIVER), released
    ),
}

WAITS_FOR: Final[Mapping[Status, Role]] = {
    Status.PENDING_AI: Role.DOCTOR,
    Status.AI_ANALYZED: Role.DOCTOR,
    Status.DOCTOR_VERIFIED: Role.PHARMACIST,
    Status.PHARMACIST_COMPLETED: Role.ADMINISTRATOR,
}


async def advance(session: AsyncSession, scan_id: int, action: Action, actor: Actor, at: datetime) -> Scan:
    """Move a scan one step. The only place where `Scan.status` is assigned.

    Raises NotFound, NotAllowed (another role does this), StaleAction (the scan has moved on) or Incomplete."""
    scan = await hold(session, scan_id)
    _forbid_strangers(actor, action)
    rule = RULES.get((scan.status, action))
    if rule is None:
        raise StaleAction
    if actor.role is not rule.by:
        raise NotAllowed
    await one_role_only(session, scan, actor)
    rule.needs(scan)
    scan.status = rule.to
    scan.changed_at = at
    session.add(
        ScanEvent(scan_id=scan.id, actor_id=actor.account_id, role=actor.role, action=action, status=rule.to, at=at)
    )
    for kind in rule.owes:
        enqueue(session, kind, at, scan_id=scan.id)
    try:
        await session.flush()
    except StaleDataError:
        raise StaleAction from None
    await note(session, actor, Entry(action, "scan", scan.id, scan.patient_id, scan.version), at)
    return scan


async def hold(session: AsyncSession, scan_id: int) -> Scan:
    """The scan as it stands now, kept from other writers until this transaction ends."""
    here = select(Scan).where(Scan.id == scan_id).with_for_update(of=Scan)
    scan = await session.scalar(here.execution_options(populate_existing=True))
    if scan is None:
        raise NotFound
    return scan


async def hands(session: AsyncSession, scan: Scan) -> Set[tuple[Role, int]]:
    """Whose name stands under this scan and its report so far, and as what. A change that was declined has none."""
    changes = select(Amendment.doctor_id, Amendment.administrator_id).where(
        Amendment.scan_id == scan.id, Amendment.state != AmendmentState.DECLINED
    )
    changed = (await session.execute(changes)).all()
    signed = [
        (Role.PATIENT, scan.patient_id),
        (Role.DOCTOR, scan.reading and scan.reading.doctor_id),
        (Role.DOCTOR, scan.critical and scan.critical.doctor_id),
        (Role.PHARMACIST, scan.prescription and scan.prescription.pharmacist_id),
        (Role.ADMINISTRATOR, scan.released_by),
        *((Role.DOCTOR, author) for author, _ in changed),
        *((Role.ADMINISTRATOR, approver) for _, approver in changed),
    ]
    return {(role, account_id) for role, account_id in signed if account_id is not None}


async def one_role_only(session: AsyncSession, scan: Scan, actor: Actor) -> None:
    """Whoever holds several roles has one of them on each scan: three hands are three people's. Raises SameHand."""
    if any(
        account_id == actor.account_id and role is not actor.role for role, account_id in await hands(session, scan)
    ):
        raise SameHand


def _forbid_strangers(actor: Actor, action: Action) -> None:
    """Whoever never does this hears that it is not theirs, at whatever stage the scan is."""
    if actor.role not in {rule.by for (_, possible), rule in RULES.items() if possible is action}:
        raise NotAllowed
