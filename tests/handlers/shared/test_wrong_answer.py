"""An answer of the FAQ that was not the one asked for: one press leads to the staff, who see the question."""

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.dev.sandbox.client.transcript import Message
from models.tables.desk import TicketMessage
from models.tables.faq import MissedQuestion
from tests.support.people import Clinic, eventually

NOT_IT = "That was not it"


async def _misses(clinic: Clinic) -> list[tuple[str, int]]:
    """Waits for the first, which is noted after its answer."""

    async def read(session: AsyncSession) -> list[tuple[str, int]]:
        found = await session.scalars(select(MissedQuestion).order_by(MissedQuestion.id))
        return [(one.text, one.times) for one in found]

    return await eventually(clinic.app.services.sessions, read)


async def _has(message: Message, label: str) -> bool:
    return label in " ".join(message.buttons)


@pytest.mark.parametrize(
    ("question", "button", "passed_on", "kept"),
    [
        ("which file formats are allowed, Zebulon asks", NOT_IT, "They see your question", "which file formats"),
        ("எந்த ஃபைல் வகை அனுப்பலாம்", "நான் கேட்டது இது இல்லை", "உங்கள் கேள்வி", "ஃபைல்"),
        ("कौन सी फ़ाइल भेज सकते हैं", "मैंने यह नहीं पूछा था", "आपका सवाल", "फ़ाइल"),
    ],
)
async def test_one_press_leads_to_the_staff_with_the_question_and_counts_it_once(
    clinic: Clinic, question: str, button: str, passed_on: str, kept: str
) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    await stranger.sends(question)
    answer = await stranger.sees("JPG")
    await stranger.presses(button)
    await stranger.sees(passed_on)
    await stranger.presses(button, on="JPG")
    await stranger.sees(passed_on)
    [(miss, times)] = await _misses(clinic)
    assert (kept in miss, "Zebulon" in miss, times) == (True, False, 1)
    async with clinic.app.services.sessions() as session:
        assert [one.text for one in await session.scalars(select(TicketMessage))] == [question]
    await clinic.rao.presses("I take it", on="would like to talk to a person")
    await clinic.rao.sees(question)
    assert answer.body["reply_to_message"]["text"] == question


async def test_an_unsure_answer_that_was_wrong_counts_once(clinic: Clinic) -> None:
    await clinic.amina.sends("how is the doctor report pharmacist file")
    unsure = await clinic.amina.sees("")
    assert await _has(unsure, NOT_IT)
    before = await _misses(clinic)
    assert [times for _, times in before] == [1]
    await clinic.amina.presses(NOT_IT)
    await clinic.amina.sees("They see your question")
    assert await _misses(clinic) == before


async def test_emergencies_greetings_and_staff_have_no_such_button(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Nobody At All")
    for words, shown in (("hello", "scan desk"), ("my father has collapsed and does not breathe", "112")):
        await stranger.sends(words)
        assert not await _has(await stranger.sees(shown), NOT_IT)
    await clinic.rao.sends("which file formats are allowed")
    assert not await _has(await clinic.rao.sees("JPG"), NOT_IT)
