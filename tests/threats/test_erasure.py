"""Threat: data of a person remain on the disk, in the database or in a chat after erasure."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from sqlalchemy import select, text

from bot.app import Engines
from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from bot.jobs.data_requests import erase_due_accounts
from bot.web.app import build_web_app
from handlers.ui import callbacks
from handlers.ui.callbacks import CardAction, OnCard
from models.base import Sessions
from models.crypto.keys import WrappedKey
from models.tables.accounts import Account, ChatLink
from models.tables.amendments import Amendment
from models.tables.audit import AuditRow
from models.tables.jobs import Job
from models.tables.scans import AiFinding, CriticalResult, Report, Scan
from models.vocabulary import Role, ScanStatus, Sex
from tests.support.account_steps import asks_to_be_forgotten
from tests.support.jobs import settles
from tests.support.ownership import _moves_in
from tests.support.people import Clinic, open_clinic
from tests.support.rows import NOW, a_person, a_staff
from tests.support.rows import a_scan as a_row
from tests.support.steps import a_scan, actor, rows, sentence_for
from tests.support.storage import dump, every_byte, place
from workflow.accounts import registration
from workflow.accounts.chats import phones
from workflow.accounts.passwords import hash_password
from workflow.accounts.sessions import sign_in
from workflow.audit import chain
from workflow.errors import NamedOnReports
from workflow.jobs import JobKind, enqueue
from workflow.privacy import erasure
from workflow.scans import clarifications, reading

NAME, EMAIL, PHONE, BORN = "Zubeida Quillfeather", "zubeida.q@example.org", "+919876500077", "1961-07-23"
COMPLAINT, WORDS = "a canary sits on my chest", "please call my canary at home"
QUESTION, ANSWER = "does the quokka cough at night", "only the wombat does"
MARKS = (
    NAME,
    "Quillfeather",
    EMAIL,
    PHONE,
    BORN,
    COMPLAINT,
    WORDS,
    QUESTION,
    ANSWER,
    "Opacities.",
    "Paracetamol 500 mg",
)


async def moves_in(clinic: Clinic) -> Person:
    """A patient with a unique marker in every text, a phone, a second chat and a conversation."""
    person, phone = await clinic.telegram.person(NAME), await clinic.telegram.person("her other phone")
    born, now = datetime.fromisoformat(BORN).date(), datetime.now(UTC)
    person_data = registration.Person(NAME, EMAIL, hash_password(PASSWORD, cost=4), "en", born, Sex.FEMALE)
    async with clinic.app.services.sessions.begin() as session:
        who = await registration.register(session, person.chat_id, person_data, now, label=NAME)
        await sign_in(session, phone.chat_id, EMAIL, now, f"{NAME}'s other phone")
        await phones.turn_whatsapp_on(session, who, PHONE, now)
    await phone.sends("/start")
    await phone.sees("Hello")
    await person.sends("breathless on stairs since two months")
    await person.presses("No, for days", on="bad right now")
    await person.sees("Noted")
    await person.sends("/human")
    await person.sees("I have called somebody")
    await person.sends(WORDS)
    await person.sees("Passed on")
    return person


async def has_a_report(clinic: Clinic) -> int:
    """The patient's scan, released by all four people; then the patient writes no more."""
    scan = await a_scan(clinic, ScanStatus.PENDING_AI, patient=EMAIL)
    async with clinic.app.services.sessions.begin() as session:
        (await session.get_one(Scan, scan)).complaint = COMPLAINT
    await clinic.verifies()
    async with clinic.app.services.sessions.begin() as session:
        meena, rao, now = (
            await actor(session, "meena@example.org"),
            await actor(session, "rao@example.org"),
            datetime.now(UTC),
        )
        await clarifications.ask(session, meena, scan, Role.DOCTOR, QUESTION, now)
        await clarifications.answer(session, rao, scan, 1, ANSWER, now)
    await clinic.dispenses()
    await clinic.releases()
    return scan


async def account(clinic: Clinic, account_id: int) -> Account:
    async with clinic.app.services.sessions() as session:
        return await session.get_one(Account, account_id)


async def number_of(clinic: Clinic) -> int:
    async with clinic.app.services.sessions() as session:
        return (await actor(session, EMAIL)).account_id or 0


async def found(clinic: Clinic) -> list[str]:
    """The markers that a thief of disk and database finds, in any encoding."""
    folder, engine = clinic.app.settings.data, clinic.app.engine
    stolen = b"".join(data for _, data in every_byte(folder)) + await dump(engine, place(engine))
    assert b"mobilenetv2" in stolen, "the thief looked in the right place"
    codings = ("utf-8", "utf-16-le")
    return [
        mark
        for mark in MARKS
        if any(spelt in stolen or spelt.hex().encode() in stolen for spelt in map(mark.encode, codings))
    ]


@pytest.mark.slow
async def test_nothing_of_a_forgotten_person_is_found_anywhere(engines: Engines, database: str) -> None:
    """Name, mail, phone, notes, pictures: gone from the files and from every row; the audit record stays."""
    async with open_clinic(engines, database=SecretStr(database), keep_reports_days=0) as clinic:
        zubeida = await moves_in(clinic)
        scan = await has_a_report(clinic)
        await zubeida.receives_document(timeout=30)
        await settles(clinic)
        who = await number_of(clinic)
        telegram = clinic.app.services
        assert set(await found(clinic)) >= {NAME, EMAIL}
        assert len([1 for _ in every_byte(telegram.vault.store.root)]) == 5

        await asks_to_be_forgotten(zubeida)
        await zubeida.sees("You are forgotten")
        await settles(clinic)

        assert await found(clinic) == []
        assert [name for name, _ in every_byte(telegram.vault.store.root)] == []
        gone = await account(clinic, who)
        assert (gone.name, gone.phone, gone.date_of_birth) == ("", None, None)
        assert gone.erased_at is not None
        async with telegram.sessions() as session:
            assert await session.get(WrappedKey, gone.key_id) is None
            assert list(await session.scalars(select(ChatLink).where(ChatLink.account_id == who))) == []
            finding = await session.get_one(AiFinding, scan)
            assert (finding.label, finding.probabilities) == (None, {})
            failed = await session.scalars(select(Job).where(Job.error.is_not(None)))
            assert [(job.kind, job.error) for job in failed] == []
            assert await chain.verify(session, session.info[chain.AUDIT_CONTEXT].key) is None
            mark = chain.pseudonym(session.info[chain.AUDIT_CONTEXT].key, who)
            acts = list(await session.scalars(select(AuditRow.act).where(AuditRow.patient == mark)))
            token = await session.scalar(select(Report.token))
        assert {"forget", "close", "erase", "release"} <= set(acts)

        await _is_nobody_any_more(clinic, zubeida, scan)
        await _the_page_says_no_more_than_that_it_is_gone(clinic, token)
        await _a_job_that_meets_the_gap_ends_quietly(clinic, scan)


async def _the_page_says_no_more_than_that_it_is_gone(clinic: Clinic, token: str | None) -> None:
    async with TestClient(TestServer(build_web_app(clinic.app.services, clinic.app.metrics))) as web:
        page = await web.get(f"/verify/{token}")
        page_text = await page.text()
    assert page.status == 410
    assert "does not keep this report any more" in page_text
    assert "R20" not in page_text


async def _a_job_that_meets_the_gap_ends_quietly(clinic: Clinic, scan: int) -> None:
    """Enqueued before, run after: no picture to analyse, nothing to retry and nobody to notify."""
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(text("UPDATE scans SET status = 'PENDING_AI' WHERE id = :id"), {"id": scan})
        pending_job = enqueue(session, JobKind.ANALYSE, datetime.now(UTC), scan_id=scan)
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        job = await session.get_one(Job, pending_job.id)
        person_data = await session.scalars(select(Job.kind).where(Job.kind == JobKind.NOTIFY_FAILURE))
    assert (job.error, job.attempts, list(person_data)) == (None, 1, [])
    assert job.ended_at is not None


async def _is_nobody_any_more(clinic: Clinic, zubeida: Person, scan: int) -> None:
    """No sign-in, no scan for the staff; messages already sent stay in the chat."""
    await zubeida.sends("/scans")
    await zubeida.sees("I do not know you yet")
    await zubeida.sends("/link")
    await zubeida.sends(EMAIL)
    await zubeida.sees("And the password?")
    await zubeida.sends(PASSWORD)
    await zubeida.sees(sentence_for(clinic, "error.login_failed"))
    assert [one for one in await zubeida.messages() if one.document] != []
    for person, action in ((clinic.rao, CardAction.REPORT), (clinic.joseph, CardAction.READ_ALL)):
        answer = await person.forges(OnCard(action=action, scan_id=scan).pack())
        assert answer.text == sentence_for(clinic, "error.not_found")


@pytest.mark.slow
async def test_a_young_report_stays_sealed_until_its_time_and_the_rest_goes_at_once(clinic: Clinic) -> None:
    zubeida = await moves_in(clinic)
    scan = await has_a_report(clinic)
    await zubeida.receives_document(timeout=30)
    await settles(clinic)
    who = await number_of(clinic)
    await asks_to_be_forgotten(zubeida)
    until = datetime.now(clinic.app.services.issuer.zone) + timedelta(days=1096)
    assert f"sealed until {until.day} {until:%B %Y}" in (await zubeida.sees("Your account is closed")).text
    await settles(clinic)
    async with clinic.app.engine.connect() as connection:
        row = (
            await connection.execute(text("SELECT name, email, phone FROM accounts WHERE id = :id"), {"id": who})
        ).one()
        assert list(await connection.scalars(text("SELECT text FROM ticket_words"))) == []
        assert list(await connection.scalars(text("SELECT text FROM urgency_questions"))) == []
    assert row == ("", f"{who}@forgotten.invalid", None)
    assert (await account(clinic, who)).name == NAME, "on the report that must stay"
    await zubeida.sends("/report")
    await zubeida.sees("I do not know you yet")
    await clinic.rao.sends("/start")
    await clinic.rao.forges(OnCard(action=CardAction.REPORT, scan_id=scan).pack())
    await clinic.rao.receives_document()

    await erase_due_accounts(clinic.app.services)
    assert (await account(clinic, who)).erased_at is None
    await erase_due_accounts(clinic.app.services._replace(retention=timedelta(0)))
    await settles(clinic)
    assert (await account(clinic, who)).erased_at is not None
    assert await found(clinic) == []


@pytest.mark.slow
async def test_while_a_scan_is_at_work_urgent_news_still_reaches_the_patient(clinic: Clinic) -> None:
    zubeida = await moves_in(clinic)
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED, patient=EMAIL)
    who = await number_of(clinic)
    await asks_to_be_forgotten(zubeida)
    assert f"scan #{scan} is finished" in (await zubeida.sees("Noted.")).text
    await erase_due_accounts(clinic.app.services)
    waiting = await account(clinic, who)
    assert (waiting.name, waiting.phone, waiting.closed_at) == (NAME, None, None)
    async with clinic.app.services.sessions.begin() as session:
        assert list(await session.scalars(select(ChatLink.chat_id).where(ChatLink.account_id == who))) == [
            zubeida.chat_id
        ]
        rao = await actor(session, "rao@example.org")
        await reading.reject(session, rao, scan, "Too dark.", datetime.now(UTC))
    await erase_due_accounts(clinic.app.services)
    await settles(clinic)
    assert (await account(clinic, who)).erased_at is not None
    assert await found(clinic) == []


async def test_without_the_password_or_by_another_nobody_is_forgotten(clinic: Clinic) -> None:
    """A wrong password, a button alone, another role, somebody who has signed other people's reports."""
    bela = await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    before = await rows(clinic, Account, Scan, ChatLink)
    await clinic.amina.sends("/forget")
    await clinic.amina.sees(f"Still at work: scan #{scan}")
    await clinic.amina.presses("Yes, forget me")
    await clinic.amina.sees("To confirm, type your password")
    await clinic.amina.sends("a guess at it")
    await clinic.amina.sees("That is not the password")
    for person in (clinic.rao, clinic.meena, clinic.joseph):
        await person.sends("/forget")
        await person.sees(sentence_for(clinic, "error.not_allowed"))
        answer = await person.forges(callbacks.ConfirmForget().pack())
        assert answer.text == sentence_for(clinic, "error.not_allowed")
    await bela.forges(callbacks.ConfirmForget().pack())
    assert await rows(clinic, Account, Scan, ChatLink) == before
    async with clinic.app.services.sessions.begin() as session:
        (await session.get_one(Account, (await actor(session, "rao@example.org")).account_id)).role = Role.PATIENT
    await clinic.rao.sends("/forget")
    await clinic.rao.sees(sentence_for(clinic, "error.named_on_reports"))


@pytest.mark.parametrize("signed_as", ["critical", "author", "approver"])
async def test_who_only_marked_a_result_critical_or_changed_a_report_is_named_on_it(
    sessions: Sessions, signed_as: str
) -> None:
    """Also after leaving the staff: the report must name them."""
    async with sessions() as session:
        staff = await a_staff(session)
        gone = await a_person(session, Role.PATIENT)
        assert await erasure.preview(session, gone, timedelta(), NOW)
        scan = await a_row(session, staff, "REPORT_READY")
        names = {"doctor_id": gone.account_id if signed_as == "author" else staff.doctor.account_id}
        if signed_as == "critical":
            session.add(CriticalResult(scan_id=scan.id, doctor_id=gone.account_id, marked_at=NOW))
        else:
            names |= {"administrator_id": gone.account_id} if signed_as == "approver" else {}
            facts = {"number": 1, "version": 2, "addendum": True, "reason": "More.", "created_at": NOW}
            session.add(Amendment(scan_id=scan.id, **facts, **names))
        await session.flush()
        with pytest.raises(NamedOnReports):
            await erasure.preview(session, gone, timedelta(), NOW)
