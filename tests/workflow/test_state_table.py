"""The transition rules of a scan a second time, written by hand; every other combination is refused."""

from itertools import product
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Sessions
from models.tables.scans import Prescription, Reading, Scan
from models.vocabulary import Role, ScanStatus
from tests.support.rows import NOW, Staff, a_finding, a_prescription, a_reading, a_scan, a_staff, events_of, jobs_of
from workflow.actors import Actor
from workflow.errors import WorkflowError
from workflow.transitions import RULES, WAITS_FOR, Action, advance

ALLOWED = {
    # status, action, role: next status, jobs
    ("PENDING_AI", "ask_analysis", "doctor"): ("PENDING_AI", ["analyse", "show_cards"]),
    ("PENDING_AI", "record_analysis", "system"): ("AI_ANALYZED", ["show_cards"]),
    ("PENDING_AI", "reject", "doctor"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("PENDING_AI, asked", "record_analysis", "system"): ("AI_ANALYZED", ["show_cards"]),
    ("PENDING_AI, asked", "reject", "doctor"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("AI_ANALYZED", "write_findings", "doctor"): ("AI_ANALYZED", ["show_cards"]),
    ("AI_ANALYZED", "reject", "doctor"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("AI_ANALYZED, written", "write_findings", "doctor"): ("AI_ANALYZED", ["show_cards"]),
    ("AI_ANALYZED, written", "verify", "doctor"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("AI_ANALYZED, written", "reject", "doctor"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("AI_ANALYZED, uncertain, written", "write_findings", "doctor"): ("AI_ANALYZED", ["show_cards"]),
    ("AI_ANALYZED, uncertain, written", "reject", "doctor"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("AI_ANALYZED, uncertain, own reading", "write_findings", "doctor"): ("AI_ANALYZED", ["show_cards"]),
    ("AI_ANALYZED, uncertain, own reading", "verify", "doctor"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("AI_ANALYZED, uncertain, own reading", "reject", "doctor"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("DOCTOR_VERIFIED", "prescribe", "pharmacist"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("DOCTOR_VERIFIED, prescribed", "prescribe", "pharmacist"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("DOCTOR_VERIFIED, prescribed", "complete", "pharmacist"): ("PHARMACIST_COMPLETED", ["show_cards"]),
    ("DOCTOR_VERIFIED, no medicine", "prescribe", "pharmacist"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("DOCTOR_VERIFIED, no medicine", "complete", "pharmacist"): ("PHARMACIST_COMPLETED", ["show_cards"]),
    ("PHARMACIST_COMPLETED", "ask_code", "administrator"): (
        "PHARMACIST_COMPLETED",
        ["show_cards"],
    ),
    ("PHARMACIST_COMPLETED", "release", "administrator"): ("PHARMACIST_COMPLETED", ["write_report", "show_cards"]),
    ("PHARMACIST_COMPLETED", "reject", "administrator"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("PHARMACIST_COMPLETED, doctor due", "countersign", "doctor"): ("PHARMACIST_COMPLETED", ["show_cards"]),
    ("PHARMACIST_COMPLETED, doctor due", "reject", "administrator"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("DOCTOR_VERIFIED", "correct", "doctor"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("DOCTOR_VERIFIED, prescribed", "correct", "doctor"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("DOCTOR_VERIFIED, no medicine", "correct", "doctor"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("PHARMACIST_COMPLETED", "correct", "doctor"): ("PHARMACIST_COMPLETED", ["show_cards"]),
    ("PHARMACIST_COMPLETED, doctor due", "correct", "doctor"): ("PHARMACIST_COMPLETED", ["show_cards"]),
    ("PHARMACIST_COMPLETED, corrected", "correct", "doctor"): ("PHARMACIST_COMPLETED", ["show_cards"]),
    ("DOCTOR_VERIFIED, correcting", "write_findings", "doctor"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("DOCTOR_VERIFIED, correcting", "verify", "doctor"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("PHARMACIST_COMPLETED, correcting", "write_findings", "doctor"): ("PHARMACIST_COMPLETED", ["show_cards"]),
    ("PHARMACIST_COMPLETED, correcting", "verify", "doctor"): ("PHARMACIST_COMPLETED", ["show_cards"]),
    ("DOCTOR_VERIFIED, correcting", "prescribe", "pharmacist"): ("DOCTOR_VERIFIED", ["show_cards"]),
    ("PHARMACIST_COMPLETED, correcting", "reject", "administrator"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("PHARMACIST_COMPLETED, corrected", "confirm", "pharmacist"): ("PHARMACIST_COMPLETED", ["show_cards"]),
    ("PHARMACIST_COMPLETED, corrected", "reject", "administrator"): ("REJECTED", ["show_cards", "ask_retake"]),
    ("PHARMACIST_COMPLETED, released", "record_report", "system"): ("REPORT_READY", ["show_cards", "deliver"]),
}
STATUSES = (
    "PENDING_AI",
    "PENDING_AI, asked",
    "AI_ANALYZED",
    "AI_ANALYZED, written",
    "AI_ANALYZED, uncertain, written",
    "AI_ANALYZED, uncertain, own reading",
    "DOCTOR_VERIFIED",
    "DOCTOR_VERIFIED, prescribed",
    "DOCTOR_VERIFIED, no medicine",
    "PHARMACIST_COMPLETED",
    "PHARMACIST_COMPLETED, doctor due",
    "DOCTOR_VERIFIED, correcting",
    "PHARMACIST_COMPLETED, correcting",
    "PHARMACIST_COMPLETED, corrected",
    "PHARMACIST_COMPLETED, released",
    "REPORT_READY",
    "REJECTED",
)
ACTIONS = (
    "ask_analysis",
    "record_analysis",
    "write_findings",
    "verify",
    "prescribe",
    "complete",
    "countersign",
    "correct",
    "confirm",
    "ask_code",
    "release",
    "record_report",
    "reject",
)
ROLES = ("patient", "doctor", "pharmacist", "administrator", "system")


CORRECTIONS: dict[str, dict[str, Any]] = {"correcting": {"signed_at": None}, "corrected": {"version": 2}}


async def _correct(session: AsyncSession, scan_id: int, marks: list[str]) -> None:
    for name, value in CORRECTIONS.get(marks[0] if marks else "", {}).items():
        setattr(await session.get_one(Reading, scan_id), name, value)


async def scan_in(session: AsyncSession, staff: Staff, stands: str) -> Scan:
    """A scan in this status, with the named texts."""
    status, *marks = stands.split(", ")
    facts: dict[str, Any] = {}
    if "asked" in marks:
        facts["analysis_asked_at"] = NOW
    if "released" in marks:
        facts |= {"released_at": NOW, "released_by": staff.administrator.account_id}
    scan = await a_scan(session, staff, status, **facts)
    if "uncertain" in marks:
        await session.merge(a_finding(scan.id, uncertain=True, confidence=0.5))
    if "written" in marks:
        session.add(a_reading(scan.id, staff.doctor))
    if "own reading" in marks:
        session.add(a_reading(scan.id, staff.doctor, own_reading="Pneumonia."))
    if "doctor due" in marks:
        (await session.get_one(Prescription, scan.id)).needs_doctor = True
    await _correct(session, scan.id, marks)
    if "prescribed" in marks or "no medicine" in marks:
        session.add(a_prescription(scan.id, staff.pharmacist, lines=["Rest"] if "prescribed" in marks else []))
    return scan


async def row(session: AsyncSession, scan_id: int) -> dict[str, Any]:
    found = await session.execute(select(Scan.__table__).where(Scan.id == scan_id))
    return dict(found.mappings().one())


async def refused(sessions: Sessions, scan_id: int, staff: Staff, stands: str) -> list[str]:
    """Try every combination of this line that is not in the table; returns those that succeeded."""
    async with sessions() as session:
        before, passed = await row(session, scan_id), []
        for action, role in product(ACTIONS, ROLES):
            if (stands, action, role) in ALLOWED:
                continue
            try:
                await advance(session, scan_id, Action(action), staff.of(role), NOW)
            except WorkflowError:
                continue
            passed.append(f"{stands}: {action} by {role}")
        await session.flush()
        changed = before != await row(session, scan_id) or await events_of(session) or await jobs_of(session)
        return [*passed, *([f"{stands}: a refusal left a trace"] if changed else [])]


async def allowed(sessions: Sessions, scan_id: int, actor: Actor, action: str) -> tuple[str, list[str]]:
    """The next status and the jobs of this move, after a check of its event; rolled back."""
    async with sessions() as session:
        await advance(session, scan_id, Action(action), actor, NOW)
        status = (await row(session, scan_id))["status"]
        assert await events_of(session) == [(action, actor.role, status)]
        return str(status.value), await jobs_of(session)


def test_the_table_knows_every_status_action_and_role() -> None:
    """A new one has to be added here as well."""
    assert {stands.split(",")[0] for stands in STATUSES} == set(ScanStatus)
    assert set(ACTIONS) == set(Action)
    assert set(ROLES) == set(Role)


async def test_only_these_moves_exist(sessions: Sessions) -> None:
    """Every combination: one outside the table is refused, with no change, no job and no event."""
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scans = {stands: (await scan_in(session, staff, stands)).id for stands in STATUSES}
    passed = [line for stands in STATUSES for line in await refused(sessions, scans[stands], staff, stands)]
    assert passed == []
    for (stands, action, role), expected in ALLOWED.items():
        assert await allowed(sessions, scans[stands], staff.of(role), action) == expected, (stands, action, role)


def test_no_stage_is_skipped_and_none_goes_back() -> None:
    """By every rule a scan stays, advances one stage, or is rejected."""
    order = [status for status in ScanStatus if status is not ScanStatus.REJECTED]
    for (status, _), rule in RULES.items():
        assert status in order
        assert rule.to is ScanStatus.REJECTED or order.index(rule.to) - order.index(status) in {0, 1}


def test_everybody_who_is_waited_for_can_move_the_scan_on() -> None:
    for status, role in WAITS_FOR.items():
        assert role in {rule.role for (at, _), rule in RULES.items() if at is status}
