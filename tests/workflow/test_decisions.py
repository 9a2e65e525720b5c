"""Concurrent decisions, repeated taps, and the records of each decision."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.orm.exc import StaleDataError

from models.base import Sessions, is_transient
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from tests.support.rows import NOW, Staff, a_reading, a_scan, a_staff, events_of, jobs_of, seen
from workflow.errors import NotFound, StaleAction, WorkflowError
from workflow.prescriptions import prescription
from workflow.scans import analysis, reading
from workflow.scans.draft_hash import draft_hash
from workflow.transitions import Action, advance

LATER = NOW + timedelta(minutes=1)


async def a_written_scan(sessions: Sessions) -> tuple[Staff, int]:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff, "AI_ANALYZED")
        session.add(a_reading(scan.id, staff.doctor))
        return staff, scan.id


async def test_a_second_tap_is_refused_and_enqueues_nothing(sessions: Sessions) -> None:
    staff, scan_id = await a_written_scan(sessions)
    async with sessions.begin() as session:
        await reading.verify(session, staff.doctor, scan_id, await seen(session, scan_id), NOW)

    with pytest.raises(StaleAction):
        async with sessions.begin() as session:
            await reading.verify(session, staff.doctor, scan_id, await seen(session, scan_id), LATER)

    async with sessions() as session:
        assert await jobs_of(session) == ["show_cards"]
        assert await events_of(session) == [("verify", "doctor", "DOCTOR_VERIFIED")]


async def test_of_two_decisions_at_the_same_moment_one_wins(sessions: Sessions) -> None:
    """Verify and "better image" pressed together by two doctors: one event, one set of jobs, whichever came first."""
    staff, scan_id = await a_written_scan(sessions)
    together = asyncio.Barrier(2)

    async def decides(action: Action) -> str:
        await together.wait()
        try:
            async with sessions.begin() as session:
                await advance(session, scan_id, action, staff.doctor, NOW)
        except StaleAction:
            return "refused"
        return "done"

    answers = await asyncio.gather(decides(Action.VERIFY), decides(Action.REJECT))

    assert sorted(answers) == ["done", "refused"]
    async with sessions() as session:
        assert len(await events_of(session)) == 1
        scan = await session.get_one(Scan, scan_id)
        winner = ScanStatus.DOCTOR_VERIFIED if answers[0] == "done" else ScanStatus.REJECTED
        assert scan.status is winner
        assert await jobs_of(session) == (["show_cards"] if answers[0] == "done" else ["show_cards", "ask_retake"])


async def test_twenty_taps_on_the_same_button_do_it_once(sessions: Sessions) -> None:
    staff, scan_id = await a_written_scan(sessions)

    async def taps() -> bool:
        try:
            async with sessions.begin() as session:
                await reading.verify(session, staff.doctor, scan_id, await seen(session, scan_id), NOW)
        except WorkflowError:
            return False
        return True

    assert sum(await asyncio.gather(*(taps() for _ in range(20)))) == 1


async def test_a_decision_on_an_old_copy_of_the_scan_is_not_written(sessions: Sessions) -> None:
    """The version column protects also callers that did not lock the row; the update is handled once more."""
    staff, scan_id = await a_written_scan(sessions)
    async with sessions() as session:
        old = await session.get_one(Scan, scan_id)
    async with sessions.begin() as session:
        await reading.verify(session, staff.doctor, scan_id, await seen(session, scan_id), NOW)

    async with sessions() as session:
        session.add(old)
        old.reason = "an overwriting"
        with pytest.raises(StaleDataError) as conflict:
            await session.flush()
    assert is_transient(conflict.value)


async def test_a_scan_that_is_none_is_not_found(sessions: Sessions) -> None:
    async with sessions() as session:
        staff = await a_staff(session)
        with pytest.raises(NotFound):
            await advance(session, 10**9, Action.VERIFY, staff.doctor, NOW)


async def test_whoever_signs_is_the_author(sessions: Sessions) -> None:
    """A text drafted by one doctor and signed by another is the signer's, with the time of the signature."""
    _, scan_id = await a_written_scan(sessions)
    async with sessions.begin() as session:
        other = await a_staff(session)
        await reading.verify(session, other.doctor, scan_id, await seen(session, scan_id), LATER)
    async with sessions.begin() as session:
        scan = await prescription.prescribe(session, other.pharmacist, scan_id, ["Rest"], LATER)
        await prescription.complete(session, other.pharmacist, scan_id, draft_hash(scan), LATER)
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        assert scan.reading is not None
        assert scan.prescription is not None
        assert (scan.reading.doctor_id, scan.reading.signed_at) == (other.doctor.account_id, LATER)
        assert (scan.prescription.pharmacist_id, scan.prescription.completed_at) == (other.pharmacist.account_id, LATER)


async def test_findings_written_anew_replace_the_draft(sessions: Sessions) -> None:
    staff, scan_id = await a_written_scan(sessions)
    async with sessions.begin() as session:
        words = reading.TypedFindings("Clear.", own_reading="Healthy.")
        await reading.write_findings(session, staff.doctor, scan_id, words, NOW)
    async with sessions() as session:
        written = (await session.get_one(Scan, scan_id)).reading
        assert written is not None
        assert (written.findings, written.impression, written.own_reading) == ("Clear.", None, "Healthy.")


async def test_an_analysis_that_failed_may_be_asked_for_again(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan_id = (await a_scan(session, staff, "PENDING_AI")).id
        await analysis.ask_analysis(session, staff.doctor, scan_id, NOW)
    async with sessions.begin() as session:
        await analysis.reset_analysis(session, scan_id)
    async with sessions.begin() as session:
        scan = await analysis.ask_analysis(session, staff.doctor, scan_id, LATER)
        assert scan.analysis_asked_at == LATER


async def test_a_rejection_keeps_its_reason(sessions: Sessions) -> None:
    staff, scan_id = await a_written_scan(sessions)
    async with sessions.begin() as session:
        await reading.reject(session, staff.doctor, scan_id, "Blurred.", NOW)
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        assert (scan.status, scan.reason) == (ScanStatus.REJECTED, "Blurred.")
