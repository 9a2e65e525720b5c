"""Questions about one's own case are answered from one's own case alone."""

import pytest

from models.vocabulary import Role
from tests.support.ownership import _moves_in
from tests.support.people import Clinic
from tests.support.steps import until

WHERE = (
    "what stage is my scan at",
    "where is my report?",
    "pls tell wher is my scan",
    "என் ஸ்கேன் எந்த கட்டத்தில் இருக்கு",
    "en scan enga iruku",
    "मेरा स्कैन कहाँ तक पहुँचा",
    "meri report kab aayegi",
)


@pytest.mark.slow
async def test_a_patient_gets_the_status_of_the_own_scan_and_nobody_else_does(clinic: Clinic) -> None:
    """In three languages, two of them in Latin letters; the other patient gets the status of no scan."""
    bela = await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    stranger = await clinic.telegram.person("Nobody At All")
    await clinic.uploads()
    for question in WHERE:
        await clinic.amina.sends(question)
        reply = await clinic.amina.sees("#1 · ")
        assert "#1" in reply.buttons
        for other in (bela, stranger):
            await other.sends(question)
            assert "#1" not in (await other.sees("/")).text


@pytest.mark.slow
async def test_the_language_of_the_question_is_the_language_of_the_answer(clinic: Clinic) -> None:
    await clinic.uploads()
    await clinic.amina.sends("என் ஸ்கேன் எங்க இருக்கு")
    await clinic.amina.sees("படம் வருவது")
    await clinic.amina.sends("mera scan kahan tak pahuncha")
    await clinic.amina.sees("तस्वीर मिलना")
    await clinic.amina.sends("where is my scan")
    await clinic.amina.sees("Received")


@pytest.mark.parametrize("question", ["what is waiting for me", "how many scans are pending", "my queue"])
async def test_staff_hear_of_their_own_queue(clinic: Clinic, question: str) -> None:
    await clinic.uploads()
    await clinic.rao.sees("Amina")
    await clinic.rao.sends(question)
    assert "#1" in (await clinic.rao.sees("Waiting for you")).text
    await clinic.meena.sends(question)
    await clinic.meena.sees("Nothing waits for you")


@pytest.mark.slow
async def test_a_ready_report_comes_with_its_button(clinic: Clinic) -> None:
    await until(clinic, "released")
    await clinic.amina.receives_document()
    await clinic.amina.sends("where is my report")
    reply = await clinic.amina.sees("Your report is here")
    await clinic.amina.presses(reply.buttons[0])
    await clinic.amina.receives_document()
