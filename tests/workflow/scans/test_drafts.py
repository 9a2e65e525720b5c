"""A draft belongs to its author: no doctor's words are lost when another doctor writes."""

import asyncio

import pytest

from models.base import Sessions
from models.tables.scans import Scan
from models.vocabulary import Role
from tests.support.rows import NOW, a_person, a_scan, a_staff, seen
from workflow.actors import Actor
from workflow.claims import claim_of
from workflow.errors import StaleAction, WorkflowError
from workflow.scans import claims, drafts, reading

ROUNDS = 100


async def _doctors(sessions: Sessions) -> tuple[Actor, Actor, int]:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        return staff.doctor, await a_person(session, Role.DOCTOR), (await a_scan(session, staff, "AI_ANALYZED")).id


async def _writes(sessions: Sessions, actor: Actor, scan_id: int, words: str) -> bool:
    try:
        async with sessions.begin() as session:
            await reading.write_findings(session, actor, scan_id, reading.TypedFindings(words), NOW)
    except WorkflowError:
        return False
    return True


async def _takes_over(sessions: Sessions, actor: Actor, holder: Actor, scan_id: int) -> bool:
    assert holder.account_id is not None
    try:
        async with sessions.begin() as session:
            await claims.take_over(session, actor, scan_id, holder.account_id, NOW)
    except WorkflowError:
        return False
    return True


async def _words(sessions: Sessions, scan_id: int) -> tuple[int | None, str | None, set[str]]:
    """Author and findings of the draft, and the findings of every kept version."""
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        kept = {one.content["findings"] for one in scan.versions if one.content}
        return scan.reading and scan.reading.doctor_id, scan.reading and scan.reading.findings, kept


async def test_each_doctor_gets_the_own_draft_back_and_nothing_is_overwritten(sessions: Sessions) -> None:
    first, second, scan_id = await _doctors(sessions)
    assert await _writes(sessions, first, scan_id, "First.")
    assert await _takes_over(sessions, second, first, scan_id)
    assert await _words(sessions, scan_id) == (first.account_id, "First.", {"First."})
    assert await _writes(sessions, second, scan_id, "Second.")
    assert await _words(sessions, scan_id) == (second.account_id, "Second.", {"First."})
    assert await _takes_over(sessions, first, second, scan_id)
    assert await _words(sessions, scan_id) == (first.account_id, "First.", {"First.", "Second."})
    assert await _takes_over(sessions, second, first, scan_id)
    assert await _words(sessions, scan_id) == (second.account_id, "Second.", {"First.", "Second."})
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        assert [one.doctor_id for one in drafts.kept_drafts(scan)] == [first.account_id]
        assert len(scan.versions) == 2, "an unchanged draft is kept once"


@pytest.mark.slow
async def test_another_doctors_signature_keeps_the_draft_with_its_author(sessions: Sessions) -> None:
    first, second, scan_id = await _doctors(sessions)
    await _writes(sessions, first, scan_id, "First.")
    assert await _takes_over(sessions, second, first, scan_id)
    async with sessions.begin() as session:
        await reading.verify(session, second, scan_id, await seen(session, scan_id), NOW)
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        assert scan.reading is not None
        assert scan.reading.doctor_id == second.account_id
        assert [one.doctor_id for one in scan.versions] == [first.account_id]
        assert drafts.kept_drafts(scan) == ()


async def test_a_version_of_no_number_and_one_after_signing_are_stale(sessions: Sessions) -> None:
    first, _, scan_id = await _doctors(sessions)
    await _writes(sessions, first, scan_id, "First.")
    with pytest.raises(StaleAction):
        async with sessions.begin() as session:
            await drafts.start_from(session, first, scan_id, 1, NOW)


@pytest.mark.slow
async def test_of_two_doctors_who_take_over_and_write_at_once_no_accepted_word_is_lost(sessions: Sessions) -> None:
    for turn in range(ROUNDS):
        first, second, scan_id = await _doctors(sessions)
        assert await _writes(sessions, first, scan_id, f"first {turn}")
        last, over, own = await asyncio.gather(
            _writes(sessions, first, scan_id, f"last {turn}"),
            _takes_over(sessions, second, first, scan_id),
            _writes(sessions, second, scan_id, f"own {turn}"),
        )
        assert over
        author, findings, kept = await _words(sessions, scan_id)
        firsts = f"last {turn}" if last else f"first {turn}"
        assert firsts in kept | {findings}
        assert author == (second.account_id if own else first.account_id)
        assert not own or findings == f"own {turn}"
        async with sessions() as session:
            claim = await claim_of(session, await session.get_one(Scan, scan_id))
            assert claim is not None
            assert claim.account_id == second.account_id
