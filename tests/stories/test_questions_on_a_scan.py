"""A pharmacist and an administrator ask about a scan, the doctor and the patient answer in the chat."""

import pytest

from bot.dev.sandbox import Person
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.callbacks.clarification import AnswerClarification, ChooseAnswer, WithdrawClarification
from models.tables.accounts import Account, PatientFacts
from models.vocabulary import Role, ScanStatus, Sex
from tests.support.ownership import _moves_in
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor, scan_row, sentence_for

OPEN = "Not answered yet"


async def _asks_the_doctor(who: Person, words: str) -> None:
    await who.presses("Ask the doctor")
    prompt = await who.sees("type your question to the doctor")
    assert "Amina Yusuf" in prompt.text
    await who.sends(words)
    await who.sees("is sent")


@pytest.mark.slow
async def test_the_doctor_who_signed_answers_and_the_card_keeps_both(clinic: Clinic) -> None:
    iyer = await _moves_in(clinic, "Dr Iyer", "iyer@example.org", Role.DOCTOR)
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await clinic.meena.presses("Ask the doctor")
    await clinic.meena.presses("Cancel", on="type your question")
    await clinic.meena.sees(sentence_for(clinic, "cancel.done"))
    assert (await scan_row(clinic, scan)).clarifications == []
    await _asks_the_doctor(clinic.meena, "Is <b>TB</b> ruled out?")
    await clinic.meena.sees(OPEN)

    notice = await clinic.rao.sees("asks about scan")
    assert "Amina Yusuf" in notice.text
    assert "Is <b>TB</b> ruled out?" in notice.text
    await iyer.does_not_see("asks about scan")
    await clinic.rao.presses("Answer", on="asks about scan")
    await clinic.rao.sees("type your answer")
    await clinic.rao.sends("Not yet: sputum first.")
    await clinic.rao.sees("is passed on")
    answer = await clinic.meena.sees("has answered on scan")
    assert "Not yet: sputum first." in answer.text
    card = await clinic.meena.sees("↳")
    assert "Not yet: sputum first." in card.text

    old = AnswerClarification(scan_id=scan, number=1).pack()
    for late in (clinic.rao, iyer):
        refused = await late.forges(old)
        assert refused.text == sentence_for(clinic, "error.clarification_closed")
    for other in (clinic.meena, clinic.joseph):
        refused = await other.forges(old)
        assert "Somebody else does this step" in (refused.text or "")
    refused = await clinic.meena.forges(WithdrawClarification(scan_id=scan, number=1).pack())
    assert refused.text == sentence_for(clinic, "error.clarification_closed")


@pytest.mark.slow
async def test_an_open_question_holds_the_release_until_it_is_withdrawn(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    await clinic.joseph.sees(f"Scan #{scan}")
    await _asks_the_doctor(clinic.joseph, "Which lung?")
    await clinic.joseph.sees(OPEN)
    await clinic.rao.sees("Which lung?")
    refused = await clinic.joseph.presses("Approve")
    assert refused.text == sentence_for(clinic, "error.clarification_open")
    assert await clinic.telegram.mails("joseph@example.org") == []
    await clinic.joseph.presses("Questions")
    await clinic.joseph.presses("Withdraw", on="Which lung?")
    await clinic.joseph.sees("is withdrawn")
    refused = await clinic.rao.presses("Answer", on="Which lung?")
    assert refused.text == sentence_for(clinic, "error.clarification_closed")
    await clinic.releases()


@pytest.mark.slow
async def test_without_a_chat_of_the_signer_every_doctor_gets_the_question(clinic: Clinic) -> None:
    iyer = await _moves_in(clinic, "Dr Iyer", "iyer@example.org", Role.DOCTOR)
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await clinic.rao.sends("/unlink")
    await clinic.rao.presses("Yes, separate")
    await clinic.rao.sees("is separated")
    await _asks_the_doctor(clinic.meena, "Both lungs?")
    await iyer.presses("Answer", on="Both lungs?")
    await iyer.sends("Both.")
    assert "Dr Iyer" in (await clinic.meena.sees("has answered on scan")).text


@pytest.mark.slow
async def test_a_patient_answers_in_tamil_by_buttons_and_the_facts_know_it(clinic: Clinic) -> None:
    async with clinic.app.services.sessions.begin() as session:
        amina = (await actor(session, "amina@example.org")).account_id
        account = await session.get_one(Account, amina)
        account.language, account.sex = "ta", Sex.FEMALE
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    tamil = clinic.app.services.catalogues.of("ta")
    await clinic.meena.presses("Ask the patient")
    await clinic.meena.presses("Pregnant or", on="choose a question")
    await clinic.amina.presses(
        tamil.plain("clarify_answer.pregnancy_pregnant"), on=tamil.plain("clarify_question.pregnancy")
    )
    assert "Yes, pregnant" in (await clinic.meena.sees("has answered on scan")).text

    await clinic.meena.presses("Ask the patient")
    await clinic.meena.presses("Allergic", on="choose a question")
    await clinic.amina.presses(tamil.plain("button.allergy_yes"), on=tamil.plain("clarify_question.allergies"))
    await clinic.amina.sends("penicillin")
    await clinic.amina.sees(tamil.plain("clarify.kept")[:30])
    await clinic.meena.sees("allergies: penicillin")
    again = await clinic.amina.forges(ChooseAnswer(scan_id=scan, number=2, value="none").pack())
    assert again.text == tamil.plain("error.clarification_closed")
    async with clinic.app.services.sessions() as session:
        facts = (await session.get_one(PatientFacts, amina)).facts
    assert facts == {"pregnant": True, "breastfeeding": False, "allergies": ["penicillin"]}


@pytest.mark.slow
async def test_a_patient_sees_what_was_asked_of_them_and_no_more(clinic: Clinic) -> None:
    scan = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    await _asks_the_doctor(clinic.meena, "Is it a tumour?")
    await clinic.meena.presses("Ask the patient")
    await clinic.meena.sends("Do you take a medicine for your heart?")
    await clinic.meena.sees("is sent")
    await clinic.amina.sees("Do you take a medicine")
    await clinic.amina.forges(OnCard(action=CardAction.QUESTIONS, scan_id=scan).pack())
    await clinic.amina.presses("Answer", on=OPEN)
    await clinic.amina.sees("type your answer")
    await clinic.amina.sends("Yes, for blood pressure.")
    assert "blood pressure" in (await clinic.meena.sees("has answered on scan")).text
    await clinic.amina.does_not_see("tumour")
