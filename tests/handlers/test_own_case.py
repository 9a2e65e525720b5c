"""Questions about one's own case are answered from one's own case, and from nobody else's."""

import pytest

from models.tables.people import Role
from tests.promises.test_nobody_beyond_role_and_ownership import _moves_in
from tests.support.people import House

WHERE = (
    "what stage is my scan at",
    "where is my report?",
    "pls tell wher is my scan",
    "என் ஸ்கேன் எந்த கட்டத்தில் இருக்கு",
    "en scan enga iruku",
    "मेरा स्कैन कहाँ तक पहुँचा",
    "meri report kab aayegi",
)


async def test_a_patient_hears_where_the_own_scan_stands_and_nobody_else_does(house: House) -> None:
    """In three languages and two of them in Latin letters; the other patient hears of no scan at all."""
    bela = await _moves_in(house, "Bela Stranger", "bela@example.org", Role.PATIENT)
    stranger = await house.clinic.person("Nobody At All")
    await house.uploads()
    for question in WHERE:
        await house.amina.sends(question)
        told = await house.amina.sees("#1 · ")
        assert "#1" in told.buttons
        for other in (bela, stranger):
            await other.sends(question)
            assert "#1" not in (await other.sees("/")).text


async def test_the_language_of_the_question_is_the_language_of_the_answer(house: House) -> None:
    await house.uploads()
    await house.amina.sends("என் ஸ்கேன் எங்க இருக்கு")
    await house.amina.sees("படம் வந்தது")
    await house.amina.sends("mera scan kahan tak pahuncha")
    await house.amina.sees("तस्वीर मिल गई")
    await house.amina.sends("where is my scan")
    await house.amina.sees("Received")


@pytest.mark.parametrize("question", ["what is waiting for me", "how many scans are pending", "my queue"])
async def test_staff_hear_of_their_own_queue(house: House, question: str) -> None:
    await house.uploads()
    await house.rao.sees("Amina")
    await house.rao.sends(question)
    assert "#1" in (await house.rao.sees("Waiting for you")).text
    await house.meena.sends(question)
    await house.meena.sees("Nothing waits for you")


async def test_a_ready_report_comes_with_its_button(house: House) -> None:
    await house.until("released")
    await house.amina.receives_document()
    await house.amina.sends("where is my report")
    told = await house.amina.sees("Your report is here")
    await house.amina.presses(told.buttons[0])
    await house.amina.receives_document()
