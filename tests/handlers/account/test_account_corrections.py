"""A patient corrects the own data in /me; a released report stays as it is until a doctor amends it."""

from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from bot.dev.demo import PASSWORD
from bot.dev.sandbox import Person
from models.tables.accounts import Account
from models.tables.scans import Report
from tests.support.account_steps import GOOD, signs_in
from tests.support.people import CODE, Clinic
from tests.support.report_steps import approves_amendment
from tests.support.steps import actor, rows, until
from workflow.accounts.chats import phones

PHONE = "+919840012345"


async def _account(clinic: Clinic, email: str = "amina@example.org") -> Account:
    async with clinic.app.services.sessions() as session:
        who = await actor(session, email)
        return await session.get_one(Account, who.account_id)


async def _presses(person: Person, button: str) -> None:
    await person.sends("/me")
    await person.presses(button, on="·")


@pytest.mark.slow
async def test_name_birth_date_sex_and_telephone_are_corrected(clinic: Clinic) -> None:
    amina = clinic.amina
    await _presses(amina, "✏️ Name")
    await amina.sends("4min4")
    await amina.sees("2 to 120 letters")
    await amina.sends("Aminah Yusuf")
    await amina.sees("Corrected")
    await _presses(amina, "✏️ Date of birth")
    await amina.sends("31.2.1990")
    await amina.sees("cannot read this date")
    await amina.sends("12.5.79")
    assert "12 May 1979" in (await amina.sees("Corrected")).text
    await _presses(amina, "✏️ Sex")
    await amina.presses("Other", on="Which sex")
    await amina.sees("Corrected")
    await _presses(amina, "✏️ Telephone")
    await amina.sends_contact(PHONE, user_id=clinic.rao.chat_id)
    await amina.sees("not your own number")
    await amina.sends_contact(PHONE)
    await amina.sees("Corrected")
    account = await _account(clinic)
    assert (account.name, account.date_of_birth, account.sex.value) == ("Aminah Yusuf", date(1979, 5, 12), "other")
    assert (account.phone, account.whatsapp) == (PHONE, False)


@pytest.mark.slow
async def test_a_released_report_stays_and_its_doctor_is_told_and_issues_a_new_version(clinic: Clinic) -> None:
    await until(clinic, "released")
    await clinic.amina.receives_document(timeout=30)
    first = await rows(clinic, Report)
    await _presses(clinic.amina, "✏️ Name")
    await clinic.amina.sends("Aminah Yusuf")
    await clinic.amina.sees("the doctor is told")
    notice = await clinic.rao.sees("has corrected their own data")
    assert "Aminah Yusuf" in notice.text
    assert await rows(clinic, Report) == first
    await clinic.rao.presses("Addendum", on="has corrected their own data")
    await clinic.rao.sees("")
    await clinic.rao.sends("The patient has corrected the name.")
    await clinic.rao.sees("An administrator approves it")
    await approves_amendment(clinic)
    again = await clinic.amina.sees("takes the place of the earlier version", timeout=30)
    assert "Aminah Yusuf" in "".join(page.extract_text() for page in PdfReader(BytesIO(await again.download())).pages)


async def test_an_address_needs_the_proof_and_its_code_and_other_chats_are_told(clinic: Clinic) -> None:
    amina, tablet = clinic.amina, await clinic.telegram.person("Amina's tablet")
    await signs_in(tablet, "amina@example.org", PASSWORD)
    await _presses(amina, "✏️ Email")
    await amina.sees("present password")
    await amina.sends("wrong password")
    await amina.sees("not")
    await amina.sends(PASSWORD)
    await amina.sees("email address")
    await amina.sends("Amina@New.example.org")
    await amina.sees("6-digit code")
    [code] = CODE.findall((await clinic.telegram.mail_to("amina@new.example.org")).text)
    await amina.sends(code)
    await amina.sees("Corrected")
    await tablet.sees("email address of your account was changed")
    phone = await clinic.telegram.person("Amina's phone")
    await signs_in(phone, "amina@new.example.org", PASSWORD)


async def test_one_without_email_sets_address_and_password_after_sharing_the_number(clinic: Clinic) -> None:
    async with clinic.app.services.sessions.begin() as session:
        who = await actor(session, "amina@example.org")
        account = await session.get_one(Account, who.account_id)
        account.email, account.password_hash = None, None
        await phones.store_phone(session, account, PHONE)
    amina = clinic.amina
    await _presses(amina, "✏️ Email")
    await amina.sees("First share your number")
    await amina.sends_contact(PHONE)
    await amina.sees("email address")
    await amina.sends("amina@new.example.org")
    [code] = CODE.findall((await clinic.telegram.mail_to("amina@new.example.org")).text)
    await amina.sends(code)
    await amina.sees("Choose a password")
    await amina.sends(GOOD)
    await amina.sees("Address and password are set")
    tablet = await clinic.telegram.person("Amina's tablet")
    await signs_in(tablet, "amina@new.example.org", GOOD)
