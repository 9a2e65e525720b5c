"""An edited message is heard: it replaces what it said while that is open, else its author is told."""

import pytest
from sqlalchemy import select

from models.tables.desk import TicketMessage
from models.tables.scans import Scan
from models.vocabulary import ScanStatus
from tests.support.account_steps import asks_for_the_name
from tests.support.jobs import settles
from tests.support.people import Clinic


@pytest.mark.slow
async def test_the_complaint_and_its_duration_are_replaced_until_a_doctor_signs(clinic: Clinic) -> None:
    amina = clinic.amina
    await amina.sends_photo(clinic.picture)
    await amina.presses("Fever", on="What troubles you")
    complaint = await amina.sends("pain in the leg")
    await amina.sees("Since when")
    await amina.edits(complaint, "pain in the lung")
    await amina.sees("your new words count")
    since = await amina.sends("2 day")
    await amina.sees("Thank you")
    await amina.edits(since, "2 days")
    await amina.sees("your new words count")
    await amina.edits(complaint, "pain in the left lung")
    await amina.sees("your new words count")
    await settles(clinic)
    async with clinic.app.services.sessions.begin() as session:
        [scan] = await session.scalars(select(Scan))
        assert (scan.complaint, scan.since) == ("Fever, pain in the left lung", "2 days")
        scan.status = ScanStatus.DOCTOR_VERIFIED
    await amina.edits(complaint, "no pain")
    await amina.sees("changes nothing any more")


async def test_words_for_the_staff_are_replaced_or_follow_marked(clinic: Clinic) -> None:
    await clinic.amina.sends("/human")
    await clinic.amina.sees("called somebody")
    words = await clinic.amina.sends("Can my sun come?")
    await clinic.amina.sees("Passed on")
    await clinic.amina.edits(words, "Can my son come?")
    await clinic.amina.sees("your new words count")
    await clinic.meena.presses("I take it")
    assert "Can my son come?" in (await clinic.meena.sees("#1 · since")).text
    await clinic.amina.edits(words, "Can my son come today?")
    await clinic.meena.sees("✏️ Can my son come today?")
    await settles(clinic)
    async with clinic.app.services.sessions() as session:
        stored = [one.text for one in await session.scalars(select(TicketMessage).order_by(TicketMessage.id))]
    assert stored == ["Can my son come?", "✏️ Can my son come today?"]


async def test_an_edited_question_is_asked_anew_and_an_edited_name_is_answered(clinic: Clinic) -> None:
    question = await clinic.amina.sends("which file formats are allowed")
    await clinic.amina.sees("JPG")
    await clinic.amina.edits(question, "what is pneumonia?")
    await clinic.amina.sees("Pneumonia is")
    stranger = await clinic.telegram.person("Nobody At All")
    await asks_for_the_name(stranger)
    name = await stranger.sends("Ravi Kumar")
    await stranger.sees("email")
    await stranger.edits(name, "Ravi Kumaran")
    await stranger.sees("changes nothing any more")
