"""A signed reading is corrected until the release; the pharmacist confirms the new version before a code is asked."""

import asyncio

import pytest
from sqlalchemy import select

from models.base import Sessions
from models.tables.codes import Code, Purpose
from models.tables.scans import Prescription, Scan
from models.vocabulary import Band, Role
from tests.support.rows import KEY, NOW, Staff, a_person, a_prescription, a_scan, a_staff, jobs_of, seen
from workflow.actors import Actor
from workflow.errors import (
    ConfirmationMissing,
    CorrectionOpen,
    CountersignatureMissing,
    Inconsistent,
    NotAllowed,
    StaleAction,
    WordsChanged,
    WorkflowError,
)
from workflow.guards import awaits_confirmation, awaits_countersignature
from workflow.prescriptions import prescription, proposing
from workflow.reporting import corrections, release
from workflow.scans import reading

ROUNDS = 15
SCHEDULED = "Amoxicillin 500 mg three times a day for 5 days"


async def _staffed(sessions: Sessions, status: str) -> tuple[Staff, int]:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        return staff, (await a_scan(session, staff, status)).id


async def _corrects(sessions: Sessions, doctor: Actor, scan_id: int, words: str, band: Band = Band.SEE_DOCTOR) -> None:
    async with sessions.begin() as session:
        await corrections.correct(session, doctor, scan_id, NOW)
    async with sessions.begin() as session:
        await reading.write_findings(session, doctor, scan_id, reading.TypedFindings(words), NOW)
        await reading.revise_draft(session, doctor, scan_id, NOW, band=band.value)
        await reading.verify(session, doctor, scan_id, await seen(session, scan_id), NOW)


async def _asks(sessions: Sessions, staff: Staff, scan_id: int) -> None:
    async with sessions.begin() as session:
        await release.request_code(session, staff.administrator, scan_id, 1, NOW)


async def _confirms(sessions: Sessions, actor: Actor, scan_id: int, shown: str = "") -> None:
    async with sessions.begin() as session:
        await prescription.confirm(session, actor, scan_id, shown or await seen(session, scan_id), NOW)


async def test_a_correction_keeps_the_version_before_and_names_the_doctor(sessions: Sessions) -> None:
    staff, scan_id = await _staffed(sessions, "DOCTOR_VERIFIED")
    async with sessions.begin() as session:
        other = await a_person(session, Role.DOCTOR)
    await _corrects(sessions, other, scan_id, "Left, not right.")
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        assert scan.reading is not None
        assert (scan.reading.findings, scan.reading.doctor_id) == ("Left, not right.", other.account_id)
        assert (scan.reading.version, scan.reading.signed_at, scan.status.value) == (2, NOW, "DOCTOR_VERIFIED")
        [before] = scan.versions
        assert (before.doctor_id, before.signed_at) == (staff.doctor.account_id, NOW)
        assert "tell_correction" not in await jobs_of(session), "the pharmacist has not begun"


async def test_no_code_is_asked_while_correcting_nor_before_the_pharmacist_has_confirmed(sessions: Sessions) -> None:
    staff, scan_id = await _staffed(sessions, "PHARMACIST_COMPLETED")
    async with sessions.begin() as session:
        before = await seen(session, scan_id)
        await corrections.correct(session, staff.doctor, scan_id, NOW)
    with pytest.raises(CorrectionOpen):
        await _asks(sessions, staff, scan_id)
    with pytest.raises(StaleAction):
        await _confirms(sessions, staff.pharmacist, scan_id)
    async with sessions.begin() as session:
        await reading.write_findings(session, staff.doctor, scan_id, reading.TypedFindings("Clear."), NOW)
        await reading.verify(session, staff.doctor, scan_id, await seen(session, scan_id), NOW)
        assert "tell_correction" in await jobs_of(session)
    with pytest.raises(ConfirmationMissing):
        await _asks(sessions, staff, scan_id)
    with pytest.raises(NotAllowed):
        await _confirms(sessions, staff.doctor, scan_id)
    with pytest.raises(WordsChanged):
        await _confirms(sessions, staff.pharmacist, scan_id, before)
    await _confirms(sessions, staff.pharmacist, scan_id)
    with pytest.raises(StaleAction):
        await _confirms(sessions, staff.pharmacist, scan_id)
    await _asks(sessions, staff, scan_id)


async def test_an_open_release_code_dies_at_the_correction(sessions: Sessions) -> None:
    staff, scan_id = await _staffed(sessions, "PHARMACIST_COMPLETED")
    await _asks(sessions, staff, scan_id)
    async with sessions.begin() as session:
        await corrections.correct(session, staff.doctor, scan_id, NOW)
        await reading.verify(session, staff.doctor, scan_id, await seen(session, scan_id), NOW)
    await _confirms(sessions, staff.pharmacist, scan_id)
    async with sessions.begin() as session:
        code = (await session.scalars(select(Code).where(Code.purpose == Purpose.RELEASE))).one()
        assert code.used_at is not None
        verdict = await release.release(session, staff.administrator, scan_id, "123456", KEY, NOW)
        assert verdict.value == "spent"


async def test_a_corrected_reading_is_checked_like_the_first(sessions: Sessions) -> None:
    """Consistency, the alert of a red band, and a countersignature that was given for the version before."""
    staff, scan_id = await _staffed(sessions, "PHARMACIST_COMPLETED")
    async with sessions.begin() as session:
        row = await session.get_one(Prescription, scan_id)
        row.needs_doctor, row.countersigned_by, row.countersigned_at = True, staff.doctor.account_id, NOW
    with pytest.raises(Inconsistent):
        await _corrects(sessions, staff.doctor, scan_id, "Pneumothorax on the right.", Band.NO_ACTION)
    async with sessions.begin() as session:
        await reading.revise_draft(session, staff.doctor, scan_id, NOW, band=Band.URGENT.value)
        await reading.write_findings(session, staff.doctor, scan_id, reading.TypedFindings("Opacity."), NOW)
        await reading.revise_draft(session, staff.doctor, scan_id, NOW, band=Band.URGENT.value)
        scan = await reading.verify(session, staff.doctor, scan_id, await seen(session, scan_id), NOW)
        assert scan.critical is not None
    await _confirms(sessions, staff.pharmacist, scan_id)
    with pytest.raises(CountersignatureMissing):
        await _asks(sessions, staff, scan_id)


async def test_while_a_reading_is_corrected_the_pharmacist_writes_but_does_not_complete(sessions: Sessions) -> None:
    staff, scan_id = await _staffed(sessions, "DOCTOR_VERIFIED")
    async with sessions.begin() as session:
        await prescription.prescribe(session, staff.pharmacist, scan_id, [], NOW)
        await corrections.correct(session, staff.doctor, scan_id, NOW)
    with pytest.raises(CorrectionOpen):
        async with sessions.begin() as session:
            await prescription.complete(session, staff.pharmacist, scan_id, await seen(session, scan_id), NOW)
    async with sessions.begin() as session:
        await reading.verify(session, staff.doctor, scan_id, await seen(session, scan_id), NOW)
        await prescription.complete(session, staff.pharmacist, scan_id, await seen(session, scan_id), NOW)
    await _asks(sessions, staff, scan_id)


@pytest.mark.slow
async def test_a_correction_beside_a_completion_and_a_code_is_never_passed_over(sessions: Sessions) -> None:
    """Whichever came first: no code is open for a version that the pharmacist has not signed."""

    async def does(act: object) -> bool:
        try:
            await act  # type: ignore[misc]
        except WorkflowError:
            return False
        return True

    async def opens(staff: Staff, scan_id: int) -> None:
        async with sessions.begin() as session:
            await corrections.correct(session, staff.doctor, scan_id, NOW)

    for _ in range(ROUNDS):
        staff, scan_id = await _staffed(sessions, "PHARMACIST_COMPLETED")
        taps = opens(staff, scan_id), opens(staff, scan_id), _asks(sessions, staff, scan_id)
        first, second, _asked = await asyncio.gather(*map(does, taps))
        assert first != second, "a double tap opens one correction"
        async with sessions() as session:
            codes = (await session.scalars(select(Code).where(Code.scan_id == scan_id))).all()
            assert all(one.used_at is not None for one in codes)
            scan = await session.get_one(Scan, scan_id)
            assert scan.reading is not None
            assert (scan.reading.version, len(scan.versions)) == (2, 1)


@pytest.mark.slow
async def test_a_withdrawn_proposal_beside_a_completion_names_no_prescriber(sessions: Sessions) -> None:
    """Whichever came first: who stands as the prescriber has signed a reading that proposes the lines."""
    for turn in range(ROUNDS):
        staff, scan_id = await _proposed(sessions)
        async with sessions() as session:
            shown = await seen(session, scan_id)
        completes, withdraws = _completes(sessions, staff, scan_id, shown), _withdraws(sessions, staff, scan_id)
        await asyncio.gather(*([completes, withdraws] if turn % 2 else [withdraws, completes]))
        async with sessions() as session:
            scan = await session.get_one(Scan, scan_id)
            assert scan.reading is not None
            assert scan.prescription is not None
            assert (scan.reading.signed_at, scan.reading.proposed) == (NOW, None)
            waits = awaits_confirmation(scan)
        if waits:
            await _confirms(sessions, staff.pharmacist, scan_id)
        else:
            await _completes(sessions, staff, scan_id)
        async with sessions() as session:
            scan = await session.get_one(Scan, scan_id)
            assert scan.prescription is not None
            assert scan.prescription.completed_at is not None
            assert scan.prescription.countersigned_by is None
            assert awaits_countersignature(scan)


async def _proposed(sessions: Sessions) -> tuple[Staff, int]:
    """A signed reading that proposes a medicine of Schedule H, taken over by the pharmacist."""
    staff, scan_id = await _staffed(sessions, "DOCTOR_VERIFIED")
    async with sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        assert scan.reading is not None
        scan.reading.proposed = [SCHEDULED]
        session.add(a_prescription(scan_id, staff.pharmacist, lines=[SCHEDULED]))
    return staff, scan_id


async def _completes(sessions: Sessions, staff: Staff, scan_id: int, shown: str = "") -> None:
    try:
        async with sessions.begin() as session:
            shown = shown or await seen(session, scan_id)
            await prescription.complete(session, staff.pharmacist, scan_id, shown, NOW)
    except (CorrectionOpen, StaleAction):
        pass


async def _withdraws(sessions: Sessions, staff: Staff, scan_id: int) -> None:
    async with sessions.begin() as session:
        await corrections.correct(session, staff.doctor, scan_id, NOW)
    async with sessions.begin() as session:
        await proposing.propose(session, staff.doctor, scan_id, [], NOW)
        await reading.verify(session, staff.doctor, scan_id, await seen(session, scan_id), NOW)
