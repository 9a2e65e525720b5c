"""A picture becomes a scan: its patient, its album, and the scan that it replaces."""

from typing import Any

import pytest
from sqlalchemy import select

from models.base import Sessions
from models.tables.scans import Scan
from models.vocabulary import Role, ScanStatus
from tests.support.rows import NOW, Staff, a_person, a_scan, a_staff, events_of, jobs_of
from workflow import consent
from workflow.actors import Actor
from workflow.errors import NotAllowed, NotFound
from workflow.scans import reading
from workflow.scans.intake import Upload, create_scan, record_complaint


def upload(album: str | None = None) -> Upload:
    """The arguments of an upload besides its album."""
    rest: dict[str, Any] = {name: f"a {name}" for name in Upload._fields if name != "media_group_id"}
    return Upload(**rest, media_group_id=album)


async def send(sessions: Sessions, patient: Actor, album: str | None = None) -> int:
    async with sessions.begin() as session:
        await consent.agree(session, patient, NOW)
        return (await create_scan(session, patient, upload(album), NOW)).id


async def the_staff(sessions: Sessions) -> Staff:
    async with sessions.begin() as session:
        return await a_staff(session)


async def test_a_new_scan_waits_for_the_doctor_and_its_cards_are_enqueued(sessions: Sessions) -> None:
    staff = await the_staff(sessions)
    scan_id = await send(sessions, staff.patient)
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        assert (scan.status, scan.patient_id, scan.supersedes_id) == (
            ScanStatus.PENDING_AI,
            staff.patient.account_id,
            None,
        )
        assert await events_of(session) == [("upload", "patient", "PENDING_AI")]
        assert await jobs_of(session) == ["show_cards"]


async def test_only_a_patient_opens_a_scan(sessions: Sessions) -> None:
    staff = await the_staff(sessions)
    for role in ("doctor", "pharmacist", "administrator", "system"):
        with pytest.raises(NotAllowed):
            await send(sessions, staff.of(role))


async def test_an_album_shares_its_answers(sessions: Sessions) -> None:
    """Asked once, answered for each of its pictures; a picture of another album or patient is unaffected."""
    staff = await the_staff(sessions)
    async with sessions.begin() as session:
        other_patient = await a_person(session, Role.PATIENT)
    album = [await send(sessions, staff.patient, "album") for _ in range(3)]
    others = [
        await send(sessions, staff.patient, "another"),
        await send(sessions, staff.patient),
        await send(sessions, other_patient, "album"),
    ]
    async with sessions.begin() as session:
        await record_complaint(session, staff.patient, album[1], "complaint", "Cough", NOW)
        await record_complaint(session, staff.patient, album[1], "since", "Monday", NOW)
    async with sessions() as session:
        stored = {scan.id: (scan.complaint, scan.since) for scan in await session.scalars(select(Scan))}
    assert [stored[number] for number in album] == [("Cough", "Monday")] * 3
    assert [stored[number] for number in others] == [(None, None)] * 3


@pytest.mark.slow
async def test_a_single_picture_is_no_album(sessions: Sessions) -> None:
    staff = await the_staff(sessions)
    first, second = await send(sessions, staff.patient), await send(sessions, staff.patient)
    async with sessions.begin() as session:
        await record_complaint(session, staff.patient, second, "complaint", "Cough", NOW)
    async with sessions() as session:
        assert (await session.get_one(Scan, first)).complaint is None
        assert (await session.get_one(Scan, second)).complaint == "Cough"


async def test_words_about_somebody_elses_scan_are_not_taken(sessions: Sessions) -> None:
    staff = await the_staff(sessions)
    scan_id = await send(sessions, staff.patient)
    async with sessions.begin() as session:
        stranger = await a_person(session, Role.PATIENT)
        for forged in (scan_id, 10**9):
            with pytest.raises(NotFound):
                await record_complaint(session, stranger, forged, "complaint", "Mine!", NOW)
    async with sessions() as session:
        assert (await session.get_one(Scan, scan_id)).complaint is None


@pytest.mark.slow
@pytest.mark.parametrize("status", list(ScanStatus))
async def test_once_a_doctor_has_signed_the_patients_words_stay(sessions: Sessions, status: ScanStatus) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff, status, complaint="Cough")
        await record_complaint(session, staff.patient, scan.id, "complaint", "Fever", NOW)
        await session.flush()
        await session.refresh(scan)
        still_open = status in {ScanStatus.PENDING_AI, ScanStatus.AI_ANALYZED}
        assert scan.complaint == ("Fever" if still_open else "Cough")


async def test_a_better_picture_supersedes_the_last_one_that_was_sent_back_and_only_once(sessions: Sessions) -> None:
    staff = await the_staff(sessions)
    async with sessions.begin() as session:
        somebody_elses = await a_scan(session, await a_staff(session), "REJECTED")
    first, second = await send(sessions, staff.patient), await send(sessions, staff.patient)
    for scan_id in (first, second):
        async with sessions.begin() as session:
            await reading.reject(session, staff.doctor, scan_id, "Blurred.", NOW)
    better = [await send(sessions, staff.patient) for _ in range(3)]
    async with sessions() as session:
        stored = [(await session.get_one(Scan, number)).supersedes_id for number in better]
    assert stored == [second, first, None]
    assert somebody_elses.id not in stored
