"""Which scans an account may see, and which wait for it."""

import pytest

from models.base import Sessions
from models.tables.accounts import ChatLink
from models.vocabulary import Risk, Role, ScanStatus
from tests.support.rows import NOW, Staff, a_finding, a_person, a_scan, a_staff
from workflow.errors import NotFound
from workflow.scans import queries
from workflow.scans.risk import risk_of

SEES = {
    "patient": "PENDING_AI AI_ANALYZED DOCTOR_VERIFIED PHARMACIST_COMPLETED REPORT_READY REJECTED",
    "doctor": "PENDING_AI AI_ANALYZED DOCTOR_VERIFIED PHARMACIST_COMPLETED REPORT_READY REJECTED",
    "pharmacist": "DOCTOR_VERIFIED PHARMACIST_COMPLETED REPORT_READY REJECTED",
    "administrator": "PHARMACIST_COMPLETED REPORT_READY REJECTED",
}


async def one_of_each(sessions: Sessions) -> tuple[Staff, dict[str, int]]:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        return staff, {status.value: (await a_scan(session, staff, status)).id for status in ScanStatus}


async def test_each_role_sees_the_stages_that_concern_it(sessions: Sessions) -> None:
    staff, scans = await one_of_each(sessions)
    async with sessions() as session:
        for role, expected in SEES.items():
            seen = []
            for status, scan_id in scans.items():
                try:
                    await queries.scan_for(session, scan_id, staff.of(role))
                except NotFound:
                    continue
                seen.append(status)
            assert seen == expected.split(), role


async def test_a_patient_sees_nobody_elses_scan(sessions: Sessions) -> None:
    """Another patient's scan looks exactly like a missing one."""
    _, scans = await one_of_each(sessions)
    async with sessions() as session:
        stranger = await a_person(session, Role.PATIENT)
        assert await queries.own_scans(session, stranger) == []
        for scan_id in [*scans.values(), 10**9]:
            with pytest.raises(NotFound):
                await queries.scan_for(session, scan_id, stranger)


async def test_own_scans_come_newest_first(sessions: Sessions) -> None:
    staff, scans = await one_of_each(sessions)
    async with sessions() as session:
        mine = [scan.id for scan in await queries.own_scans(session, staff.patient, limit=3)]
    assert mine == sorted(scans.values(), reverse=True)[:3]


async def test_a_role_is_reached_in_every_chat_that_it_uses(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        for chat, actor in ((1, staff.doctor), (2, staff.doctor), (3, staff.patient)):
            session.add(ChatLink(chat_id=chat, account_id=actor.account_id or 0, created_at=NOW, seen_at=NOW))
    async with sessions() as session:
        assert sorted(await queries.chats_of_role(session, Role.DOCTOR)) == [1, 2]
        assert await queries.chats_of_role(session, Role.ADMINISTRATOR) == []
        assert await queries.count_people(session) == dict.fromkeys([role for role in Role if role != "system"], 1)


@pytest.mark.parametrize(
    ("label", "abnormal", "uncertain", "risk"),
    [
        ("Normal", 0.05, False, Risk.LOW),
        ("Normal", 0.24, False, Risk.LOW),
        ("COVID", 0.89, False, Risk.MODERATE),
        ("COVID", 0.9, False, Risk.HIGH),
        ("COVID", 0.99, True, Risk.UNCLEAR),
        ("Normal", 0.01, True, Risk.UNCLEAR),
    ],
)
def test_the_risk_follows_the_probability_of_anything_but_normal(
    label: str, abnormal: float, uncertain: bool, risk: Risk
) -> None:
    assert risk_of(a_finding(1, label=label, abnormal=abnormal, uncertain=uncertain)) is risk
