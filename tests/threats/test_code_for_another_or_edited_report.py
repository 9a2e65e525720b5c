"""Threat: a code is used for another report, or for one that was changed after the code was requested."""

from datetime import UTC, datetime, timedelta

import pytest

from models.base import Sessions
from models.tables.scans import Scan
from tests.support.account_steps import enrols
from tests.support.authenticator_steps import STEP, an_app, requests_code
from tests.support.code_steps import a_completed_scan, approve, confirm
from tests.support.people import CODE, Clinic
from tests.support.rows import NOW
from workflow.accounts.codes import Verdict

EDITS = ["finding", "findings", "prescription", "patient", "email", "complaint", "picture"]


def edit(scan: Scan, what: str) -> None:
    assert scan.finding
    assert scan.reading
    assert scan.prescription
    match what:
        case "finding":
            scan.finding.label = "Normal"
        case "findings":
            scan.reading.findings = "Nothing at all."
        case "prescription":
            scan.prescription.lines = ["Something else"]
        case "patient":
            scan.patient.name = "Another Name"
        case "email":
            scan.patient.email = "elsewhere@example.org"
        case "complaint":
            scan.complaint = "Nothing"
        case "picture":
            scan.picture_file = "another"


@pytest.mark.parametrize("app", [False, True], ids=["mail", "authenticator"])
@pytest.mark.parametrize("what", EDITS)
async def test_whatever_is_edited_after_the_code_was_asked_for_makes_it_none(
    sessions: Sessions, what: str, app: bool
) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    if app:
        phone, _ = await an_app(sessions, staff)
        await requests_code(sessions, staff, scan_id)
        typed = phone.at(NOW)
    else:
        typed = await approve(sessions, staff, scan_id)
    async with sessions.begin() as session:
        edit(await session.get_one(Scan, scan_id), what)
    assert await confirm(sessions, staff, scan_id, typed) is Verdict.SPENT
    async with sessions() as session:
        assert (await session.get_one(Scan, scan_id)).released_at is None


@pytest.mark.parametrize("app", [False, True], ids=["mail", "authenticator"])
async def test_a_code_for_one_scan_is_none_for_another(sessions: Sessions, app: bool) -> None:
    """The other scan was never approved: even the app's current code releases nothing."""
    staff, first = await a_completed_scan(sessions)
    _, second = await a_completed_scan(sessions)
    typed = ""
    if app:
        phone, _ = await an_app(sessions, staff)
        typed = phone.at(NOW)
        await requests_code(sessions, staff, first)
    else:
        typed = await approve(sessions, staff, first)
    assert await confirm(sessions, staff, second, typed) is Verdict.SPENT
    assert await confirm(sessions, staff, first, typed) is Verdict.RIGHT


async def test_asking_for_another_scan_voids_the_first_code(sessions: Sessions) -> None:
    staff, first = await a_completed_scan(sessions)
    _, second = await a_completed_scan(sessions)
    digits = await approve(sessions, staff, first)
    await approve(sessions, staff, second, NOW + timedelta(minutes=2))
    assert await confirm(sessions, staff, first, digits, NOW + timedelta(minutes=2)) is Verdict.SPENT


@pytest.mark.slow
async def test_what_is_confirmed_stands_next_to_the_code_by_mail_and_by_app(clinic: Clinic) -> None:
    """Scan, version, patient and risk in the chat, and in the mail too; then with the app, in a full story."""
    await clinic.plays("completed")
    await clinic.joseph.presses("Approve")
    shown = await clinic.joseph.sees("6-digit code is on its way")
    mail = await clinic.telegram.mail_to("joseph@example.org")
    for words in ("scan #1", "version 1"):
        assert words in shown.text
        assert words in mail.text
    assert "Amina Yusuf" in shown.text
    await clinic.joseph.sends("/cancel")
    await clinic.joseph.sees("Stopped")

    phone = await enrols(clinic)
    await clinic.joseph.presses("Approve")
    shown = await clinic.joseph.sees("authenticator app shows now")
    for words in ("scan #1", "version 1", "Amina Yusuf", "Medicines: 1"):
        assert words in shown.text
    await clinic.joseph.sends(CODE.findall(mail.text)[0])
    await clinic.joseph.sees("That code is not right")
    await clinic.joseph.sends(phone.at(datetime.now(UTC) + STEP))
    await clinic.joseph.sees("is released")
