"""Clarifications: pharmacist and administrator ask the doctor about a scan, the pharmacist also the patient.

An open question holds the release back until it is answered or withdrawn."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from models.plain_words import one_line
from models.tables.accounts import Account
from models.tables.clarifications import Clarification
from models.tables.scans import Scan
from models.vocabulary import Role, ScanStatus
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, record
from workflow.errors import ClarificationClosed, NotAllowed, NotFound, PatientUnreachable, StaleAction
from workflow.jobs import JobKind, enqueue
from workflow.permissions import Permission
from workflow.scans import patient_facts, queries
from workflow.scans.patient_facts import Topic
from workflow.transitions import lock_scan, require_separation_of_duties

READY: Final = "\n"  # precedes the key of a ready question or answer; typed text never begins with it
ADDRESSEES: Final[Mapping[Role, frozenset[Role]]] = {
    Role.PHARMACIST: frozenset({Role.DOCTOR, Role.PATIENT}),
    Role.ADMINISTRATOR: frozenset({Role.DOCTOR}),
}
READY_ANSWERS: Final[Mapping[Topic, Sequence[str]]] = {
    Topic.ALLERGIES: ("none",),
    Topic.PREGNANCY: ("pregnant", "breastfeeding", "none"),
}
ASKED_WHEN: Final = frozenset({ScanStatus.DOCTOR_VERIFIED, ScanStatus.PHARMACIST_COMPLETED})


class Answered(NamedTuple):
    """An answer, and whether the patient's facts were changed by it; None where it is about no fact."""

    clarification: Clarification
    kept: bool | None


def may_ask(scan: Scan) -> bool:
    """Whether questions can be asked: from the doctor's signature to the release."""
    return scan.status in ASKED_WHEN and scan.released_at is None


def addressees(scan: Scan, role: Role) -> frozenset[Role]:
    """The roles that this role may ask about the scan as it is now."""
    return ADDRESSEES.get(role, frozenset()) if may_ask(scan) else frozenset()


def topic_of(one: Clarification) -> Topic | None:
    """The topic of a ready question; None for a typed one."""
    return Topic(one.question.removeprefix(READY)) if one.question.startswith(READY) else None


def visible_to(scan: Scan, role: Role) -> Sequence[Clarification]:
    """The questions that a role may see: a patient those to the patient, staff all."""
    return [one for one in scan.clarifications if role is not Role.PATIENT or one.addressee is Role.PATIENT]


async def askable(session: AsyncSession, actor: Actor, scan_id: int, addressee: Role) -> Scan:
    """The locked scan, when the actor may ask this role about it.

    Raises NotFound, NotAllowed, SeparationOfDuties, StaleAction (released or rejected) or PatientUnreachable."""
    await queries.scan_for(session, scan_id, actor, Permission.ASK_CLARIFICATION)
    scan = await lock_scan(session, scan_id)
    if addressee not in ADDRESSEES[actor.role]:
        raise NotAllowed
    await require_separation_of_duties(session, scan, actor)
    if not may_ask(scan):
        raise StaleAction
    if addressee is Role.PATIENT and not await queries.patient_chats(session, scan):
        raise PatientUnreachable
    return scan


async def ready_topics(session: AsyncSession, scan: Scan, at: datetime) -> Sequence[Topic]:
    """The ready questions that apply to the patient of a scan."""
    return [one for one in await patient_facts.topics(session, scan.patient_id, at) if one in READY_ANSWERS]


async def ask(
    session: AsyncSession, actor: Actor, scan_id: int, addressee: Role, question: str, at: datetime
) -> Clarification:
    """Send a question, typed or `READY` with its topic. Raises like `askable`."""
    scan = await askable(session, actor, scan_id, addressee)
    assert actor.account_id is not None
    one = Clarification(
        scan_id=scan_id,
        number=len(scan.clarifications) + 1,
        asker_id=actor.account_id,
        asker_role=actor.role,
        addressee=addressee,
        question=question,
        asked_at=at,
    )
    session.add(one)
    await session.flush()
    event = AuditEvent(Permission.ASK_CLARIFICATION, "scan", scan_id, scan.patient_id, scan.version)
    await record(session, actor, event, at)
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
    enqueue(session, JobKind.NOTIFY_CLARIFICATION, at, scan_id=scan_id, number=one.number)
    return one


async def answerable(session: AsyncSession, actor: Actor, scan_id: int, number: int) -> Clarification:
    """The open question, its scan locked, when the actor may answer it: any doctor, or the patient.

    Raises NotFound, SeparationOfDuties, ClarificationClosed or StaleAction (released or rejected)."""
    await queries.scan_for(session, scan_id, actor, Permission.ANSWER_CLARIFICATION)
    scan = await lock_scan(session, scan_id)
    one = _open(scan, number, actor.role)
    await require_separation_of_duties(session, scan, actor)
    return one


async def answer(session: AsyncSession, actor: Actor, scan_id: int, number: int, text: str, at: datetime) -> Answered:
    """Answer a question, once; `text` is typed, or `READY` with one of the topic's answers.

    An answer about allergies or pregnancy goes into the patient's facts. Raises like `answerable`, and StaleAction for
    an unknown ready answer."""
    one = await answerable(session, actor, scan_id, number)
    topic, kept = topic_of(one), None
    asked_about = await session.get_one(Scan, scan_id)
    if text.startswith(READY) and (topic is None or text.removeprefix(READY) not in READY_ANSWERS[topic]):
        raise StaleAction
    if topic is Topic.ALLERGIES or text.startswith(READY):
        assert topic is not None
        patient = actor.for_patient(asked_about.patient_id)
        kept = await patient_facts.add_answer(session, patient, topic, text.removeprefix(READY), at)
    text = f"{READY}{topic}_{text.removeprefix(READY)}" if text.startswith(READY) else one_line(text)
    one.answer, one.answered_by, one.answered_at = text, actor.account_id, at
    await session.flush()
    scan = await session.get_one(Scan, scan_id)
    event = AuditEvent(Permission.ANSWER_CLARIFICATION, "scan", scan_id, scan.patient_id, scan.version)
    await record(session, actor, event, at)
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)
    enqueue(session, JobKind.NOTIFY_CLARIFIED, at, scan_id=scan_id, number=number)
    return Answered(one, kept)


async def withdraw(session: AsyncSession, actor: Actor, scan_id: int, number: int, at: datetime) -> None:
    """Close a question without an answer: the asker, or an administrator, so that nobody's absence blocks a release.

    Raises NotFound, NotAllowed, ClarificationClosed or StaleAction (released or rejected)."""
    await queries.scan_for(session, scan_id, actor, Permission.ASK_CLARIFICATION)
    scan = await lock_scan(session, scan_id)
    one = _open(scan, number)
    if not may_withdraw(one, actor):
        raise NotAllowed
    one.withdrawn_at = at
    await session.flush()
    event = AuditEvent("withdraw_clarification", "scan", scan_id, scan.patient_id, scan.version)
    await record(session, actor, event, at)
    enqueue(session, JobKind.SHOW_CARDS, at, scan_id=scan_id)


def may_withdraw(one: Clarification, actor: Actor) -> bool:
    return actor.role is Role.ADMINISTRATOR or (actor.account_id, actor.role) == (one.asker_id, one.asker_role)


async def recipients(session: AsyncSession, scan: Scan, one: Clarification) -> Sequence[int]:
    """The chats that get a question: the patient's, those of the doctor who signed, or else all doctors'."""
    if one.addressee is Role.PATIENT:
        return await queries.patient_chats(session, scan)
    signer = await session.get(Account, scan.reading.doctor_id) if scan.reading else None
    if signer is not None and signer.suspended_at is None and Role.DOCTOR in signer.roles:
        own = await queries.chats_of_account(session, signer.id)
        if own:
            return own
    return await queries.chats_of_role(session, Role.DOCTOR)


def _open(scan: Scan, number: int, addressee: Role | None = None) -> Clarification:
    found = next((one for one in scan.clarifications if one.number == number), None)
    if found is None or addressee not in {None, found.addressee}:
        raise NotFound
    if not found.is_open:
        raise ClarificationClosed
    if not may_ask(scan):
        raise StaleAction
    return found
