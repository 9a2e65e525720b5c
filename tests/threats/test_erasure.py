"""Threat: somebody was promised to be forgotten, and is still found on the disk, in the database or in a chat."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from sqlalchemy import select, text

from bot.app import Engines
from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from bot.jobs.data_requests import forget_due
from bot.web.app import web_app
from handlers.ui import keyboards
from handlers.ui.keyboards import CardAction, OnCard
from models.base import Sessions
from models.crypto.keys import DataKey
from models.tables.amendments import Amendment
from models.tables.audit import AuditRow
from models.tables.jobs import Job
from models.tables.people import Account, Link, Role, Sex
from models.tables.scans import Critical, Finding, Report, Scan, Status
from tests.promises.test_nobody_beyond_role_and_ownership import _moves_in
from tests.support.jobs import settles
from tests.support.people import House, open_house
from tests.support.rows import NOW, a_person, a_staff
from tests.support.rows import a_scan as a_row
from tests.support.steps import a_scan, actor, rows, says
from tests.threats.test_health_data_at_rest import dump, every_byte, place
from workflow.accounts import registration
from workflow.accounts.passwords import hash_password
from workflow.audit import chain
from workflow.errors import NamedOnReports
from workflow.jobs import JobKind, enqueue
from workflow.privacy import erasure
from workflow.scans import reading

NAME, EMAIL, PHONE, BORN = "Zubeida Quillfeather", "zubeida.q@example.org", "+919876500077", "1961-07-23"
COMPLAINT, WORDS = "a canary sits on my chest", "please call my canary at home"
MARKS = (NAME, "Quillfeather", EMAIL, PHONE, BORN, COMPLAINT, WORDS, "Opacities.", "Paracetamol 500 mg")


async def moves_in(house: House) -> Person:
    """A patient whose every word is marked, with a telephone, a second chat and a conversation."""
    person, phone = await house.clinic.person(NAME), await house.clinic.person("her other phone")
    born, now = datetime.fromisoformat(BORN).date(), datetime.now(UTC)
    told = registration.Person(NAME, EMAIL, hash_password(PASSWORD, cost=4), "en", born, Sex.FEMALE)
    async with house.app.clinic.sessions.begin() as session:
        who = await registration.register(session, person.chat_id, told, now, label=NAME)
        await registration.link(session, phone.chat_id, EMAIL, now, f"{NAME}'s other phone")
        await registration.give_phone(session, who, PHONE, now)
    await phone.sends("/start")
    await phone.sees("Hello")
    await person.sends("/human")
    await person.sees("I have called somebody")
    await person.sends(WORDS)
    await person.sees("Passed on")
    return person


async def has_a_report(house: House) -> int:
    """Her scan, released by the four people's own hands; then she writes no more."""
    scan = await a_scan(house, Status.PENDING_AI, patient=EMAIL)
    async with house.app.clinic.sessions.begin() as session:
        (await session.get_one(Scan, scan)).complaint = COMPLAINT
    await house.verifies()
    await house.dispenses()
    await house.releases()
    return scan


async def asks_to_be_forgotten(person: Person) -> None:
    await person.looks_away()
    await person.sends("/forget")
    await person.sees("Shall we forget you?")
    await person.presses("Yes, forget me")
    await person.sees("To confirm, type your password")
    await person.sends(PASSWORD)


async def account(house: House, account_id: int) -> Account:
    async with house.app.clinic.sessions() as session:
        return await session.get_one(Account, account_id)


async def number_of(house: House) -> int:
    async with house.app.clinic.sessions() as session:
        return (await actor(session, EMAIL)).account_id or 0


async def found(house: House) -> list[str]:
    """Which marks a thief of disk and database finds, in any spelling."""
    folder, engine = house.app.settings.data, house.app.engine
    stolen = b"".join(data for _, data in every_byte(folder)) + await dump(engine, place(engine))
    assert b"mobilenetv2" in stolen, "the thief looked in the right place"
    codings = ("utf-8", "utf-16-le")
    return [
        mark
        for mark in MARKS
        if any(spelt in stolen or spelt.hex().encode() in stolen for spelt in map(mark.encode, codings))
    ]


async def test_nothing_of_a_forgotten_person_is_found_anywhere(engines: Engines, database: str) -> None:
    """Name, mail, telephone, notes, pictures: gone from the files and from every row; the record stands."""
    async with open_house(engines, database=SecretStr(database), keep_reports_days=0) as house:
        zubeida = await moves_in(house)
        scan = await has_a_report(house)
        await zubeida.receives_document(timeout=30)
        await settles(house)
        who = await number_of(house)
        clinic = house.app.clinic
        assert set(await found(house)) >= {NAME, EMAIL}
        assert len([1 for _ in every_byte(clinic.vault.root)]) == 5

        await asks_to_be_forgotten(zubeida)
        await zubeida.sees("You are forgotten")
        await settles(house)

        assert await found(house) == []
        assert [name for name, _ in every_byte(clinic.vault.root)] == []
        gone = await account(house, who)
        assert (gone.name, gone.phone, gone.date_of_birth) == ("", None, None)
        assert gone.erased_at is not None
        async with clinic.sessions() as session:
            assert await session.get(DataKey, gone.key_id) is None
            assert list(await session.scalars(select(Link).where(Link.account_id == who))) == []
            finding = await session.get_one(Finding, scan)
            assert (finding.label, finding.probabilities) == (None, {})
            failed = await session.scalars(select(Job).where(Job.error.is_not(None)))
            assert [(job.kind, job.error) for job in failed] == []
            assert await chain.verify(session, session.info[chain.TRAIL].key) is None
            mark = chain.pseudonym(session.info[chain.TRAIL].key, who)
            acts = list(await session.scalars(select(AuditRow.act).where(AuditRow.patient == mark)))
            token = await session.scalar(select(Report.token))
        assert {"forget", "close", "erase", "release"} <= set(acts)

        await _is_nobody_any_more(house, zubeida, scan)
        await _the_page_says_no_more_than_that_it_is_gone(house, token)
        await _a_job_that_meets_the_gap_ends_quietly(house, scan)


async def _the_page_says_no_more_than_that_it_is_gone(house: House, token: str | None) -> None:
    async with TestClient(TestServer(web_app(house.app.clinic, house.app.metrics))) as web:
        page = await web.get(f"/verify/{token}")
        said = await page.text()
    assert page.status == 410
    assert "does not keep this report any more" in said
    assert "R20" not in said


async def _a_job_that_meets_the_gap_ends_quietly(house: House, scan: int) -> None:
    """Owed before, run after: there is no picture to analyse, nothing to retry and nobody to tell."""
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(text("UPDATE scans SET status = 'PENDING_AI' WHERE id = :id"), {"id": scan})
        owed = enqueue(session, JobKind.ANALYSE, datetime.now(UTC), scan_id=scan)
    await settles(house)
    async with house.app.clinic.sessions() as session:
        job = await session.get_one(Job, owed.id)
        told = await session.scalars(select(Job.kind).where(Job.kind == JobKind.TELL_FAILURE))
    assert (job.error, job.attempts, list(told)) == (None, 1, [])
    assert job.ended_at is not None


async def _is_nobody_any_more(house: House, zubeida: Person, scan: int) -> None:
    """No sign-in, no scan for the staff; what was sent stays in her chat."""
    await zubeida.sends("/scans")
    await zubeida.sees("I do not know you yet")
    await zubeida.sends("/link")
    await zubeida.sends(EMAIL)
    await zubeida.sees("And the password?")
    await zubeida.sends(PASSWORD)
    await zubeida.sees(says(house, "error.login_failed"))
    assert [one for one in await zubeida.messages() if one.document] != []
    for person, action in ((house.rao, CardAction.REPORT), (house.joseph, CardAction.READ_ALL)):
        answer = await person.forges(OnCard(action=action, scan_id=scan).pack())
        assert answer.text == says(house, "error.not_found")


async def test_a_young_report_stays_sealed_until_its_time_and_the_rest_goes_at_once(house: House) -> None:
    zubeida = await moves_in(house)
    scan = await has_a_report(house)
    await zubeida.receives_document(timeout=30)
    await settles(house)
    who = await number_of(house)
    await asks_to_be_forgotten(zubeida)
    until = datetime.now(house.app.clinic.letterhead.zone) + timedelta(days=1096)
    assert f"sealed until {until.day} {until:%B %Y}" in (await zubeida.sees("Your account is closed")).text
    await settles(house)
    async with house.app.engine.connect() as connection:
        row = (
            await connection.execute(text("SELECT name, email, phone FROM accounts WHERE id = :id"), {"id": who})
        ).one()
        assert list(await connection.scalars(text("SELECT text FROM ticket_words"))) == []
    assert row == ("", f"{who}@forgotten.invalid", None)
    assert (await account(house, who)).name == NAME, "on the report that must stay"
    await zubeida.sends("/report")
    await zubeida.sees("I do not know you yet")
    await house.rao.sends("/start")
    await house.rao.forges(OnCard(action=CardAction.REPORT, scan_id=scan).pack())
    await house.rao.receives_document()

    await forget_due(house.app.clinic)
    assert (await account(house, who)).erased_at is None
    await forget_due(house.app.clinic._replace(keep=timedelta(0)))
    await settles(house)
    assert (await account(house, who)).erased_at is not None
    assert await found(house) == []


async def test_while_a_scan_is_at_work_urgent_news_still_reaches_the_patient(house: House) -> None:
    zubeida = await moves_in(house)
    scan = await a_scan(house, Status.AI_ANALYZED, patient=EMAIL)
    who = await number_of(house)
    await asks_to_be_forgotten(zubeida)
    assert f"scan #{scan} is finished" in (await zubeida.sees("Noted.")).text
    await forget_due(house.app.clinic)
    waiting = await account(house, who)
    assert (waiting.name, waiting.phone, waiting.closed_at) == (NAME, None, None)
    async with house.app.clinic.sessions.begin() as session:
        assert list(await session.scalars(select(Link.chat_id).where(Link.account_id == who))) == [zubeida.chat_id]
        rao = await actor(session, "rao@example.org")
        await reading.reject(session, rao, scan, "Too dark.", datetime.now(UTC))
    await forget_due(house.app.clinic)
    await settles(house)
    assert (await account(house, who)).erased_at is not None
    assert await found(house) == []


async def test_without_the_password_or_by_another_nobody_is_forgotten(house: House) -> None:
    """A wrong password, a button alone, another role, somebody who has signed other people's reports."""
    bela = await _moves_in(house, "Bela Stranger", "bela@example.org", Role.PATIENT)
    scan = await a_scan(house, Status.DOCTOR_VERIFIED)
    before = await rows(house, Account, Scan, Link)
    await house.amina.sends("/forget")
    await house.amina.sees(f"Still at work: scan #{scan}")
    await house.amina.presses("Yes, forget me")
    await house.amina.sees("To confirm, type your password")
    await house.amina.sends("a guess at it")
    await house.amina.sees("That is not the password")
    for person in (house.rao, house.meena, house.joseph):
        await person.sends("/forget")
        await person.sees(says(house, "error.not_allowed"))
        answer = await person.forges(keyboards.ConfirmForget().pack())
        assert answer.text == says(house, "error.not_allowed")
    await bela.forges(keyboards.ConfirmForget().pack())
    assert await rows(house, Account, Scan, Link) == before
    async with house.app.clinic.sessions.begin() as session:
        (await session.get_one(Account, (await actor(session, "rao@example.org")).account_id)).role = Role.PATIENT
    await house.rao.sends("/forget")
    await house.rao.sees(says(house, "error.named_on_reports"))


@pytest.mark.parametrize("signed_as", ["critical", "author", "approver"])
async def test_who_only_marked_a_result_critical_or_changed_a_report_is_named_on_it(
    sessions: Sessions, signed_as: str
) -> None:
    """Even when no longer of the staff: the report must be able to say who it was."""
    async with sessions() as session:
        staff = await a_staff(session)
        gone = await a_person(session, Role.PATIENT)
        assert await erasure.outlook(session, gone, timedelta(), NOW)
        scan = await a_row(session, staff, "REPORT_READY")
        names = {"doctor_id": gone.account_id if signed_as == "author" else staff.doctor.account_id}
        if signed_as == "critical":
            session.add(Critical(scan_id=scan.id, doctor_id=gone.account_id, marked_at=NOW))
        else:
            names |= {"administrator_id": gone.account_id} if signed_as == "approver" else {}
            facts = {"number": 1, "version": 2, "addendum": True, "reason": "More.", "created_at": NOW}
            session.add(Amendment(scan_id=scan.id, **facts, **names))
        await session.flush()
        with pytest.raises(NamedOnReports):
            await erasure.outlook(session, gone, timedelta(), NOW)
