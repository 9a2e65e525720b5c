"""Questions about a scan: who may ask whom and when, answered once, withdrawn, and the release that waits for them."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from models.base import Sessions
from models.tables.accounts import Account, ChatLink, PatientFacts
from models.tables.clarifications import Clarification
from models.tables.scans import Scan
from models.vocabulary import Role, Sex
from tests.support.rows import NOW, Staff, a_person, a_scan, a_staff, jobs_of
from workflow.actors import Actor
from workflow.errors import (
    ClarificationClosed,
    ClarificationOpen,
    NotAllowed,
    NotFound,
    PatientUnreachable,
    SeparationOfDuties,
    StaleAction,
    WorkflowError,
)
from workflow.privacy import export
from workflow.reporting import release
from workflow.scans import clarifications
from workflow.scans.clarifications import READY
from workflow.transitions import Action, advance

ROUNDS = 100
CHAT = 5_000_000
MAY_ASK = {  # asker and addressee, by stage, a second time by hand
    ("DOCTOR_VERIFIED", "pharmacist", "doctor"),
    ("DOCTOR_VERIFIED", "pharmacist", "patient"),
    ("PHARMACIST_COMPLETED", "pharmacist", "doctor"),
    ("PHARMACIST_COMPLETED", "pharmacist", "patient"),
    ("PHARMACIST_COMPLETED", "administrator", "doctor"),
}
STAGES = ("PENDING_AI", "AI_ANALYZED", "DOCTOR_VERIFIED", "PHARMACIST_COMPLETED", "REPORT_READY", "REJECTED")


async def _case(sessions: Sessions, status: str = "DOCTOR_VERIFIED", **patient: Any) -> tuple[Staff, int]:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        assert staff.patient.account_id is not None
        account = await session.get_one(Account, staff.patient.account_id)
        for name, value in patient.items():
            setattr(account, name, value)
        session.add(ChatLink(chat_id=CHAT + account.id, account_id=account.id, created_at=NOW, seen_at=NOW))
        return staff, (await a_scan(session, staff, status)).id


async def _ask(sessions: Sessions, asker: Actor, scan_id: int, addressee: Role, question: str = "Both lungs?") -> None:
    async with sessions.begin() as session:
        await clarifications.ask(session, asker, scan_id, addressee, question, NOW)


async def _answer(sessions: Sessions, actor: Actor, scan_id: int, text: str, number: int = 1) -> bool | None:
    async with sessions.begin() as session:
        return (await clarifications.answer(session, actor, scan_id, number, text, NOW)).kept


async def _rows(sessions: Sessions, scan_id: int) -> list[Clarification]:
    async with sessions() as session:
        return list((await session.get_one(Scan, scan_id)).clarifications)


async def test_who_may_ask_whom_and_when(sessions: Sessions) -> None:
    allowed = set()
    for status in STAGES:
        staff, scan_id = await _case(sessions, status)
        for asker in ("patient", "doctor", "pharmacist", "administrator"):
            for addressee in (Role.PATIENT, Role.DOCTOR, Role.PHARMACIST):
                try:
                    await _ask(sessions, staff.of(asker), scan_id, addressee)
                except (NotAllowed, NotFound, StaleAction):
                    continue
                allowed.add((status, asker, str(addressee)))
    assert allowed == MAY_ASK


@pytest.mark.slow
async def test_one_answer_counts_however_many_come_at_once(sessions: Sessions) -> None:
    """Two doctors and the withdrawal of the asker: one act wins, the others are told."""
    for turn in range(ROUNDS):
        staff, scan_id = await _case(sessions)
        async with sessions.begin() as session:
            second = await a_person(session, Role.DOCTOR)
        await _ask(sessions, staff.pharmacist, scan_id, Role.DOCTOR)
        done = await asyncio.gather(
            _answer(sessions, staff.doctor, scan_id, f"first {turn}"),
            _answer(sessions, second, scan_id, f"second {turn}"),
            _withdraw(sessions, staff.pharmacist, scan_id),
            return_exceptions=True,
        )
        refused = [one for one in done if isinstance(one, ClarificationClosed)]
        assert len(refused) == 2, done
        [row] = await _rows(sessions, scan_id)
        assert not row.is_open
        assert (row.answer is None) == (row.withdrawn_at is not None)
        expected = {staff.doctor.account_id: f"first {turn}", second.account_id: f"second {turn}", None: None}
        assert row.answer == expected[row.answered_by]


async def _withdraw(sessions: Sessions, actor: Actor, scan_id: int, number: int = 1) -> None:
    async with sessions.begin() as session:
        await clarifications.withdraw(session, actor, scan_id, number, NOW)


@pytest.mark.slow
async def test_two_questions_at_once_get_two_numbers(sessions: Sessions) -> None:
    for _ in range(ROUNDS // 4):
        staff, scan_id = await _case(sessions, "PHARMACIST_COMPLETED")
        asking = [_ask(sessions, who, scan_id, Role.DOCTOR) for who in (staff.pharmacist, staff.administrator)]
        await asyncio.gather(*asking)
        assert [one.number for one in await _rows(sessions, scan_id)] == [1, 2]


async def test_no_code_and_no_release_while_a_question_is_open(sessions: Sessions) -> None:
    staff, scan_id = await _case(sessions, "PHARMACIST_COMPLETED")
    await _ask(sessions, staff.pharmacist, scan_id, Role.DOCTOR)
    for action in (Action.ASK_CODE, Action.RELEASE):
        with pytest.raises(ClarificationOpen):
            async with sessions.begin() as session:
                await advance(session, scan_id, action, staff.administrator, NOW)
    await _answer(sessions, staff.doctor, scan_id, "The right one only.")
    async with sessions.begin() as session:
        await release.request_code(session, staff.administrator, scan_id, 1, NOW)


async def test_an_administrator_withdraws_for_an_asker_who_is_gone_and_others_do_not(sessions: Sessions) -> None:
    staff, scan_id = await _case(sessions, "PHARMACIST_COMPLETED")
    await _ask(sessions, staff.pharmacist, scan_id, Role.DOCTOR)
    async with sessions.begin() as session:
        other = await a_person(session, Role.PHARMACIST)
    for somebody in (other, staff.doctor, staff.patient):
        with pytest.raises(NotAllowed):
            await _withdraw(sessions, somebody, scan_id)
    await _withdraw(sessions, staff.administrator, scan_id)
    with pytest.raises(ClarificationClosed):
        await _answer(sessions, staff.doctor, scan_id, "too late")
    async with sessions.begin() as session:
        await release.request_code(session, staff.administrator, scan_id, 1, NOW)


@pytest.mark.parametrize("who", ["patient", "pharmacist", "administrator"])
async def test_a_question_to_the_doctor_is_answered_by_a_doctor(sessions: Sessions, who: str) -> None:
    staff, scan_id = await _case(sessions, "PHARMACIST_COMPLETED")
    await _ask(sessions, staff.pharmacist, scan_id, Role.DOCTOR)
    with pytest.raises((NotAllowed, NotFound)):
        await _answer(sessions, staff.of(who), scan_id, "me")
    assert (await _rows(sessions, scan_id))[0].is_open


async def test_who_asked_or_answered_in_one_role_does_not_act_in_another(sessions: Sessions) -> None:
    staff, scan_id = await _case(sessions, "PHARMACIST_COMPLETED")
    async with sessions.begin() as session:
        second = await a_person(session, Role.DOCTOR)
    await _ask(sessions, staff.administrator, scan_id, Role.DOCTOR)
    with pytest.raises(SeparationOfDuties):
        await _answer(sessions, staff.administrator._replace(role=Role.DOCTOR), scan_id, "by myself")
    await _answer(sessions, second, scan_id, "both")
    administrator = second._replace(role=Role.ADMINISTRATOR)
    with pytest.raises(SeparationOfDuties):
        async with sessions.begin() as session:
            await release.request_code(session, administrator, scan_id, 1, NOW)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "answer", "before", "after", "kept"),
    [
        ("allergies", READY + "none", {}, {"allergies": []}, True),
        ("allergies", "penicillin, rash", {}, {"allergies": ["penicillin", "rash"]}, True),
        ("allergies", "aspirin", {"allergies": ["penicillin"]}, {"allergies": ["penicillin", "aspirin"]}, True),
        ("allergies", READY + "none", {"allergies": ["penicillin"]}, {"allergies": ["penicillin"]}, False),
        ("pregnancy", READY + "pregnant", {}, {"pregnant": True, "breastfeeding": False}, True),
        ("pregnancy", READY + "none", {"pregnant": True}, {"pregnant": False, "breastfeeding": False}, True),
        (None, "I had it as a child.", {"allergies": ["penicillin"]}, {"allergies": ["penicillin"]}, None),
    ],
)
async def test_a_told_allergy_or_pregnancy_is_kept_and_no_known_allergy_is_lost(
    sessions: Sessions, question: str | None, answer: str, before: dict[str, Any], after: dict[str, Any], kept: bool
) -> None:
    staff, scan_id = await _case(sessions, sex=Sex.FEMALE)
    patient = staff.patient.account_id
    assert patient is not None
    async with sessions.begin() as session:
        session.add(PatientFacts(account_id=patient, facts=before, asked_at=NOW))
    await _ask(sessions, staff.pharmacist, scan_id, Role.PATIENT, READY + question if question else "Measles?")
    assert await _answer(sessions, staff.patient, scan_id, answer) is kept
    async with sessions() as session:
        assert (await session.get_one(PatientFacts, patient)).facts == after


async def test_an_unknown_ready_answer_and_a_foreign_patient_are_refused(sessions: Sessions) -> None:
    staff, scan_id = await _case(sessions)
    other, _ = await _case(sessions)
    await _ask(sessions, staff.pharmacist, scan_id, Role.PATIENT, READY + "pregnancy")
    for who, text, number in (
        (staff.patient, READY + "kidney", 1),
        (other.patient, READY + "none", 1),
        (staff.patient, READY + "none", 2),
    ):
        with pytest.raises(WorkflowError):
            await _answer(sessions, who, scan_id, text, number)
    assert (await _rows(sessions, scan_id))[0].is_open


async def test_no_question_goes_to_a_patient_without_a_chat(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan_id = (await a_scan(session, staff, "DOCTOR_VERIFIED")).id
    with pytest.raises(PatientUnreachable):
        await _ask(sessions, staff.pharmacist, scan_id, Role.PATIENT)


async def test_an_erased_patients_scan_takes_no_question_and_no_answer(sessions: Sessions) -> None:
    staff, scan_id = await _case(sessions)
    await _ask(sessions, staff.pharmacist, scan_id, Role.DOCTOR)
    async with sessions.begin() as session:
        (await session.get_one(Account, staff.patient.account_id)).erased_at = NOW
    with pytest.raises(NotFound):
        await _ask(sessions, staff.pharmacist, scan_id, Role.DOCTOR)
    with pytest.raises(NotFound):
        await _answer(sessions, staff.doctor, scan_id, "too late")


async def test_a_patient_exports_their_questions_at_once_and_the_doctors_after_the_report(sessions: Sessions) -> None:
    staff, scan_id = await _case(sessions)
    await _ask(sessions, staff.pharmacist, scan_id, Role.DOCTOR, "A nodule?")
    await _ask(sessions, staff.pharmacist, scan_id, Role.PATIENT, READY + "allergies")
    await _answer(sessions, staff.patient, scan_id, "aspirin", 2)
    async with sessions() as session:
        data = (await export.gather(session, staff.patient, NOW)).data
    [asked] = data["scans"][0]["questions"]
    assert (asked["question"], asked["answer"]) == ("allergies", "aspirin")
    assert "nodule" not in str(data)
    async with sessions() as session:
        assert (await jobs_of(session)).count("tell_clarification") == 2
        kinds = (await session.scalars(select(Clarification.question))).all()
    assert len(kinds) == 2
