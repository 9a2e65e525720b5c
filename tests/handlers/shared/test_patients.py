"""/patient: found by name, number and telephone; the story within the scope of the role; each look in the record."""

from sqlalchemy import select

from handlers.ui.callbacks.history import OpenPatient
from models.tables.accounts import Account
from models.tables.audit import AuditRow
from models.vocabulary import ScanStatus
from tests.support.account_steps import rests
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor, sentence_for
from workflow.accounts.chats import phones
from workflow.reporting.release import patient_number


async def test_a_patient_is_found_in_any_script_misspelt_by_number_and_by_telephone(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    async with clinic.app.services.sessions.begin() as session:
        amina = await actor(session, "amina@example.org")
        await phones.turn_whatsapp_on(session, amina, "+919840012345", clinic.app.services.now())
    assert amina.account_id is not None
    number = patient_number(amina.account_id)
    for typed in ("amena", "அமீனா", "अमीना यूसुफ़", number, str(amina.account_id), "098400 12345", "+91 98400 12345"):
        await clinic.rao.sends(f"/patient {typed}")
        assert number in (await clinic.rao.sees("Found")).text, typed
    await clinic.rao.sends("/patient")
    await clinic.rao.sees("Name, patient number")
    await clinic.rao.sends("Amina")
    await clinic.rao.presses(number)
    story = await clinic.rao.sees("Scans: 1 of 1")
    for words in ("Amina Yusuf", number, f"#{scan} ·", "Infection.", "+919840012345"):
        assert words in story.text
    async with clinic.app.services.sessions() as session:
        looks = (
            await session.scalars(select(AuditRow).where(AuditRow.act.in_(("find_patient", "look:patient"))))
        ).all()
    assert [row.act for row in looks] == ["find_patient"] * 8 + ["look:patient"]
    assert {row.reason for row in looks} == {"found:1", None}
    assert "mina" not in "".join(str(vars(row)) for row in looks)


async def test_each_role_finds_the_patients_whose_scans_have_reached_it(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    async with clinic.app.services.sessions() as session:
        amina = (await session.scalars(select(Account).where(Account.email == "amina@example.org"))).one()
    for person, sees in ((clinic.rao, "Found"), (clinic.meena, "No patient"), (clinic.joseph, "No patient")):
        await person.sends("/patient Amina")
        await person.sees(sees)
    refused = await clinic.meena.forges(OpenPatient(account_id=amina.id).pack())
    assert refused.text == sentence_for(clinic, "error.not_found")


async def test_a_locked_chat_finds_nobody(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await rests(clinic)
    await clinic.rao.sends("/patient Amina")
    await clinic.rao.sees("password")
    await clinic.rao.does_not_see("Found", within=0.2)
