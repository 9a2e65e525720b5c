"""One member of staff at a time writes on a scan: claims, their ends, and races of two doctors."""

import asyncio
from datetime import timedelta

import pytest

from models.base import Sessions
from models.tables.claims import Claim
from models.tables.scans import Scan
from models.vocabulary import Role
from tests.support.rows import NOW, Staff, a_person, a_reading, a_scan, a_staff, jobs_of, seen
from workflow.actors import Actor
from workflow.claims import CLAIM_PERIOD, DEFAULT_PERIOD
from workflow.errors import ClaimedByOther, StaleAction, WorkflowError
from workflow.prescriptions import prescription
from workflow.reporting import release
from workflow.scans import claims, reading

ROUNDS = 100
SOON = NOW + timedelta(minutes=10)
LATE = NOW + DEFAULT_PERIOD
OPENED = {"AI_ANALYZED": "doctor", "DOCTOR_VERIFIED": "pharmacist", "PHARMACIST_COMPLETED": "administrator"}


async def _two(sessions: Sessions, status: str = "AI_ANALYZED") -> tuple[Staff, Actor, int]:
    """A scan, its staff, and a second account of the role that it waits for."""
    async with sessions.begin() as session:
        staff = await a_staff(session)
        second = await a_person(session, Role(OPENED[status]))
        return staff, second, (await a_scan(session, staff, status)).id


async def _holder(sessions: Sessions, scan_id: int) -> int | None:
    async with sessions() as session:
        claim = await session.get(Claim, scan_id)
        return claim.account_id if claim else None


async def _takes(sessions: Sessions, actor: Actor, scan_id: int) -> None:
    async with sessions.begin() as session:
        await claims.take(session, actor, scan_id, NOW)


async def _writes(sessions: Sessions, actor: Actor, scan_id: int, words: str) -> bool:
    try:
        async with sessions.begin() as session:
            await reading.write_findings(session, actor, scan_id, reading.TypedFindings(words), SOON)
    except ClaimedByOther:
        return False
    return True


@pytest.mark.slow
async def test_of_two_doctors_who_write_at_once_one_writes_and_the_other_is_told(sessions: Sessions) -> None:
    for turn in range(ROUNDS):
        staff, second, scan_id = await _two(sessions)
        typed = {staff.doctor: f"first {turn}", second: f"second {turn}"}
        done = await asyncio.gather(*(_writes(sessions, who, scan_id, words) for who, words in typed.items()))
        assert sorted(done) == [False, True]
        async with sessions() as session:
            draft = (await session.get_one(Scan, scan_id)).reading
        assert draft is not None
        winner = list(typed)[done.index(True)]
        assert (draft.doctor_id, draft.findings) == (winner.account_id, typed[winner])
        assert await _holder(sessions, scan_id) == winner.account_id


@pytest.mark.slow
async def test_of_two_who_open_at_once_one_holds_and_a_double_tap_is_one_claim(sessions: Sessions) -> None:
    async def opens(actor: Actor, scan_id: int) -> bool:
        try:
            await _takes(sessions, actor, scan_id)
        except ClaimedByOther:
            return False
        return True

    for _ in range(ROUNDS // 4):
        staff, second, scan_id = await _two(sessions)
        before = len(await _jobs(sessions))
        taps = await asyncio.gather(*(opens(who, scan_id) for who in (staff.doctor, staff.doctor, second, second)))
        assert taps in ([True, True, False, False], [False, False, True, True])
        assert await _jobs(sessions) == ["show_cards"] * (before + 1)


async def _jobs(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return await jobs_of(session)


@pytest.mark.slow
@pytest.mark.parametrize("status", OPENED)
async def test_a_claim_keeps_every_role_from_writing_beside_its_holder(sessions: Sessions, status: str) -> None:
    staff, second, scan_id = await _two(sessions, status)
    await _takes(sessions, staff.of(OPENED[status]), scan_id)
    with pytest.raises(ClaimedByOther) as refusal:
        await _acts(sessions, second, scan_id, status)
    assert refusal.value.values["name"]


async def _acts(sessions: Sessions, actor: Actor, scan_id: int, status: str) -> None:
    async with sessions.begin() as session:
        match status:
            case "AI_ANALYZED":
                session.add(a_reading(scan_id, actor))
                await session.flush()
                await reading.verify(session, actor, scan_id, await seen(session, scan_id), SOON)
            case "DOCTOR_VERIFIED":
                await prescription.prescribe(session, actor, scan_id, [], SOON)
            case _:
                await release.request_code(session, actor, scan_id, 1, SOON)


async def test_a_signature_and_giving_back_end_a_claim(sessions: Sessions) -> None:
    staff, second, scan_id = await _two(sessions)
    await _takes(sessions, staff.doctor, scan_id)
    async with sessions.begin() as session:
        await claims.give_back(session, staff.doctor, scan_id, SOON)
    assert await _writes(sessions, second, scan_id, "Clear.")
    async with sessions.begin() as session:
        await reading.verify(session, second, scan_id, await seen(session, scan_id), SOON)
    assert await _holder(sessions, scan_id) is None


async def test_an_act_moves_the_end_and_a_claim_without_one_ends(sessions: Sessions) -> None:
    staff, second, scan_id = await _two(sessions)
    await _takes(sessions, staff.doctor, scan_id)
    assert await _writes(sessions, staff.doctor, scan_id, "Clear.")
    async with sessions.begin() as session:
        assert await claims.unused(session, LATE) == []
        assert await claims.ending(session, SOON) == []
        end = SOON + DEFAULT_PERIOD
        warned = await claims.ending(session, end - claims.WARNED_BEFORE)
        assert warned == [claims.Ending(scan_id, staff.doctor.account_id or 0, end)]
        assert await claims.unused(session, end) == [scan_id]
        await claims.end_unused(session, [scan_id], end)
        await claims.end_unused(session, [scan_id], end)
    assert await _holder(sessions, scan_id) is None
    await _takes(sessions, second, scan_id)


async def test_a_claim_that_is_over_stops_nobody_before_it_is_removed(sessions: Sessions) -> None:
    staff, second, scan_id = await _two(sessions)
    await _takes(sessions, staff.doctor, scan_id)
    async with sessions.begin() as session:
        await claims.take(session, second, scan_id, LATE)
    assert await _holder(sessions, scan_id) == second.account_id


async def test_the_period_is_a_setting(sessions: Sessions) -> None:
    staff, _, scan_id = await _two(sessions)
    async with sessions.begin() as session:
        session.info[CLAIM_PERIOD] = timedelta(minutes=2)
        await claims.take(session, staff.doctor, scan_id, NOW)
        assert await claims.unused(session, NOW + timedelta(minutes=2)) == [scan_id]


async def test_taking_over_names_the_holder_and_keeps_the_draft(sessions: Sessions) -> None:
    staff, second, scan_id = await _two(sessions)
    assert await _writes(sessions, staff.doctor, scan_id, "Tuberculosis must be ruled out.")
    first = staff.doctor.account_id or 0
    async with sessions.begin() as session:
        assert (await claims.holder_of(session, second, scan_id)).account_id == first
        await claims.take_over(session, second, scan_id, first, SOON)
    assert not await _writes(sessions, staff.doctor, scan_id, "Normal chest.")
    async with sessions.begin() as session:
        with pytest.raises(StaleAction):  # an old button, or a double tap
            await claims.take_over(session, second, scan_id, first, SOON)
        with pytest.raises(StaleAction):
            await claims.give_back(session, staff.doctor, scan_id, SOON)
        draft = (await session.get_one(Scan, scan_id)).reading
        assert draft is not None
        assert draft.findings == "Tuberculosis must be ruled out."
        assert "tell_taken_over" in await jobs_of(session)


@pytest.mark.parametrize("role", ["pharmacist", "administrator", "patient"])
async def test_another_role_claims_nothing(sessions: Sessions, role: str) -> None:
    staff, _, scan_id = await _two(sessions)
    with pytest.raises(WorkflowError):
        await _takes(sessions, staff.of(role), scan_id)
    assert await _holder(sessions, scan_id) is None


@pytest.mark.slow
async def test_a_doctor_does_not_claim_what_waits_for_the_pharmacist(sessions: Sessions) -> None:
    staff, _, scan_id = await _two(sessions, "DOCTOR_VERIFIED")
    with pytest.raises(StaleAction):
        await _takes(sessions, staff.doctor, scan_id)
